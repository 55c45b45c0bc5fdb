/* core.node and core.input: a call of the vocabulary becomes a node with its parameters. */
#include "binding.h"

#include "ir/init.h"
#include "ir/shapes.h"

#include <assert.h>
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define READ_INT(lua, field) (field) = (int)lua_tointeger(lua, -1)
#define READ_BOOL(lua, field) (field) = lua_toboolean(lua, -1)
#define READ_REAL(lua, field) (field) = lua_tonumber(lua, -1)
#define READ_PAIR(lua, field)                                                                      \
  for (int i = 0; i < 2; i++) {                                                                    \
    lua_rawgeti(lua, -1, i + 1);                                                                   \
    (field)[i] = (int)lua_tointeger(lua, -1);                                                      \
    lua_pop(lua, 1);                                                                               \
  }
#define READ_ACTIVATION(lua, field) (void)(field) /* fuse's */

Attributes dsl_read_attributes(lua_State *lua, int index) {
  Attributes attributes = {0};
#define READ(name, type)                                                                           \
  if (lua_getfield(lua, index, #name) != LUA_TNIL) READ_##type(lua, attributes.name);              \
  lua_pop(lua, 1);
  ATTRIBUTES(READ)
#undef READ
  return attributes;
}

OpKind dsl_op_at(lua_State *lua, int index) {
  const char *name = luaL_checkstring(lua, index);
  int op = 0;
  while (op < OP_COUNT && strcmp(op_name(op), name) != 0) op++;
  assert(op < OP_COUNT);
  return op;
}

/* The initialiser in field `key` of the table at `index`; `usual` where the model gives none. */
static Init read_init(lua_State *lua, int index, const char *key, Init usual) {
  Init init = usual;
  if (lua_getfield(lua, index, key) == LUA_TTABLE) {
    lua_getfield(lua, -1, "kind");
    lua_getfield(lua, -2, "scale");
    init = (Init){(InitKind)lua_tointeger(lua, -2), lua_tonumber(lua, -1)};
    lua_pop(lua, 2);
  }
  lua_pop(lua, 1);
  return init;
}

/* Trained as the layer's arguments `trainable` and `lr_scale` say. */
static Value *add_parameter(lua_State *lua, int arguments, Graph *graph, const Node *draft,
                            const char *suffix, Shape shape) {
  const char *name = arena_printf(graph->arena, "%s.%s", draft->name, suffix);
  Value *parameter = graph_value(graph, VALUE_PARAMETER, name, shape.rank, shape.dim);
  lua_getfield(lua, arguments, "trainable");
  lua_getfield(lua, arguments, "lr_scale");
  parameter->trainable = lua_toboolean(lua, -2);
  parameter->lr_scale = lua_tonumber(lua, -1);
  parameter->decay_scale = 1;
  lua_pop(lua, 2);
  parameter->pos = draft->pos;
  return parameter;
}

static Value *add_statistic(Graph *graph, const Node *draft, const char *suffix, double start) {
  const char *name = arena_printf(graph->arena, "%s.%s", draft->name, suffix);
  Value *statistic = graph_value(graph, VALUE_BUFFER, name, 1, &draft->in[0]->dim[1]);
  statistic->init = (Init){INIT_CONSTANT, start};
  statistic->pos = draft->pos;
  return statistic;
}

/* Weight, bias and running statistics of every channel: 1, 0, 0, 1 as in PyTorch. */
static int add_norm_parameters(lua_State *lua, int arguments, Graph *graph, const Node *draft,
                               Value **in) {
  const Shape channels = {1, {draft->in[0]->dim[1], 1, 1, 1}};
  Value *weight = in[0] = add_parameter(lua, arguments, graph, draft, "weight", channels);
  Value *bias = in[1] = add_parameter(lua, arguments, graph, draft, "bias", channels);
  weight->init = read_init(lua, arguments, "init", (Init){INIT_CONSTANT, 1});
  bias->init = read_init(lua, arguments, "bias_init", (Init){INIT_ZEROS, 0});
  in[2] = add_statistic(graph, draft, "running_mean", 0);
  in[3] = add_statistic(graph, draft, "running_var", 1);
  return 4;
}

/* Outputs beside y: what the backward half reads again. */
static void add_saved_outputs(Graph *graph, Node *node) {
  const Value *x = node->in[0];
  if (node->op == OP_batch_norm) {
    const char *names[] = {"mean", "inverse"};
    for (int i = 0; i < 2; i++)
      graph_output(graph, node, VALUE_ACTIVATION,
                   arena_printf(graph->arena, "%s.%s", node->name, names[i]), 1, &x->dim[1]);
  }
  if (node->op == OP_local_response_norm)
    graph_output(graph, node, VALUE_ACTIVATION, arena_printf(graph->arena, "%s.scale", node->name),
                 x->rank, x->dim);
}

/* Without an initialiser parameters start as in PyTorch: weight and bias in
   U(-1/sqrt(fan_in), 1/sqrt(fan_in)). */
int dsl_core_node(lua_State *lua) {
  enum { OP = 1, NAME, IS_NAMED, ARGUMENTS, FIRST_INPUT, LAYERS_MAX = 5000 };
  Dsl *dsl = dsl_of(lua);
  Graph *graph = dsl->graph;
  Value *in[DSL_INPUTS_MAX + 4]; /* and a layer's parameters */
  Node draft = {.op = dsl_op_at(lua, OP), .name = luaL_checkstring(lua, NAME), .in = in};
  draft.pos = dsl_position(lua);
  draft.attributes = dsl_read_attributes(lua, ARGUMENTS);
  assert(lua_gettop(lua) - FIRST_INPUT < DSL_INPUTS_MAX);
  for (int i = FIRST_INPUT; i <= lua_gettop(lua); i++) in[draft.in_count++] = dsl_value_at(lua, i);
  if (graph->nodes.count >= LAYERS_MAX) {
    diag_set(graph->diag, EXIT_MODEL, draft.pos,
             "the model has more than %d layers; is there a loop without end?", LAYERS_MAX);
    sandbox_raise(lua);
  }
  Shape shape;
  if (!shape_infer(&draft, graph->diag, &shape)) sandbox_raise(lua);

  if (draft.op == OP_conv2d || draft.op == OP_linear) {
    Value *weight = add_parameter(lua, ARGUMENTS, graph, &draft, "weight", shape_weight(&draft));
    Init usual = {INIT_UNIFORM, 1 / sqrt((double)init_fan_in(weight))};
    weight->init = read_init(lua, ARGUMENTS, "init", usual);
    in[draft.in_count++] = weight;
    if (draft.attributes.bias) {
      const Shape outputs = {1, {weight->dim[0], 1, 1, 1}};
      Value *bias = add_parameter(lua, ARGUMENTS, graph, &draft, "bias", outputs);
      bias->init = read_init(lua, ARGUMENTS, "bias_init", usual);
      in[draft.in_count++] = bias;
    }
  }
  if (draft.op == OP_batch_norm)
    draft.in_count += add_norm_parameters(lua, ARGUMENTS, graph, &draft, in + 1);
  Node *node = graph_node(graph, draft.op, draft.name, draft.pos, draft.in_count, in);
  node->attributes = draft.attributes;
  if (lua_toboolean(lua, IS_NAMED)) LIST_PUSH(graph->arena, &dsl->named, node);
  dsl_push_value(lua,
                 graph_output(graph, node, VALUE_ACTIVATION, node->name, shape.rank, shape.dim));
  add_saved_outputs(graph, node);
  return 1;
}

int dsl_core_input(lua_State *lua) {
  Graph *graph = dsl_of(lua)->graph;
  int dim[4];
  for (int i = 0; i < 4; i++) dim[i] = (int)lua_tointeger(lua, i + 1);
  graph->input = graph_value(graph, VALUE_INPUT, "images", 4, dim);
  Node *node = graph_node(graph, OP_pack_input, "x", dsl_position(lua), 1, &graph->input);
  dsl_push_value(lua, graph_output(graph, node, VALUE_ACTIVATION, "x", 4, dim));
  return 1;
}

int dsl_core_freeze(lua_State *lua) {
  const Graph *graph = dsl_of(lua)->graph;
  const char *layer = luaL_checkstring(lua, 1);
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (strcmp(node->name, layer) != 0) continue;
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k]->kind == VALUE_PARAMETER) node->in[k]->trainable = false;
    if (node->op == OP_batch_norm && lua_toboolean(lua, 2))
      node->attributes.frozen_statistics = true;
  }
  return 0;
}
