/* The binding: nn.lua calls these functions as `core.NAME`. A value of the graph is a full userdata
   that holds a pointer. Methods are looked up by C functions, because a Lua function that is called
   in a return statement would lose the frame of the user's line, and because Lua gives every call
   of a chain over several lines the line of its first. */
#include "binding.h"

#include "emit/embedded.h"
#include "field_line.h"
#include "ir/init.h"
#include "ir/shapes.h"
#include "driver/text.h"

#include <assert.h>
#include <lauxlib.h>
#include <math.h>
#include <string.h>

static const char VALUE_TYPE[] = "cnnc.value";

Dsl *dsl_of(lua_State *lua) {
  return sandbox_client(lua);
}

SourcePos dsl_position(lua_State *lua) {
  Dsl *dsl = dsl_of(lua);
  return dsl->pos.file ? dsl->pos : sandbox_position(lua);
}

/* --- values --------------------------------------------------------------------------------- */

static void push_value(lua_State *lua, Value *value) {
  Value **box = lua_newuserdatauv(lua, sizeof *box, 0);
  *box = value;
  luaL_setmetatable(lua, VALUE_TYPE);
}

Value *dsl_value_at(lua_State *lua, int index) {
  return *(Value **)luaL_checkudata(lua, index, VALUE_TYPE);
}

static void push_shape(lua_State *lua, const Value *value) {
  lua_createtable(lua, value->rank, 0);
  for (int i = 0; i < value->rank; i++) {
    lua_pushinteger(lua, value->dim[i]);
    lua_rawseti(lua, -2, i + 1);
  }
}

/* x.channels, x.height, x.width of images; x.features of vectors; x.shape. */
static bool push_property(lua_State *lua, const Value *value, const char *key) {
  static const struct {
    const char *key;
    int rank, dim;
  } PROPERTIES[] = {{"channels", 4, 1}, {"height", 4, 2}, {"width", 4, 3}, {"features", 2, 1}};
  if (!strcmp(key, "shape")) {
    push_shape(lua, value);
    return true;
  }
  for (size_t i = 0; i < sizeof PROPERTIES / sizeof *PROPERTIES; i++) {
    if (strcmp(key, PROPERTIES[i].key) != 0) continue;
    if (value->rank != PROPERTIES[i].rank) {
      Graph *graph = dsl_of(lua)->graph;
      diag_set(graph->diag, EXIT_MODEL, sandbox_position(lua), "'%s' has shape %s and so no %s; %s",
               value->name, shape_text(graph->arena, value->rank, value->dim), key,
               value->rank == 2 ? "it has features" : "it has channels, height and width");
      sandbox_raise(lua);
    }
    lua_pushinteger(lua, value->dim[PROPERTIES[i].dim]);
    return true;
  }
  return false;
}

/* --- calls that know their line ------------------------------------------------------------- */

static int call_at(lua_State *lua, SourcePos pos, int argument_count) {
  Dsl *dsl = dsl_of(lua);
  int base = lua_gettop(lua) - argument_count - 1;
  SourcePos outer = dsl->pos;
  dsl->pos = pos;
  lua_call(lua, argument_count, LUA_MULTRET);
  dsl->pos = outer;
  return lua_gettop(lua) - base;
}

/* Upvalues: the function of nn.lua. */
static int call_located(lua_State *lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  return call_at(lua, sandbox_position(lua), lua_gettop(lua) - 1);
}

/* core.located(f): f, called with the user's line as the place of its mistakes. */
static int core_located(lua_State *lua) {
  lua_settop(lua, 1);
  lua_pushcclosure(lua, call_located, 1);
  return 1;
}

/* Upvalues: the method, its name, its value, and the line where it was looked up. */
static int call_method(lua_State *lua) {
  Dsl *dsl = dsl_of(lua);
  SourcePos pos = sandbox_position(lua);
  pos.line = (int)lua_tointeger(lua, lua_upvalueindex(4));
  if (!lua_rawequal(lua, 1, lua_upvalueindex(3))) {
    const char *name = lua_tostring(lua, lua_upvalueindex(2));
    diag_set(dsl->graph->diag, EXIT_MODEL, pos, "%s: call it with a colon, as in x:%s{...}", name,
             name);
    sandbox_raise(lua);
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  return call_at(lua, pos, lua_gettop(lua) - 1);
}

/* x.key. Upvalues: the table of methods, the function for unknown keys. */
static int value_index(lua_State *lua) {
  Value *value = dsl_value_at(lua, 1);
  if (lua_type(lua, 2) == LUA_TSTRING) {
    if (push_property(lua, value, lua_tostring(lua, 2))) return 1;
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, lua_upvalueindex(1)) == LUA_TFUNCTION) {
      lua_pushvalue(lua, 2);
      lua_pushvalue(lua, 1);
      lua_pushinteger(lua, sandbox_position(lua).line);
      lua_pushcclosure(lua, call_method, 4);
      return 1;
    }
  }
  lua_settop(lua, 2);
  lua_pushvalue(lua, lua_upvalueindex(2));
  lua_insert(lua, 1);
  return call_at(lua, sandbox_position(lua), 2);
}

