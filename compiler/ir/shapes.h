/* Shape rules: what an op makes of its inputs' shapes, or what is wrong with them. The rules are
   those of PyTorch 2; ops.def names the rule of each op. */
#ifndef CNNC_SHAPES_H
#define CNNC_SHAPES_H

#include "ir/graph.h"

typedef struct Shape {
  int rank;   /* 4: [N,C,H,W]; 2: [N,F] */
  int dim[4]; /* unused ones are 1 */
} Shape;

/* Whether models may use the op: it has a shape rule. */
bool shape_has_rule(OpKind op);

/* The shape of the node's first output. Reads op, name, pos, attributes and the inputs that are not
   parameters, so that a draft of a node will do. False, and the mistake in diag with its remedy
   (EXIT_MODEL), if an attribute is out of range or the input does not fit. */
bool shape_infer(const Node *node, Diag *diag, Shape *out);

/* The shape of the weight: conv2d [O,C/groups,kH,kW], linear [O,I]; of a node that shape_infer
   has accepted. */
Shape shape_weight(const Node *node);

/* "[32,6,28,28]", by value or in the arena. */
typedef struct Label {
  char text[64];
} Label;
Label shape_label(int rank, const int *dim);
const char *shape_text(Arena *arena, int rank, const int *dim);

#endif
