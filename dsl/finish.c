/* The end of a model: every layer must be used; the loss and the recipe join the graph. */
#include "binding.h"

#include <string.h>

/* What auxiliary classifiers make, and the weight of their losses. */
typedef struct Head {
  Value *logits;
  double weight;
} Head;

typedef LIST_OF(Head) HeadList;

static void mark_reached(const Graph *graph, const Value *value, bool *reached) {
  if (!value->producer || reached[value->id]) return;
  reached[value->id] = true;
  for (int i = 0; i < value->producer->in_count; i++)
    mark_reached(graph, value->producer->in[i], reached);
}

/* A layer that somebody wrote a name or parameters for is meant to be used; plain ops without use
   are taken out by simplify. */
static bool check_all_used(const Dsl *dsl, const HeadList *heads) {
  Graph *graph = dsl->graph;
  bool *reached = ARENA_ARRAY(graph->arena, bool, graph->next_id);
  mark_reached(graph, graph->output, reached);
  for (int i = 0; i < heads->count; i++) mark_reached(graph, heads->at[i].logits, reached);
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->op == OP_pack_input || reached[node->out[0]->id]) continue;
    bool matters = op_can(node->op, HAS_PARAMETERS);
    for (int k = 0; k < dsl->named.count; k++) matters = matters || dsl->named.at[k] == node;
    if (matters)
      return diag_set(graph->diag, EXIT_MODEL, node->pos,
                      "%s '%s': its result is never used on the way to the output; use it or take "
                      "it out",
                      op_name(node->op), node->name);
  }
  return true;
}

static Value *add_loss(Graph *graph, OpKind op, Attributes attributes, SourcePos pos,
                       Value *logits) {
  Node *node = graph_node(graph, op, "loss", pos, 1, &logits);
  node->attributes = attributes;
  const char *name =
      attributes.auxiliary ? arena_printf(graph->arena, "loss_%s", logits->name) : "loss";
  Value *loss = graph_output(graph, node, VALUE_LOSS, name, 1, logits->dim);
  name = arena_printf(graph->arena, "d%s", logits->name);
  graph_output(graph, node, VALUE_GRADIENT, name, logits->rank, logits->dim);
  return loss;
}

/* That of the logits first: it writes the loss of an image, the others add to it. */
static void add_losses(Graph *graph, OpKind op, Attributes attributes, SourcePos pos,
                       const HeadList *heads) {
  attributes.loss_weight = 1;
  graph->loss = add_loss(graph, op, attributes, pos, graph->output);
  attributes.auxiliary = true;
  for (int i = 0; i < heads->count; i++) {
    attributes.loss_weight = heads->at[i].weight;
    add_loss(graph, op, attributes, pos, heads->at[i].logits);
  }
}

static double number_field(lua_State *lua, int index, const char *key) {
  lua_getfield(lua, index, key);
  double number = lua_tonumber(lua, -1);
  lua_pop(lua, 1);
  return number;
}

static bool field_is(lua_State *lua, int index, const char *key, const char *text) {
  bool is = lua_getfield(lua, index, key) == LUA_TSTRING && !strcmp(lua_tostring(lua, -1), text);
  lua_pop(lua, 1);
  return is;
}

