/* Loss and accuracy of a model on a data set. */
#ifndef CNN_EVALUATE_H
#define CNN_EVALUATE_H

#include "data/dataset.h"

#include <signal.h>

typedef struct cnn_evaluation {
  double loss, accuracy; /* means over the images seen */
  int64_t images;
} cnn_evaluation;

typedef struct cnn_class_count {
  int64_t images, right;
} cnn_class_count;

/* The loss of one image (see cnn_loss) from its logits [classes]. */
double cnn_loss_of(const cnn_model *model, const float *logits, int label);

/* Infers all images of the data set, `batch` a step. classes: [model->classes], zeroed; or NULL.
 *stop: a flag that ends it early; or NULL. */
cnn_evaluation cnn_evaluate(cnn_session *session, const cnn_dataset *dataset, int batch,
                            cnn_class_count *classes, const volatile sig_atomic_t *stop);

#endif
