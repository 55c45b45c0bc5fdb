/* Inside of lowering: what a rule fills in, and what rules in several files share. */
#ifndef CNNC_LOWERING_H
#define CNNC_LOWERING_H

#include "emit/lower.h"

/* What a lowering rule fills in. */
typedef struct Lowering {
  Graph *graph;
  const Node *node;
  const CompileOptions *options;
  KernelList *kernels;
  int lanes;
  Kernel kernel;
  const char *arguments;
} Lowering;

#define SET_NAME(l, ...) ((l)->kernel.name = arena_printf((l)->graph->arena, __VA_ARGS__))

/* Parameters of the kernel's template. */
void lowering_int(Lowering *l, const char *name, int64_t value);
void lowering_bool(Lowering *l, const char *name, bool value);
void lowering_text(Lowering *l, const char *name, const char *value);

/* Rows of pixels that a row of the image has: one a channel, or one a vector of channels. */
int lowering_planes(const Lowering *l, const Value *value);

/* Shape parameters C H W and O P Q, kernel, stride and padding, with so many channels. */
void lowering_window(Lowering *l, int read, const Value *x, int made, const Value *y);

/* Reals of a row of features, in LAYOUT_PADDED_ROWS and LAYOUT_CHANNEL_BLOCKED. */
int64_t lowering_row(const Lowering *l, const Value *value);

/* Whether the node works on channels in lanes. */
bool lowering_is_channel_blocked(const Lowering *l);

/* The digits of a number in C; exact. */
const char *lowering_digits(Lowering *l, double number);

/* A number as the templates take it: exact. Returns it as a part of a name: 1e-05 is 1e_05. */
const char *lowering_number(Lowering *l, const char *name, double number);

/* C text of a value's place: the block that holds it, and where in there. */
const char *lowering_memory(Lowering *l, const Value *value);

/* One more argument of the call. */
void lowering_argue(Lowering *l, const char *text);

/* One for each value; values of one batch_norm have one word together. */
void lowering_argue_list(Lowering *l, Value *const *values, int count);

/* The node's inputs and outputs, in their order, as the call's arguments. */
void lowering_argue_values(Lowering *l);

/* Parts of names: "6x28x28"; "_s2" or "_s2x1", nothing where a pair has its usual value; the
   suffixes of stride and padding. */
const char *lowering_image(Lowering *l, const Value *value);
const char *lowering_pair_suffix(Lowering *l, const char *letter, const int pair[2], int usual);
const char *lowering_window_suffix(Lowering *l);

/* The function that does a kernel's work for several shapes: joins the list unless it is there. */
const Kernel *lowering_body(Lowering *l, const Kernel *body);

/* lower_ops.c: fills in the kernel and the arguments of the node. */
void lowering_apply_rule(Lowering *l);

/* lower_conv.c */
void lower_conv2d(Lowering *l);
void lower_conv2d_backward_data(Lowering *l);
void lower_conv2d_backward_weights(Lowering *l);
void lower_prepack_conv2d(Lowering *l);
void lower_conv2d_prepacked(Lowering *l);

#endif
