/* How large activations and gradients are along a network: gradflow.csv and its chart. All sizes
   are root mean squares, which do not grow with the number of numbers: layers of any width
   compare. */
#ifndef CNN_GRADIENT_FLOW_H
#define CNN_GRADIENT_FLOW_H

#include "core/error.h"
#include "core/text.h"

enum { CNN_FLOW_NAME = 128 };

/* NAN: not measured. */
typedef struct cnn_flow_row {
  char layer[CNN_FLOW_NAME], kind[CNN_FLOW_NAME];
  double activation, activation_gradient; /* of the output */
  double weight, weight_gradient;         /* of the parameter "<layer>.weight" */
} cnn_flow_row;

typedef struct cnn_flow {
  char model[CNN_FLOW_NAME];
  cnn_flow_row *rows;
  int count;
} cnn_flow;

/* A convolution or a fully connected layer. */
bool cnn_flow_is_weighted(const cnn_flow_row *row);

/* Adds a header line, then a line a layer, to the text. */
void cnn_flow_csv(cnn_text *text, const cnn_flow *flow);

/* Reads what cnn_flow_csv wrote; the caller frees flow->rows. */
bool cnn_flow_load(cnn_flow *flow, const char *path, cnn_error *error);

/* Removes the rows of layers without weights. */
void cnn_flow_drop_unweighted(cnn_flow *flow);

/* SVG: activations, their gradients and gradients of weights over all rows, with the curves of
   another network unless other is NULL. */
void cnn_flow_chart(cnn_text *text, const cnn_flow *flow, const cnn_flow *other);

/* Prints a line a layer to stdout: all layers, or those with weights. */
void cnn_flow_table(const cnn_flow *flow, bool all);

/* Prints the smallest and the largest gradient of weights. */
void cnn_flow_range(const cnn_flow *flow);

#endif
