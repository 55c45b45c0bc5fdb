/* Loss and accuracy of a model on a data set. */
#ifndef CNN_EVALUATE_H
#define CNN_EVALUATE_H

#include "data/dataset.h"
#include "report/metrics.h"

#include <signal.h>

typedef struct cnn_evaluation {
  double loss, accuracy; /* means over the images seen */
  double top;            /* the part whose label is among the CNN_TOP likeliest classes */
  int64_t images;
} cnn_evaluation;

/* Sees every image: its logits [classes], its label, and the class that is predicted. */
typedef struct cnn_observer {
  void (*image)(void *context, const float *logits, int label, int predicted);
  void *context;
} cnn_observer;

/* The loss of one image (see cnn_loss) from its logits [classes]. */
double cnn_loss_of(const cnn_model *model, const float *logits, int label);

/* Infers all images of the data set, `batch` a step. observer: or NULL. *stop: a flag that ends it
   early; or NULL. */
cnn_evaluation cnn_evaluate(cnn_session *session, const cnn_dataset *dataset, int batch,
                            const cnn_observer *observer, const volatile sig_atomic_t *stop);

#endif
