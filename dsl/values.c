/* Values of the graph in a model: full userdata that hold a pointer. Methods are looked up by C
   functions, because a Lua function that is called in a return statement would lose the frame of
   the user's line, and because Lua gives every call of a chain over several lines the line of its
   first. */
#include "binding.h"

#include "ir/shapes.h"

#include <lauxlib.h>
#include <string.h>

static const char VALUE_TYPE[] = "cnnc.value";

/* --- values --------------------------------------------------------------------------------- */

void dsl_push_value(lua_State *lua, Value *value) {
  Value **box = lua_newuserdatauv(lua, sizeof *box, 0);
  *box = value;
  luaL_setmetatable(lua, VALUE_TYPE);
}

Value *dsl_value_at(lua_State *lua, int index) {
  return *(Value **)luaL_checkudata(lua, index, VALUE_TYPE);
}

Value *dsl_value_or_null(lua_State *lua, int index) {
  Value **box = luaL_testudata(lua, index, VALUE_TYPE);
  return box ? *box : NULL;
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

int dsl_core_located(lua_State *lua) {
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
  lua_pushfstring(lua, "%s %s", value->name, shape_label(value->rank, value->dim).text);
  return 1;
}

int dsl_core_vocabulary(lua_State *lua) {
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
