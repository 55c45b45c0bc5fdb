/* The binding: nn.lua calls these functions as `core.NAME`. */
#include "binding.h"

#include "driver/embedded.h"
#include "field_line.h"
#include "ir/init.h"
#include "ir/shapes.h"
#include "driver/text.h"

#include <assert.h>
#include <lauxlib.h>
#include <string.h>

Dsl *dsl_of(lua_State *lua) {
  return sandbox_client(lua);
}

SourcePos dsl_position(lua_State *lua) {
  Dsl *dsl = dsl_of(lua);
  return dsl->pos.file ? dsl->pos : sandbox_position(lua);
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
  } else if (dsl_value_or_null(lua, 2)) {
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
  const SourcePos pos = position_of_field(dsl_of(lua), dsl_position(lua));
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
  lua_pushboolean(lua, dsl_value_or_null(lua, 1) != NULL);
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
    lua_pushboolean(lua, op_can(op, HAS_PARAMETERS));
    lua_setfield(lua, -2, "has_parameters");
    lua_pushboolean(lua, op_is_loss(op));
    lua_setfield(lua, -2, "is_loss");
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

/* core.settings: the arguments in cnn_recipe.def, by table: {sgd = {{name =, type =,
   ...}...}...}. */
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
      {"located", dsl_core_located},
      {"vocabulary", dsl_core_vocabulary},
      {"node", dsl_core_node},
      {"input", dsl_core_input},
      {"freeze", dsl_core_freeze},
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
  if (options->freeze) {
    lua_pushstring(lua, options->freeze);
    lua_setfield(lua, -2, "freeze_option");
  }
  lua_pushinteger(lua, DSL_INPUTS_MAX);
  lua_setfield(lua, -2, "inputs_max");
  lua_pushinteger(lua, CNN_CHANNELS_MAX);
  lua_setfield(lua, -2, "channels_max");
  lua_pushinteger(lua, CNN_MILESTONES_MAX);
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
  load_embedded(dsl->sandbox, "freeze.lua");
  lua_pushvalue(lua, -3);
  lua_pushvalue(lua, -3);
  if (!sandbox_call(dsl->sandbox, 2, 1)) return false;
  if (!sandbox_call(dsl->sandbox, 3, 2)) return false; /* nn, and its entries */
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
