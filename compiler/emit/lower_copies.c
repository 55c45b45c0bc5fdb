/* Lowering of ops that only place numbers elsewhere: images packed, channels joined and cut, images
   flattened. */
#include "emit/lowering.h"
#include "ir/queries.h"

void lower_pack_input(Lowering *l) {
  const Value *x = l->node->out[0];
  const bool channels_last = x->layout == LAYOUT_CHANNELS_LAST;
  l->kernel.template_name =
      lowering_is_channel_blocked(l) ? "pack_input_channel_blocked.c.in" : "pack_input.c.in";
  kernel_int(&l->kernel, "IC", x->dim[1]);
  kernel_int(&l->kernel, "IH", x->dim[2]);
  kernel_int(&l->kernel, "IW", x->dim[3]);
  if (lowering_is_channel_blocked(l)) kernel_bool(&l->kernel, "CHANNELS_LAST", channels_last);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_value(l, x);
}

void lower_concat(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  const int count = l->node->in_count;
  int *channels = ARENA_ARRAY(l->arena, int, count);
  bool whole = true; /* all but the last have whole blocks of channels */
  for (int i = 0; i < count; i++) {
    channels[i] = l->node->in[i]->dim[1];
    whole = whole && (channels[i] % l->lanes == 0 || i == count - 1);
  }
  lowering_set_layout(l, "concat.c.in");
  kernel_int(&l->kernel, "COUNT", count);
  kernel_bool(&l->kernel, "whole", whole || !lowering_is_channel_blocked(l));
  lowering_pass_image(l, l->node->out[0]);
  lowering_pass_ints(l, ARGUMENT_INTS, count, channels);
  lowering_pass_values(l);
}

void lower_pad_channels(Lowering *l) {
  lowering_set_layout(l, "pad_channels.c.in");
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_int(l, l->node->out[0]->dim[1]);
  lowering_pass_values(l);
}

void lower_slice(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  const bool whole = l->node->attributes.first % l->lanes == 0;
  lowering_set_layout(l, "slice.c.in");
  kernel_bool(&l->kernel, "whole", whole || !lowering_is_channel_blocked(l));
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_int(l, l->node->attributes.first);
  lowering_pass_int(l, l->node->out[0]->dim[1]);
  lowering_pass_values(l);
}

/* A view is no code: the memory pass gave both values one place. */
void lower_flatten(Lowering *l) {
  bool backward = l->node->op == OP_reshape;
  if (node_is_view(l->graph, l->node)) return;
  const bool to_batch_blocked = l->graph->image_layout != l->graph->feature_layout;
  const bool rows = !to_batch_blocked && lowering_is_channel_blocked(l);
  l->kernel.template_name = to_batch_blocked ? "flatten_to_batch_blocked.c.in"
                            : rows           ? "flatten_channel_blocked.c.in"
                                             : "flatten.c.in";
  if (rows)
    kernel_int(&l->kernel, "ROW", lowering_row(l, l->node->out[0]));
  else
    kernel_bool(&l->kernel, "backward", backward);
  lowering_pass_image(l, backward ? l->node->out[0] : l->node->in[0]);
  lowering_pass_values(l);
}
