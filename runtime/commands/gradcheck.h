/* `gradcheck`: gradients against differences of the mean loss of a batch.

   In double, single entries (gradcheck_entries.c): (L(w + h) - L(w - h)) / 2h, for steps h of
   several sizes. In float an entry drowns in rounding, so whole parameters move along directions
   (gradcheck_directions.c). */
#ifndef CNN_GRADCHECK_H
#define CNN_GRADCHECK_H

#include "core/session.h"

typedef struct cnn_gradient_check {
  cnn_session session;
  uint64_t seed;
  int tries;               /* entries, or directions, of each parameter */
  uint8_t *pixels;         /* [batch] images */
  void *gradients, *start; /* copies of gradients and parameters at the weights that are checked */
  void *direction;         /* [parameter_reals] */
  double loss;             /* mean loss at `start` */
} cnn_gradient_check;

/* The result for one parameter. */
typedef struct cnn_check_result {
  int wanted, checked, undecided;
  double worst; /* relative error */
} cnn_check_result;

/* Adds a checked entry or direction; an error that is not a number counts as infinite. */
void cnn_check_add(cnn_check_result *result, double error);

/* At the session's current parameters; computes the session's gradients, too. */
double cnn_check_mean_loss(cnn_gradient_check *check);

/* Entry i of the parameter's gradient at `start`; and the root mean square of all its entries. */
double cnn_check_gradient(const cnn_gradient_check *check, const cnn_parameter *parameter,
                          size_t i);
double cnn_check_gradient_rms(const cnn_gradient_check *check, const cnn_parameter *parameter);

/* Both leave the session's parameters as they were, and return results whose `worst` is to be
   compared with their tolerance. */
extern const double CNN_ENTRY_TOLERANCE, CNN_DIRECTION_TOLERANCE;
cnn_check_result cnn_check_entries(cnn_gradient_check *check, const cnn_parameter *parameter);
cnn_check_result cnn_check_directions(cnn_gradient_check *check, const cnn_parameter *parameter);

#endif