/* The first `count` numbers of the table in a field; 0 for those that are not there. */
static void read_list(lua_State *lua, int index, const char *key, double *list, int count) {
  bool is_table = lua_getfield(lua, index, key) == LUA_TTABLE;
  for (int i = 0; is_table && i < count; i++) {
    lua_geti(lua, -1, i + 1);
    list[i] = lua_tonumber(lua, -1);
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
}

static bool bool_field(lua_State *lua, int index, const char *key) {
  lua_getfield(lua, index, key);
  bool is = lua_toboolean(lua, -1);
  lua_pop(lua, 1);
  return is;
}

static void read_milestones(lua_State *lua, int index, const char *key, Recipe *recipe) {
  if (lua_getfield(lua, index, key) == LUA_TTABLE) {
    recipe->milestone_count = (int)lua_rawlen(lua, -1);
    for (int i = 0; i < recipe->milestone_count; i++) {
      lua_geti(lua, -1, i + 1);
      recipe->milestones[i] = (int)lua_tonumber(lua, -1);
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
}

static void read_setting(lua_State *lua, int index, const RecipeSetting *setting, Recipe *recipe) {
  char *at = (char *)recipe + setting->offset;
  switch (setting->type) {
  case RECIPE_BATCH:
  case RECIPE_INT:
    *(int *)(void *)at = (int)number_field(lua, index, setting->key);
    break;
  case RECIPE_BOOL:
    *(bool *)(void *)at = bool_field(lua, index, setting->key);
    break;
  case RECIPE_REAL:
    *(double *)(void *)at = number_field(lua, index, setting->key);
    break;
  case RECIPE_BOUNDS:
    read_list(lua, index, setting->key, (double *)(void *)at, 2);
    break;
  case RECIPE_MILESTONES:
    read_milestones(lua, index, setting->key, recipe);
    break;
  case RECIPE_OPTIMIZER:
  case RECIPE_LR_SCHEDULE:
  case RECIPE_CHANNELS:
    break; /* no table sets them by a key */
  }
}

/* All settings of the table, which is at `index` and called `name` in cnn_recipe.def. */
static void read_settings(lua_State *lua, int index, const char *name, Recipe *recipe) {
  for (const RecipeSetting *setting = RECIPE_SETTINGS; setting->table; setting++)
    if (!strcmp(setting->table, name)) read_setting(lua, index, setting, recipe);
}

static void read_optimizer(lua_State *lua, int index, Recipe *recipe) {
  int kind = 0;
  while (!field_is(lua, index, "kind", optimizer_name(kind))) kind++;
  recipe->optimizer = kind;
  read_settings(lua, index, optimizer_name(kind), recipe);
}

static void read_schedule(lua_State *lua, int index, Recipe *recipe) {
  const Graph *graph = dsl_of(lua)->graph;
  int kind = 0;
  const char *name;
  while (name = arena_printf(graph->arena, "%s_lr", lr_schedule_name(kind)),
         !field_is(lua, index, "kind", name))
    kind++;
  recipe->schedule = kind;
  read_settings(lua, index, "any_lr", recipe);
  read_settings(lua, index, name, recipe);
  if (recipe->warmup_epochs == 0) recipe->warmup_start = 0;
}

/* The fields of `train`, whose own table is at `index`. */
static void read_recipe(lua_State *lua, int index, Recipe *recipe) {
  read_settings(lua, index, "train", recipe);
  lua_getfield(lua, index, "augment");
  read_settings(lua, lua_gettop(lua), "augment", recipe);
  lua_getfield(lua, index, "optimizer");
  read_optimizer(lua, lua_gettop(lua), recipe);
  lua_getfield(lua, index, "schedule");
  read_schedule(lua, lua_gettop(lua), recipe);
  recipe->normalize_from_dataset = field_is(lua, index, "normalize", "dataset");
  if (!recipe->normalize_from_dataset) {
    lua_getfield(lua, index, "normalize");
    int normalize = lua_gettop(lua);
    read_list(lua, normalize, "mean", recipe->mean, CNN_CHANNELS_MAX);
    read_list(lua, normalize, "deviation", recipe->deviation, CNN_CHANNELS_MAX);
  }
}

static HeadList read_heads(lua_State *lua, int index) {
  Graph *graph = dsl_of(lua)->graph;
  HeadList heads = {0};
  for (int i = 1; lua_geti(lua, index, i) == LUA_TTABLE; i++) {
    lua_geti(lua, -1, 1);
    Head head = {dsl_value_at(lua, -1), number_field(lua, index + 1, "weight")};
    LIST_PUSH(graph->arena, &heads, head);
    lua_settop(lua, index);
  }
  lua_settop(lua, index);
  return heads;
}

/* Weight decay for weights alone: not for biases, nor for the scales of normalisations. */
static void exclude_vectors_from_decay(Graph *graph) {
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind == VALUE_PARAMETER && value->rank == 1) value->decay_scale = 0;
  }
}

/* A training of frozen layers alone would change nothing. */
static bool check_any_trained(const Dsl *dsl, SourcePos pos) {
  const Graph *graph = dsl->graph;
  int parameters = 0;
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->kind != VALUE_PARAMETER) continue;
    if (value->trainable) return true;
    parameters++;
  }
  return parameters == 0 || diag_set(graph->diag, EXIT_MODEL, pos,
                                     "all %d parameters are frozen, so that training would change "
                                     "nothing; leave a layer outside of nn.frozen, or without "
                                     "trainable = false",
                                     parameters);
}

int dsl_core_finish(lua_State *lua) {
  Dsl *dsl = dsl_of(lua);
  Graph *graph = dsl->graph;
  lua_settop(lua, 3);
  graph->output = dsl_value_at(lua, 1);
  const HeadList heads = read_heads(lua, 3);
  if (!check_all_used(dsl, &heads) || !check_any_trained(dsl, dsl_position(lua)))
    sandbox_raise(lua);
  lua_getfield(lua, 2, "name");
  graph->name = arena_strdup(graph->arena, lua_tostring(lua, -1));
  lua_getfield(lua, 2, "run");
  graph->run = arena_strdup(graph->arena, lua_tostring(lua, -1));
  graph->classes = (int)number_field(lua, 2, "classes");

  lua_getfield(lua, 2, "loss");
  int loss = lua_gettop(lua);
  lua_getfield(lua, loss, "kind");
  add_losses(graph, dsl_op_at(lua, -1), dsl_read_attributes(lua, loss), dsl_position(lua), &heads);

  lua_getfield(lua, 2, "train");
  int train = lua_gettop(lua);
  read_recipe(lua, train, &graph->recipe);
  graph->recipe.label_smoothing = graph->loss->producer->attributes.label_smoothing;
  if (field_is(lua, train, "decay", "weights")) exclude_vectors_from_decay(graph);
  return 0;
}
