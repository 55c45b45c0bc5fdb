/* Rows of `predict`: the likeliest classes of an image, or why it has none; as text, as JSON (an
   object a line) or as CSV. */
#ifndef CNN_PREDICTION_H
#define CNN_PREDICTION_H

#include "core/cnn.h"

#include <stdint.h>
#include <stdio.h>

enum { CNN_PREDICTION_TOP = 16 };

typedef enum cnn_prediction_form {
  CNN_PREDICTION_TEXT,
  CNN_PREDICTION_JSON,
  CNN_PREDICTION_CSV
} cnn_prediction_form;

typedef struct cnn_prediction {
  const char *image; /* its name, any bytes */
  const float *logits;
  int label;         /* -1: not known */
  const char *error; /* instead of logits; or NULL */
} cnn_prediction;

typedef struct cnn_prediction_out {
  const cnn_model *model;
  const char *const *names; /* of classes, any bytes; "" where there is none */
  cnn_prediction_form form;
  int top;   /* classes a row, at most CNN_PREDICTION_TOP and the model's */
  int width; /* columns of names of images in text */
  FILE *out;
} cnn_prediction_out;

/* The first line, of a CSV file. */
void cnn_prediction_begin(const cnn_prediction_out *out);

/* In text, an error goes to standard error, behind what was printed before. */
void cnn_prediction_add(const cnn_prediction_out *out, const cnn_prediction *row);

#endif
