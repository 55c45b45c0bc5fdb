/* Lowering of losses and updates. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "passes/memory.h"

void lower_loss(Lowering *l) {
  int64_t classes = value_features(l->node->in[0]);
  l->kernel.template_name = arena_printf(l->arena, "%s.c.in", op_name(l->node->op));
  kernel_int(&l->kernel, "K", classes);
  if (l->node->op == OP_softmax_cross_entropy)
    kernel_number(&l->kernel, "smoothing", l->node->attributes.label_smoothing);
  bool auxiliary = l->node->attributes.auxiliary;
  kernel_number(&l->kernel, "weight", l->node->attributes.loss_weight);
  kernel_bool(&l->kernel, "auxiliary", auxiliary);
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

static void set_optimizer(Lowering *l, const Recipe *recipe) {
  Kernel *k = &l->kernel;
  const bool momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    k->template_name = "update_adam.c.in";
    kernel_bool(k, "decoupled", recipe->optimizer == OPTIMIZER_ADAMW);
    break;
  case OPTIMIZER_RMSPROP:
    k->template_name = "update_rmsprop.c.in";
    kernel_bool(k, "momentum", momentum);
    kernel_bool(k, "centered", recipe->centered);
    break;
  case OPTIMIZER_SGD:
    k->template_name = "update_sgd.c.in";
    kernel_bool(k, "momentum", momentum);
    kernel_bool(k, "nesterov", recipe->nesterov);
    break;
  }
}

/* One call updates all parameters of the node. */
void lower_update(Lowering *l) {
  const Node *node = l->node;
  const Recipe *recipe = &l->graph->recipe;
  set_optimizer(l, recipe);
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass(l, (Argument){.kind = ARGUMENT_NUMBER, .number = node->attributes.lr_scale});
  lowering_pass(l, (Argument){.kind = ARGUMENT_NUMBER, .number = node->attributes.decay_scale});
  lowering_pass_int(l, node_updated_reals(node));
  lowering_pass_value(l, node->in[1]);
  lowering_pass_value(l, node->in[0]);
  for (int i = 0; i < optimizer_blocks(recipe); i++)
    lowering_pass(l, (Argument){.kind = ARGUMENT_OPTIMIZER,
                                .value = node->in[0],
                                .integer = i,
                                .count = graph_gradient_reals(l->graph)});
}
