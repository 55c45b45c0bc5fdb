/* Lowering of conv2d and its gradients: the layout decides on the kernel. */
#include "emit/lowering.h"

void lowering_conv_shape(Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  const struct {
    const char *name;
    int value;
  } shape[] = {
      {"IC", x->dim[1]},      {"IH", x->dim[2]},      {"IW", x->dim[3]},     {"OC", y->dim[1]},
      {"OH", y->dim[2]},      {"OW", y->dim[3]},      {"KH", a->kernel[0]},  {"KW", a->kernel[1]},
      {"SH", a->stride[0]},   {"SW", a->stride[1]},   {"PH", a->padding[0]}, {"PW", a->padding[1]},
      {"DH", a->dilation[0]}, {"DW", a->dilation[1]}, {"G", a->groups},      {"L", l->lanes},
  };
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
    kernel_int(&l->kernel, shape[i].name, shape[i].value);
}

static void lower_by_layout(Lowering *l, bool backward) {
  if (lowering_is_channel_blocked(l))
    lower_conv_channel_blocked(l, backward);
  else
    lower_conv_batch_blocked(l, backward);
}

void lower_conv2d(Lowering *l) {
  lower_by_layout(l, false);
}

void lower_conv2d_backward_data(Lowering *l) {
  lower_by_layout(l, true);
}

void lower_conv2d_backward_weights(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_weights_channel_blocked(l);
  else
    lower_weights_batch_blocked(l);
}