static int value_newindex(lua_State *lua) {
  Value *value = dsl_value_at(lua, 1);
  diag_set(dsl_of(lua)->graph->diag, EXIT_MODEL, sandbox_position(lua),
           "'%s' cannot be changed; ops give new values", value->name);
  sandbox_raise(lua);
}

static int value_tostring(lua_State *lua) {
  const Value *value = dsl_value_at(lua, 1);
  lua_pushfstring(lua, "%s %s", value->name, shape_words(value->rank, value->dim).text);
  return 1;
}

/* core.vocabulary(methods, unknown, add): what x:NAME, x.NAME and a + b mean. */
static int core_vocabulary(lua_State *lua) {
  luaL_newmetatable(lua, VALUE_TYPE);
  lua_pushvalue(lua, 1);
  lua_pushvalue(lua, 2);
  lua_pushcclosure(lua, value_index, 2);
  lua_setfield(lua, -2, "__index");
  lua_pushvalue(lua, 3);
  lua_pushcclosure(lua, call_located, 1);
  lua_setfield(lua, -2, "__add");
  lua_pushcfunction(lua, value_newindex);
  lua_setfield(lua, -2, "__newindex");
  lua_pushcfunction(lua, value_tostring);
  lua_setfield(lua, -2, "__tostring");
  lua_pushliteral(lua, "a value of the network");
  lua_setfield(lua, -2, "__metatable");
  return 0;
}

/* --- what nn.lua asks ----------------------------------------------------------------------- */

/* core.look_at(outer, field): mistakes are those of a field in the table of the call that runs, or
   in its table `outer`; core.look_at(): of the call itself again. */
static int core_look_at(lua_State *lua) {
  Dsl *dsl = dsl_of(lua);
  bool is_field = !lua_isnoneornil(lua, 1);
  dsl->outer = is_field ? arena_strdup(dsl->graph->arena, lua_tostring(lua, 1)) : NULL;
  dsl->field = is_field ? arena_strdup(dsl->graph->arena, lua_tostring(lua, 2)) : NULL;
  return 0;
}

/* The position, on the line of the field that is looked at, if the file shows it. */
static SourcePos position_of_field(const Dsl *dsl, SourcePos pos) {
  size_t length;
  const char *text =
      dsl->field && pos.file ? text_read(dsl->graph->arena, pos.file, &length) : NULL;
  int line = text ? field_line(text, pos.line, dsl->outer, dsl->field) : 0;
  if (line > 0) pos.line = line;
  return pos;
}

/* core.fail(message [, at]): the mistake is at the line of the call that runs, or of the field in
   it that is looked at; or where the value, or the function, `at` was made; or at the place {file,
   line}, as core.position gives them; or, with at = "usage", on the command line. */
static int core_fail(lua_State *lua) {
  const char *message = luaL_checkstring(lua, 1);
  SourcePos pos = dsl_position(lua);
  ExitCode code = EXIT_MODEL;
  if (lua_type(lua, 2) == LUA_TSTRING) {
    pos = (SourcePos){0};
    code = EXIT_USAGE;
  } else if (lua_isfunction(lua, 2)) {
    pos = sandbox_function_position(lua, 2);
  } else if (luaL_testudata(lua, 2, VALUE_TYPE)) {
    pos = dsl_value_at(lua, 2)->pos;
  } else if (lua_istable(lua, 2)) {
    lua_rawgeti(lua, 2, 1);
    lua_rawgeti(lua, 2, 2);
    pos = (SourcePos){arena_strdup(dsl_of(lua)->graph->arena, lua_tostring(lua, -2)),
                      (int)lua_tointeger(lua, -1)};
  } else {
    pos = position_of_field(dsl_of(lua), pos);
  }
  diag_set(dsl_of(lua)->graph->diag, code, pos, "%s", message);
  sandbox_raise(lua);
}

/* core.position(): file and line of the call that runs. */
static int core_position(lua_State *lua) {
  SourcePos pos = dsl_position(lua);
  lua_pushstring(lua, pos.file ? pos.file : "");
  lua_pushinteger(lua, pos.line);
  return 2;
}

