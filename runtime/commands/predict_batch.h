/* Images of `predict`, batch by batch: each is read, and when a batch is full its rows are printed
   in the order of the images, also of those that could not be read. */
#ifndef CNN_PREDICT_BATCH_H
#define CNN_PREDICT_BATCH_H

#include "core/session.h"
#include "data/dataset.h"
#include "data/image_reader.h"
#include "report/prediction.h"

typedef struct cnn_predict_item {
  char *name, *error; /* error: NULL, or why there is no image */
  int label;          /* -1: not known */
} cnn_predict_item;

typedef struct cnn_predict_batch {
  cnn_session *session; /* prepacked */
  cnn_prediction_out out;
  const char *weights; /* for messages */
  const char *out_path;
  cnn_image_reader reader;
  uint8_t *pixels; /* [model->batch] images */
  cnn_predict_item *items;
  int count, images;  /* items; those of them that are images */
  int64_t all, wrong; /* rows so far; those of them that are errors */
} cnn_predict_batch;

/* Wishes for the session's storage, before cnn_session_open. */
void cnn_predict_batch_plan(cnn_predict_batch *batch, cnn_session *session);
void cnn_predict_batch_close(cnn_predict_batch *batch);

/* Adds the image file `path`, with its label (-1: not known) and the name for its row. Prints the
   batch if it is full. */
bool cnn_predict_batch_file(cnn_predict_batch *batch, const char *path, int label, const char *name,
                            cnn_error *error);

/* Adds an image of a data set. */
bool cnn_predict_batch_image(cnn_predict_batch *batch, const uint8_t *image, int label,
                             const char *name, cnn_error *error);

/* Adds a row without an image. The mistake is no longer one of the command. */
bool cnn_predict_batch_failed(cnn_predict_batch *batch, const char *name, const cnn_error *why,
                              cnn_error *error);

/* Infers and prints what is in the batch, and flushes. */
bool cnn_predict_batch_print(cnn_predict_batch *batch, cnn_error *error);

#endif
