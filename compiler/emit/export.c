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

/* Without workspaces. */
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

static void add_setting(cJSON *item, const Recipe *recipe, const RecipeSetting *setting) {
  const double *bounds = (const void *)((const char *)recipe + setting->offset);
  switch (setting->type) {
  case RECIPE_MILESTONES:
    cJSON_AddItemToObject(item, setting->key,
                          cJSON_CreateIntArray(recipe->milestones, recipe->milestone_count));
    break;
  case RECIPE_BOUNDS:
    if (bounds[1] > 0)
      cJSON_AddItemToObject(item, setting->key, cJSON_CreateDoubleArray(bounds, 2));
    break;
  case RECIPE_BOOL:
    cJSON_AddBoolToObject(item, setting->key,
                          recipe_number(recipe, setting->type, setting->offset) != 0);
    break;
  default:
    add_number(item, setting->key, recipe_number(recipe, setting->type, setting->offset));
  }
}

static void add_settings(cJSON *item, const Recipe *recipe, const char *table) {
  for (const RecipeSetting *setting = RECIPE_SETTINGS; setting->table; setting++)
    if (!strcmp(setting->table, table)) add_setting(item, recipe, setting);
}

static void add_optimizer(cJSON *parent, const Recipe *recipe) {
  cJSON *item = add_object(parent, "optimizer");
  add_text(item, "kind", optimizer_name(recipe->optimizer));
  add_settings(item, recipe, optimizer_name(recipe->optimizer));
}

static void add_schedule(cJSON *parent, const Graph *graph) {
  const Recipe *recipe = &graph->recipe;
  const char *name = lr_schedule_name(recipe->schedule);
  cJSON *item = add_object(parent, "schedule");
  add_text(item, "kind", name);
  if (recipe->warmup_epochs > 0) add_settings(item, recipe, "any_lr");
  add_settings(item, recipe, arena_printf(graph->arena, "%s_lr", name));
}

static void add_normalize(cJSON *item, const Graph *graph) {
  const Recipe *recipe = &graph->recipe;
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

static void add_recipe(cJSON *root, const Graph *graph) {
  cJSON *item = add_object(root, "recipe");
  add_settings(item, &graph->recipe, "train");
  add_optimizer(item, &graph->recipe);
  add_schedule(item, graph);
  add_settings(add_object(item, "augment"), &graph->recipe, "augment");
  add_normalize(item, graph);
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