/* core.model_here(): the call that runs is nn.model's. */
static int core_model_here(lua_State *lua) {
  dsl_of(lua)->model = dsl_position(lua);
  return 0;
}

static int core_is_value(lua_State *lua) {
  lua_pushboolean(lua, luaL_testudata(lua, 1, VALUE_TYPE) != NULL);
  return 1;
}

/* --- nodes ---------------------------------------------------------------------------------- */

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

/* core.node(op, name, is_named, arguments, input...): a layer with its parameters; its output.
   Without an initialiser parameters start as in PyTorch: weight and bias in
   U(-1/sqrt(fan_in), 1/sqrt(fan_in)). */
static int core_node(lua_State *lua) {
  enum { OP = 1, NAME, IS_NAMED, ARGUMENTS, FIRST_INPUT, INPUTS_MAX = 64, LAYERS_MAX = 5000 };
  Dsl *dsl = dsl_of(lua);
  Graph *graph = dsl->graph;
  Value *in[INPUTS_MAX];
  Node draft = {.op = dsl_op_at(lua, OP), .name = luaL_checkstring(lua, NAME), .in = in};
  draft.pos = dsl_position(lua);
  draft.attributes = dsl_read_attributes(lua, ARGUMENTS);
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
  push_value(lua, graph_output(graph, node, VALUE_ACTIVATION, node->name, shape.rank, shape.dim));
  add_saved_outputs(graph, node);
  return 1;
}

/* core.input(batch, C, H, W): the images, and x, which the network reads. */
static int core_input(lua_State *lua) {
  Graph *graph = dsl_of(lua)->graph;
  int dim[4];
  for (int i = 0; i < 4; i++) dim[i] = (int)lua_tointeger(lua, i + 1);
  graph->input = graph_value(graph, VALUE_INPUT, "images", 4, dim);
  Node *node = graph_node(graph, OP_pack_input, "x", dsl_position(lua), 1, &graph->input);
  push_value(lua, graph_output(graph, node, VALUE_ACTIVATION, "x", 4, dim));
  return 1;
}

/* --- opening -------------------------------------------------------------------------------- */

/* core.ops: for nn.lua, the ops that models may use: {name=, {name, type, is required}...}, with
   the attributes in the order of ops.def, those of the passes left out. */
static void push_ops(lua_State *lua) {
  static const struct {
    const char *name, *type;
  } TYPES[] = {
#define TYPE(field, type) {#field, #type},
      ATTRIBUTES(TYPE)
#undef TYPE
  };
  lua_newtable(lua);
  for (int op = 0; op < OP_COUNT; op++) {
    if (!shape_has_rule(op)) continue;
    lua_newtable(lua);
    lua_pushstring(lua, op_name(op));
    lua_setfield(lua, -2, "name");
    const char *at = op_attributes(op);
    for (int count = 0; *at;) {
      size_t length = strcspn(at, " !.");
      for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        bool found = strlen(TYPES[i].name) == length && !strncmp(at, TYPES[i].name, length);
        if (!found || at[length] == '.') continue;
        lua_createtable(lua, 0, 3);
        lua_pushstring(lua, TYPES[i].name);
        lua_setfield(lua, -2, "name");
        lua_pushstring(lua, TYPES[i].type);
        lua_setfield(lua, -2, "type");
        lua_pushboolean(lua, at[length] == '!');
        lua_setfield(lua, -2, "required");
        lua_rawseti(lua, -2, ++count);
      }
      at += length;
      at += strspn(at, " !.");
    }
    lua_rawseti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
  }
}

static void push_inits(lua_State *lua) {
  lua_newtable(lua);
  for (int kind = INIT_ZEROS; kind <= INIT_HE_NORMAL_OUT; kind++) {
    lua_pushinteger(lua, kind);
    lua_setfield(lua, -2, init_name(kind));
  }
}

/* core.settings: the arguments in cnn_recipe.def, by table: {sgd = {{name =, type =, ...}...}...}.
 */
static void push_settings(lua_State *lua) {
  const Dsl *dsl = dsl_of(lua);
  Arena *arena = dsl->graph->arena;
  const char *text = "return {", *table = NULL;
  for (const RecipeSetting *setting = RECIPE_SETTINGS; setting->table; setting++) {
    if (!table || strcmp(table, setting->table) != 0)
      text = arena_printf(arena, "%s%s%s = {", text, table ? "}, " : "", setting->table);
    table = setting->table;
    text = arena_printf(arena, "%s{name = '%s', type = '%s', %s}, ", text, setting->key,
                        setting->type_name, setting->lua);
  }
  sandbox_load_own(dsl->sandbox, "cnn_recipe.def", arena_printf(arena, "%s}}", text));
  lua_call(lua, 0, 1);
}

