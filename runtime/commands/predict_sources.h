/* What `predict` reads: data sets, folders of images, image files, IDX files, names on standard
   input. */
#ifndef CNN_PREDICT_SOURCES_H
#define CNN_PREDICT_SOURCES_H

#include "commands/predict_batch.h"

typedef struct cnn_predictor {
  const cnn_model *model;
  const char *classes_file; /* of names of classes, or NULL */
  const char *classes;      /* their names in the checkpoint, or NULL */
  int64_t count;            /* images of each source; 0: all; -1: all, but 10 in text */
  bool zero;                /* names on standard input end with a zero */
  bool is_one_of_several;   /* each source */
  cnn_predict_batch batch;
} cnn_predictor;

/* Adds the images of a source to the batch. Image files that come one after the other share one:
   after the last source, cnn_predict_batch_print. Images that cannot be read are rows, too. */
bool cnn_predict_source(cnn_predictor *predictor, const char *source, cnn_error *error);

/* The source, if it is the folder of a data set; or NULL. */
const char *cnn_predict_data_set(const char *source);

#endif
