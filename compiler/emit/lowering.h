/* Inside of lowering: what a rule fills in, and what rules in several files share. */
#ifndef CNNC_LOWERING_H
#define CNNC_LOWERING_H

#include "emit/lower.h"

/* What a lowering rule fills in: the kernel's template and parameters, the call's arguments. */
typedef struct Lowering {
  Arena *arena;
  const Graph *graph;
  const Node *node;
  const CompileOptions *options;
  KernelList *kernels;
  int lanes;
  Kernel kernel; /* no template: the node has no code */
  Call *call;
} Lowering;

/* Parameters of a kernel's template. */
void kernel_int(Kernel *kernel, const char *name, int64_t value);
void kernel_bool(Kernel *kernel, const char *name, bool value);
void kernel_text(Kernel *kernel, const char *name, const char *value);
void kernel_number(Kernel *kernel, const char *name, double value);
/* The name of a kernel of the list; "" without one. */
void kernel_reference(Kernel *kernel, const char *name, const Kernel *other);

/* The kernel of the list that is equal to the given one, which joins the list unless one is. */
const Kernel *lowering_share(Lowering *l, const Kernel *kernel);

/* Vectors that a row of the value has for each pixel: one a channel, or one a block of channels. */
int lowering_planes(const Lowering *l, const Value *value);

/* Reals of a row of features, in LAYOUT_PADDED_ROWS and LAYOUT_CHANNEL_BLOCKED. */
int64_t lowering_row(const Lowering *l, const Value *value);

bool lowering_is_channel_blocked(const Lowering *l);

/* The kernel's template, one for both layouts, with the parameter `channel_blocked`. */
void lowering_set_layout(Lowering *l, const char *template_name);

/* Shape parameters IH IW and OH OW, kernel, stride and padding. */
void lowering_window(Lowering *l, const Value *x, const Value *y);

/* One more argument of the call. */
void lowering_pass(Lowering *l, Argument argument);
void lowering_pass_int(Lowering *l, int64_t integer);
void lowering_pass_value(Lowering *l, const Value *value);
void lowering_pass_image(Lowering *l, const Value *value); /* its shape */
void lowering_pass_ints(Lowering *l, int kind, int count, const int *ints);

/* The node's inputs, outputs and workspace, in this order. */
void lowering_pass_values(Lowering *l);

/* Shape parameters of a convolution; x and y are those of the forward direction. */
void lowering_conv_shape(Lowering *l, const Value *x, const Value *y);

/* Fills in the kernel and the arguments of the node, by the rule of its op. */
void lowering_apply_rule(Lowering *l);

/* The rules; ops.def names that of each op. */
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) void lower(Lowering *l);
#include "ir/ops.def"
#undef OP

/* Textbook kernels of any op, and of the logits, for the reference target. */
void lower_reference(Lowering *l);
void lower_reference_logits(Lowering *l);

/* Position of the node's dropout layer among those of the graph: its stream of random numbers. */
int lowering_dropout_number(const Lowering *l);

/* By layout; `backward` stands for conv2d_backward_data, else the node is a conv2d. */
void lower_conv_batch_blocked(Lowering *l, bool backward);
void lower_conv_channel_blocked(Lowering *l, bool backward);
void lower_weights_batch_blocked(Lowering *l);
void lower_weights_channel_blocked(Lowering *l);

#endif