static void push_definitions(lua_State *lua, const DslOptions *options) {
  lua_newtable(lua);
  for (int i = 0; i < options->definition_count; i++) {
    lua_pushstring(lua, options->definitions[i].value);
    lua_setfield(lua, -2, options->definitions[i].name);
  }
}

/* lenet5 for models/lenet5.lua. */
static void push_stem(lua_State *lua, const char *file) {
  const char *slash = strrchr(file, '/');
  const char *base = slash ? slash + 1 : file;
  const char *dot = strrchr(base, '.');
  lua_pushlstring(lua, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

static void push_core(lua_State *lua, const char *file, const DslOptions *options) {
  static const luaL_Reg FUNCTIONS[] = {
      {"fail", core_fail},
      {"look_at", core_look_at},
      {"position", core_position},
      {"is_value", core_is_value},
      {"located", core_located},
      {"vocabulary", core_vocabulary},
      {"node", core_node},
      {"input", core_input},
      {"finish", dsl_core_finish},
      {"model_here", core_model_here},
      {NULL, NULL},
  };
  luaL_newlib(lua, FUNCTIONS);
  push_ops(lua);
  lua_setfield(lua, -2, "ops");
  push_inits(lua);
  lua_setfield(lua, -2, "inits");
  push_settings(lua);
  lua_setfield(lua, -2, "settings");
  push_definitions(lua, options);
  lua_setfield(lua, -2, "definitions");
  push_stem(lua, file);
  lua_setfield(lua, -2, "stem");
  lua_pushinteger(lua, options->batch);
  lua_setfield(lua, -2, "batch");
  lua_pushinteger(lua, INPUT_CHANNELS_MAX);
  lua_setfield(lua, -2, "channels_max");
  lua_pushinteger(lua, MILESTONES_MAX);
  lua_setfield(lua, -2, "milestones_max");
}

/* Pushes a chunk that lives inside cnnc. */
static void load_embedded(Sandbox *sandbox, const char *name) {
  const EmbeddedFile *file = EMBEDDED_DSL;
  while (file->name && strcmp(file->name, name) != 0) file++;
  assert(file->name);
  sandbox_load_own(sandbox, name, file->text);
}

/* Runs the model, then `entry` ("build" or "describe") of nn.lua with what it returned; its result
   is left on the stack. */
static bool run_model(Dsl *dsl, const char *file, const char *entry) {
  lua_State *lua = sandbox_lua(dsl->sandbox);
  load_embedded(dsl->sandbox, "nn.lua");
  push_core(lua, file, dsl->options);
  load_embedded(dsl->sandbox, "check.lua");
  lua_pushvalue(lua, -2);
  if (!sandbox_call(dsl->sandbox, 1, 1)) return false;
  if (!sandbox_call(dsl->sandbox, 2, 2)) return false; /* nn, and its entries */
  lua_getfield(lua, -1, entry);
  lua_replace(lua, -2);
  lua_insert(lua, -2);
  sandbox_provide(dsl->sandbox, "nn");
  dsl->model = (SourcePos){dsl->graph->file, 1};
  if (!sandbox_run_model(dsl->sandbox)) return false;
  dsl->pos = dsl->model;
  return sandbox_call(dsl->sandbox, 1, 1);
}

static bool dsl_open(Dsl *dsl, Arena *arena, Diag *diag, const char *file,
                     const DslOptions *options) {
  *dsl = (Dsl){.graph = graph_new(arena, diag), .options = options};
  dsl->graph->file = arena_strdup(arena, file);
  dsl->sandbox = sandbox_open(arena, diag, dsl->graph->file, options->zoo, dsl);
  if (dsl->sandbox) sandbox_spare(dsl->sandbox, options->output);
  return dsl->sandbox != NULL;
}

Graph *dsl_load(Arena *arena, Diag *diag, const char *file, const DslOptions *options) {
  Dsl dsl;
  bool loaded = dsl_open(&dsl, arena, diag, file, options) && run_model(&dsl, file, "build");
  sandbox_close(dsl.sandbox);
  return loaded ? dsl.graph : NULL;
}

const char *dsl_describe(Arena *arena, Diag *diag, const char *file, const DslOptions *options) {
  Dsl dsl;
  const char *text = NULL;
  if (dsl_open(&dsl, arena, diag, file, options) && run_model(&dsl, file, "describe"))
    text = arena_strdup(arena, lua_tostring(sandbox_lua(dsl.sandbox), -1));
  sandbox_close(dsl.sandbox);
  return text;
}
