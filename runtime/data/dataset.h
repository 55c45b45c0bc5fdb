/* A data set: images of bytes [count][C][H][W] and their labels, all in memory. load.h reads one
   from files. */
#ifndef CNN_DATASET_H
#define CNN_DATASET_H

#include "core/cnn.h"
#include "core/normalization.h"
#include "core/session.h"
#include "core/storage.h"

typedef struct cnn_dataset {
  int count;
  size_t image_bytes; /* C * H * W */
  uint8_t *images;
  int32_t *labels; /* NULL if the images have none */
  char *classes;   /* names of the classes, one a line; NULL: not known */
  cnn_storage storage;
} cnn_dataset;

/* Requests memory for `count` images of the model's input; cnn_storage_commit provides it. */
void cnn_dataset_want_images(cnn_dataset *dataset, const cnn_model *model, int count);

void cnn_dataset_release(cnn_dataset *dataset);

/* Puts images order[first], order[first + 1], ... into the session's batch, with their labels if
   they have any; order NULL: images first, first + 1, ... */
void cnn_dataset_fill(const cnn_dataset *dataset, cnn_session *session, const uint32_t *order,
                      int64_t first, int count);

/* Mean and deviation of all pixels of the data set; a constant channel gets deviation 1. */
cnn_normalization cnn_dataset_measure(const cnn_dataset *dataset, const cnn_model *model);

/* The normalisation of the model's recipe: a constant of the recipe, or measured on `training`. */
cnn_normalization cnn_dataset_normalization(const cnn_dataset *training, const cnn_model *model);

#endif
