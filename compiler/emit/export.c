#include "emit/export.h"

#include "ir/dump.h"
#include "ir/init.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

static cJSON *add_object(cJSON *parent, const char *name) {
  return cJSON_AddObjectToObject(parent, name);
}

static void add_text(cJSON *parent, const char *name, const char *text) {
  cJSON_AddStringToObject(parent, name, text);
}

static void add_number(cJSON *parent, const char *name, double number) {
  cJSON_AddNumberToObject(parent, name, number);
}

static void add_ints(cJSON *parent, const char *name, const int *numbers, int count) {
  cJSON_AddItemToObject(parent, name, cJSON_CreateIntArray(numbers, count));
}

/* Without what a node works in. */
static void add_names(cJSON *parent, const char *name, Value *const *values, int count) {
  cJSON *names = cJSON_AddArrayToObject(parent, name);
  for (int i = 0; i < count; i++)
    if (values[i]->kind != VALUE_WORKSPACE)
      cJSON_AddItemToArray(names, cJSON_CreateString(values[i]->name));
}

/* --- values and nodes ----------------------------------------------------------------------- */

/* Only zeros, constant, uniform, normal and truncated_normal: a reader needs no fans. */
static void add_init(cJSON *parent, const Value *parameter) {
  const Init init = init_resolve(parameter);
  cJSON *item = add_object(parent, "init");
  add_text(item, "kind", init_name(init.kind));
  add_number(item, "scale", init.scale);
}

static void add_value(cJSON *values, const Value *value) {
  cJSON *item = cJSON_CreateObject();
  cJSON_AddItemToArray(values, item);
  add_text(item, "name", value->name);
  add_text(item, "kind", value_kind_name(value->kind));
  add_ints(item, "shape", value->dim, value->rank);
  if (value->layout != LAYOUT_UNSET) add_text(item, "layout", layout_name(value->layout));
  if (value->kind != VALUE_PARAMETER) return;
  add_init(item, value);
  if (!value->trainable) cJSON_AddFalseToObject(item, "trainable");
  if (value->lr_scale != 1) add_number(item, "lr_scale", value->lr_scale);
  if (value->decay_scale != 1) add_number(item, "decay_scale", value->decay_scale);
}

