/* Lowering of batch-blocked convolutions and their gradients. A kernel is a shape alone; the work
   is done by a body, a function for all shapes with one register tile. */
#include "emit/lowering.h"
#include "schedule/schedule.h"

#include <assert.h>

/* --- bodies ----------------------------------------------------------------------------------- */

/* Register tiles of channels x pixels, for groups of `oc` output channels. */
static const Kernel *rows_body(Lowering *l, int oc) {
  const ConvBatchBlocked *s = &l->node->schedule.conv_batch_blocked;
  Kernel body = {.template_name = "conv_batch_blocked.c.in"};
  kernel_int(&body, "OC_UNROLL", s->oc_unroll);
  kernel_int(&body, "OW_UNROLL", s->ow_unroll);
  kernel_int(&body, "OC_TAIL", oc % s->oc_unroll);
  return lowering_share(l, &body);
}

/* Register tiles of output x input channels, for groups of `oc` and `ic`. */
static const Kernel *weights_body(Lowering *l, int oc, int ic) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  assert(s->oc_block * s->ic_block * s->kh_block * l->node->attributes.kernel[1] <=
         weights_sums_max(l->options));
  Kernel body = {.template_name = "backward_weights_batch_blocked.c.in"};
  kernel_int(&body, "OC_UNROLL", s->oc_unroll);
  kernel_int(&body, "IC_UNROLL", s->ic_unroll);
  kernel_int(&body, "OC_TAIL", oc % s->oc_unroll);
  kernel_int(&body, "IC_TAIL", ic % s->ic_unroll);
  return lowering_share(l, &body);
}

/* Taps that the boundary clips of each of the last pixels of a row: "1_3". */
static const char *clipped_taps(Lowering *l, const Value *x, const Value *dy) {
  const Attributes *a = &l->node->attributes;
  const char *text = "";
  for (int ow = 0; ow < dy->dim[3]; ow++) {
    const int clipped = ow * a->stride[1] - a->padding[1] + a->kernel[1] - x->dim[3];
    if (clipped > 0)
      text = arena_printf(l->arena, "%s%s%d", text, *text ? "_" : "",
                          clipped < a->kernel[1] ? clipped : a->kernel[1]);
  }
  return text;
}

/* Register tiles of output channels x taps, for groups of `oc` channels. */
static const Kernel *taps_body(Lowering *l, const Value *x, const Value *dy, int oc) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  const Attributes *a = &l->node->attributes;
  Kernel body = {.template_name = "backward_weights_taps_batch_blocked.c.in"};
  kernel_int(&body, "OC_UNROLL", s->oc_unroll);
  kernel_int(&body, "KW", s->kw_taps);
  kernel_int(&body, "OC_TAIL", oc % s->oc_unroll);
  kernel_int(&body, "STRIDE", a->stride[1]);
  kernel_int(&body, "PADDING", a->padding[1]);
  kernel_text(&body, "RIGHT", clipped_taps(l, x, dy));
  return lowering_share(l, &body);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* conv2d and its backward data. */
void lower_conv_batch_blocked(Lowering *l, bool backward) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *x = backward ? node->out[0] : node->in[0],
              *y = backward ? node->in[0] : node->out[0];
  const ConvBatchBlocked *s = &node->schedule.conv_batch_blocked;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_batch_blocked.c.in";
  kernel_reference(k, "body", rows_body(l, node->out[0]->dim[1] / a->groups));
  lowering_conv_shape(l, x, y);
  kernel_int(k, "OC_BLOCK", s->oc_block);
  kernel_int(k, "OW_BLOCK", s->ow_block);
  kernel_bool(k, "PACK", node->workspace != NULL);
  kernel_int(k, "OC_UNROLL", s->oc_unroll);
  kernel_int(k, "OW_UNROLL", s->ow_unroll);
  kernel_bool(k, "backward", backward);
  kernel_bool(k, "bias", !backward && node->in_count > 2);
  kernel_bool(k, "relu", !backward && a->activation == ACTIVATION_RELU);
  kernel_bool(k, "relu_mask", backward && a->relu_mask);
  lowering_pass_values(l);
}

void lower_weights_batch_blocked(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const WeightsBatchBlocked *s = &node->schedule.weights_batch_blocked;
  const int groups = node->attributes.groups;
  const bool taps = node->schedule.algorithm == ALGORITHM_TAPS;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_backward_weights_batch_blocked.c.in";
  kernel_reference(k, "body",
                   taps ? taps_body(l, x, dy, dy->dim[1] / groups)
                        : weights_body(l, dy->dim[1] / groups, x->dim[1] / groups));
  lowering_conv_shape(l, x, dy);
  kernel_int(k, "OH_BLOCK", s->oh_block);
  kernel_int(k, "OW_BLOCK", s->ow_block);
  kernel_int(k, "OC_BLOCK", s->oc_block);
  kernel_int(k, "IC_BLOCK", s->ic_block);
  kernel_int(k, "KH_BLOCK", s->kh_block);
  kernel_int(k, "SPLIT_K", s->split_k);
  kernel_int(k, "OC_UNROLL", s->oc_unroll);
  kernel_int(k, "IC_UNROLL", taps ? s->kw_taps : s->ic_unroll);
  kernel_bool(k, "taps", taps);
  lowering_pass_values(l);
}
