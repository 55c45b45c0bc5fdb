/* Lowering of normalisations, and of sums over images. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "schedule/schedule.h"

/* The kernel's image, and how many channels the value has whose part this one is, if it is one. */
static void pass_part(Lowering *l, const Value *image, const Value *part) {
  kernel_bool(&l->kernel, "part", part->part_of);
  lowering_pass_image(l, image);
  if (part->part_of) lowering_pass_int(l, value_row_channels(part));
}

void lower_bias_gradient(Lowering *l) {
  lowering_set_layout(l, "bias_gradient.c.in");
  pass_part(l, l->node->in[0], l->node->in[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

void lower_batch_norm(Lowering *l) {
  lowering_set_layout(l, "batch_norm.c.in");
  kernel_bool(&l->kernel, "relu", l->node->attributes.activation == ACTIVATION_RELU);
  kernel_bool(&l->kernel, "residual", l->node->attributes.residual);
  kernel_number(&l->kernel, "momentum", l->node->attributes.momentum);
  kernel_number(&l->kernel, "eps", l->node->attributes.eps);
  kernel_bool(&l->kernel, "frozen", l->node->attributes.frozen_statistics);
  pass_part(l, l->node->in[0], l->node->out[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

void lower_batch_norm_inference(Lowering *l) {
  lowering_set_layout(l, "batch_norm_inference.c.in");
  kernel_bool(&l->kernel, "relu", l->node->attributes.activation == ACTIVATION_RELU);
  kernel_number(&l->kernel, "eps", l->node->attributes.eps);
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

void lower_batch_norm_backward(Lowering *l) {
  const bool partial_sums = l->node->attributes.partial_sums;
  lowering_set_layout(l, "batch_norm_backward.c.in");
  kernel_bool(&l->kernel, "dy_relu_mask", l->node->attributes.dy_relu_mask);
  kernel_bool(&l->kernel, "recomputed", node_recomputes_relu(l->node));
  kernel_bool(&l->kernel, "partial_sums", partial_sums);
  kernel_bool(&l->kernel, "frozen", l->node->attributes.frozen_statistics);
  pass_part(l, l->node->in[1], l->node->in[0]);
  if (partial_sums) lowering_pass_int(l, conv_partial_sum_rows(l->node->in[0]->producer));
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

void lower_response_norm(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = arena_printf(l->arena, "%s%s.c.in", op_name(l->node->op),
                                         lowering_is_channel_blocked(l) ? "_channel_blocked" : "");
  if (lowering_is_channel_blocked(l)) kernel_int(&l->kernel, "IC", l->node->in[0]->dim[1]);
  kernel_int(&l->kernel, "N", a->size);
  kernel_number(&l->kernel, "alpha", a->alpha);
  kernel_number(&l->kernel, "beta", a->beta);
  kernel_number(&l->kernel, "k", a->k);
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_values(l);
}