static void add_attributes(cJSON *parent, const Node *node) {
  const Attributes *a = &node->attributes;
  cJSON *item = add_object(parent, "attributes");
#define ADD_INT(field) add_number(item, #field, a->field)
#define ADD_PAIR(field) add_ints(item, #field, a->field, 2)
#define ADD_BOOL(field) cJSON_AddBoolToObject(item, #field, a->field)
#define ADD_REAL(field) add_number(item, #field, a->field)
#define ADD_ACTIVATION(field) add_text(item, #field, activation_name(a->field))
#define ADD(field, type)                                                                           \
  if (op_has_attribute(node->op, #field)) ADD_##type(field);
  ATTRIBUTES(ADD)
#undef ADD
}

static void add_node(cJSON *nodes, const Node *node) {
  cJSON *item = cJSON_CreateObject();
  cJSON_AddItemToArray(nodes, item);
  add_text(item, "op", op_name(node->op));
  add_text(item, "name", node->name);
  add_text(item, "phase", phase_name(node->phase));
  add_names(item, "inputs", node->in, node->in_count);
  add_names(item, "outputs", node->out, node->out_count);
  add_attributes(item, node);
}

/* --- loss and recipe ------------------------------------------------------------------------ */

static void add_loss(cJSON *root, const Graph *graph) {
  if (!graph->loss) return;
  const Node *node = graph->loss->producer;
  cJSON *item = add_object(root, "loss");
  add_text(item, "op", op_name(node->op));
  add_text(item, "value", graph->loss->name);
  if (op_has_attribute(node->op, "label_smoothing"))
    add_number(item, "label_smoothing", node->attributes.label_smoothing);
}

static void add_optimizer(cJSON *parent, const Recipe *recipe) {
  cJSON *item = add_object(parent, "optimizer");
#define NAME(id, name) name,
  static const char *const NAMES[] = {OPTIMIZERS(NAME)};
  add_text(item, "kind", NAMES[recipe->optimizer]);
  add_number(item, "lr", recipe->lr);
  add_number(item, "weight_decay", recipe->weight_decay);
  switch (recipe->optimizer) {
  case OPTIMIZER_SGD:
    add_number(item, "momentum", recipe->momentum);
    cJSON_AddBoolToObject(item, "nesterov", recipe->nesterov);
    break;
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    add_number(item, "beta1", recipe->beta1);
    add_number(item, "beta2", recipe->beta2);
    add_number(item, "eps", recipe->eps);
    break;
  case OPTIMIZER_RMSPROP:
    add_number(item, "alpha", recipe->beta2);
    add_number(item, "eps", recipe->eps);
    add_number(item, "momentum", recipe->momentum);
    cJSON_AddBoolToObject(item, "centered", recipe->centered);
    break;
  }
}

static void add_schedule(cJSON *parent, const Recipe *recipe) {
  static const char *const NAMES[] = {LR_SCHEDULES(NAME)};
#undef NAME
  cJSON *item = add_object(parent, "schedule");
  add_text(item, "kind", NAMES[recipe->schedule]);
  if (recipe->warmup_epochs > 0) {
    add_number(item, "warmup", recipe->warmup_epochs);
    add_number(item, "warmup_start", recipe->warmup_start);
  }
  switch (recipe->schedule) {
  case LR_CONSTANT:
    break;
  case LR_STEP:
    add_number(item, "epochs", recipe->step_epochs);
    add_number(item, "gamma", recipe->gamma);
    break;
  case LR_MULTI_STEP:
    cJSON_AddItemToObject(item, "milestones",
                          cJSON_CreateIntArray(recipe->milestones, recipe->milestone_count));
    add_number(item, "gamma", recipe->gamma);
    break;
  case LR_EXPONENTIAL:
    add_number(item, "gamma", recipe->gamma);
    break;
  case LR_POLYNOMIAL:
    add_number(item, "power", recipe->power);
    break;
  case LR_COSINE:
    add_number(item, "final", recipe->final_lr);
    break;
  case LR_ONE_CYCLE:
    add_number(item, "rise", recipe->rise);
    add_number(item, "divisor", recipe->divisor);
    add_number(item, "final_divisor", recipe->final_divisor);
    if (recipe->momentum_high > 0) {
      const double bounds[] = {recipe->momentum_low, recipe->momentum_high};
      cJSON_AddItemToObject(item, "momentum", cJSON_CreateDoubleArray(bounds, 2));
    }
    break;
  case LR_PLATEAU:
    add_number(item, "gamma", recipe->gamma);
    add_number(item, "patience", recipe->patience);
    add_number(item, "threshold", recipe->threshold);
    add_number(item, "cooldown", recipe->cooldown);
    add_number(item, "final", recipe->final_lr);
    break;
  }
}

/* What the recipe does not use is left out. */
static void add_extras(cJSON *item, const Recipe *recipe) {
  if (recipe->accumulate > 1) add_number(item, "accumulate", recipe->accumulate);
  if (recipe->clip_norm > 0) add_number(item, "clip_norm", recipe->clip_norm);
  if (recipe->clip_value > 0) add_number(item, "clip_value", recipe->clip_value);
  if (recipe->ema > 0) add_number(item, "ema", recipe->ema);
  if (recipe->resize > 0) add_number(item, "resize", recipe->resize);
  if (recipe->crop == 0 && !recipe->flip && recipe->cutout == 0) return;
  cJSON *augment = add_object(item, "augment");
  add_number(augment, "crop", recipe->crop);
  cJSON_AddBoolToObject(augment, "flip", recipe->flip);
  if (recipe->cutout > 0) add_number(augment, "cutout", recipe->cutout);
}

static void add_recipe(cJSON *root, const Graph *graph) {
  const Recipe *recipe = &graph->recipe;
  cJSON *item = add_object(root, "recipe");
  add_number(item, "batch", recipe->batch);
  add_number(item, "epochs", recipe->epochs);
  add_optimizer(item, recipe);
  add_schedule(item, recipe);
  add_extras(item, recipe);
  if (recipe->normalize_from_dataset) {
    add_text(item, "normalize", "dataset");
    return;
  }
  cJSON *normalize = add_object(item, "normalize");
  int channels = graph->input->dim[1];
  cJSON_AddItemToObject(normalize, "mean", cJSON_CreateDoubleArray(recipe->mean, channels));
  cJSON_AddItemToObject(normalize, "deviation",
                        cJSON_CreateDoubleArray(recipe->deviation, channels));
}

const char *export_json(const Graph *graph, const char *stage) {
  cJSON *root = cJSON_CreateObject();
  add_text(root, "format", "cnnc-graph");
  add_number(root, "version", FORMAT_VERSION);
  add_text(root, "name", graph->name);
  add_text(root, "stage", stage);
  add_number(root, "batch", graph->recipe.batch);
  add_ints(root, "input", &graph->input->dim[1], 3);
  add_number(root, "classes", graph->classes);
  cJSON *values = cJSON_AddArrayToObject(root, "values");
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->kind != VALUE_WORKSPACE) add_value(values, graph->values.at[i]);
  cJSON *nodes = cJSON_AddArrayToObject(root, "nodes");
  for (int i = 0; i < graph->nodes.count; i++) add_node(nodes, graph->nodes.at[i]);
  add_loss(root, graph);
  add_text(root, "output", graph->output->name);
  add_recipe(root, graph);
  char *printed = cJSON_Print(root);
  if (!printed) out_of_memory();
  const char *text = arena_printf(graph->arena, "%s\n", printed);
  free(printed);
  cJSON_Delete(root);
  return text;
}
