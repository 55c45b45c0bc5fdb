/* Lowering of linear layers and their gradients. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "schedule/schedule.h"

static void set_linear(Lowering *l, bool backward) {
  const LinearBatchBlocked *forward = &l->node->schedule.linear_batch_blocked;
  const LinearBackwardData *data = &l->node->schedule.linear_backward_data;
  const int64_t features = value_features(l->node->out[0]), terms = value_features(l->node->in[0]);
  l->kernel.template_name = "linear.c.in";
  kernel_int(&l->kernel, "FEATURES", features);
  kernel_int(&l->kernel, "TERMS", terms);
  kernel_int(&l->kernel, "W_FEATURE", backward ? 1 : terms);
  kernel_int(&l->kernel, "W_TERM", backward ? features : 1);
  kernel_int(&l->kernel, "UNROLL", backward ? data->ic_unroll : forward->oc_unroll);
  kernel_int(&l->kernel, "VECTORS", backward ? data->n_vectors : forward->n_vectors);
  kernel_int(&l->kernel, "FEATURE_BLOCK", backward ? data->ic_block : features);
  kernel_int(&l->kernel, "TERM_BLOCK", backward ? data->oc_block : terms);
  kernel_bool(&l->kernel, "backward", backward);
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
}

static void set_padded_rows(Lowering *l) {
  const Value *x = l->node->in[0], *y = l->node->out[0];
  const LinearPaddedRows *s = &l->node->schedule.linear_padded_rows;
  l->kernel.template_name = "linear_rows.c.in";
  kernel_int(&l->kernel, "IC", value_features(x));
  kernel_int(&l->kernel, "OC", value_features(y));
  kernel_int(&l->kernel, "X_ROW", lowering_row(l, x));
  kernel_int(&l->kernel, "Y_ROW", lowering_row(l, y));
  kernel_int(&l->kernel, "OC_UNROLL", s->oc_unroll);
  kernel_int(&l->kernel, "N_UNROLL", s->n_unroll);
  kernel_int(&l->kernel, "N", linear_block_images(&l->node->schedule, x->dim[0]));
  kernel_int(&l->kernel, "OC_BLOCK", s->oc_block);
  kernel_int(&l->kernel, "IC_BLOCK", s->ic_block);
  kernel_int(&l->kernel, "L", l->lanes);
}

/* What every kernel of a linear layer has besides, and the call's arguments. */
static void finish_linear(Lowering *l, bool bias, bool relu) {
  kernel_bool(&l->kernel, "bias", bias);
  kernel_bool(&l->kernel, "relu", relu);
  lowering_pass_values(l);
}

void lower_linear(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    set_padded_rows(l);
  else
    set_linear(l, false);
  finish_linear(l, l->node->in_count > 2, l->node->attributes.activation == ACTIVATION_RELU);
}

void lower_linear_backward_data(Lowering *l) {
  set_linear(l, true);
  finish_linear(l, false, false);
}

void lower_linear_backward_weights(Lowering *l) {
  const Value *x = l->node->in[0], *dy = l->node->in[1];
  l->kernel.template_name = "linear_backward_weights.c.in";
  kernel_int(&l->kernel, "IC", value_features(x));
  kernel_int(&l->kernel, "OC", value_features(dy));
  kernel_int(&l->kernel, "X_ROW", lowering_row(l, x));
  kernel_int(&l->kernel, "L", l->lanes);
  kernel_int(&l->kernel, "OC_UNROLL", l->node->schedule.linear_weights.oc_unroll);
  kernel_int(&l->kernel, "IC_VECTORS", l->node->schedule.linear_weights.ic_vectors);
  lowering_pass_values(l);
}

void lower_to_rows(Lowering *l) {
  const Value *x = l->node->in[0];
  l->kernel.template_name = "to_rows.c.in";
  kernel_int(&l->kernel, "F", value_features(x));
  kernel_int(&l->kernel, "ROW", lowering_row(l, x));
  lowering_pass_values(l);
}
