/* What a model may use of Lua. */
#include "sandbox_parts.h"

#include "driver/escape.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

enum { PRINTED_MAX = 1 << 20 };

static void charge_print(lua_State *lua, size_t bytes) {
  Sandbox *sandbox = sandbox_of(lua);
  sandbox->printed += bytes;
  if (sandbox->printed <= PRINTED_MAX) return;
  diag_set(sandbox->diag, EXIT_MODEL, sandbox_position(lua),
           "print: the model prints more than %d KiB; is there a loop without end?",
           PRINTED_MAX >> 10);
  sandbox_raise(lua);
}

/* To standard error: standard output may be the generated program. */
static int sandbox_print(lua_State *lua) {
  const int count = lua_gettop(lua);
  for (int i = 1; i <= count; i++) {
    size_t length;
    const char *text = luaL_tolstring(lua, i, &length);
    charge_print(lua, length + 1);
    if (i > 1) fputc('\t', stderr);
    escape_print(stderr, text, length);
    lua_pop(lua, 1);
  }
  charge_print(lua, 1);
  fputc('\n', stderr);
  return 0;
}

/* What a model misses that other Lua programs have. */
static int unknown_global(lua_State *lua) {
  static const char *const ABSENT[] = {"io",      "os",     "debug",         "coroutine",
                                       "package", "load",   "dofile",        "loadfile",
                                       "pcall",   "xpcall", "collectgarbage"};
  const char *name = lua_tostring(lua, 2);
  for (size_t i = 0; name && i < sizeof ABSENT / sizeof *ABSENT; i++) {
    if (strcmp(name, ABSENT[i]) != 0) continue;
    diag_set(sandbox_of(lua)->diag, EXIT_MODEL, sandbox_position(lua),
             "a model has no '%s': it cannot reach files, processes or the interpreter; it has nn, "
             "math, string, table and utf8",
             name);
    sandbox_raise(lua);
  }
  return 0;
}

/* As Lua's own, but without finalizers: they would run when the clock and the count of steps have
   stopped. */
static int sandbox_setmetatable(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (!lua_isnoneornil(lua, 2)) luaL_checktype(lua, 2, LUA_TTABLE);
  lua_settop(lua, 2);
  if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
    return luaL_error(lua, "cannot change a protected metatable");
  if (lua_istable(lua, 2)) {
    lua_pushliteral(lua, "__gc");
    if (lua_rawget(lua, 2) != LUA_TNIL)
      return luaL_error(lua, "a model has no finalizers (__gc): nothing of it lives on");
    lua_pop(lua, 1);
  }
  lua_setmetatable(lua, 1);
  return 1;
}

/* No pcall: a mistake must end the run. No coroutines: they would catch it too. No load, no
   collectgarbage. */
static void open_base(lua_State *lua) {
  static const char *const ALLOWED[] = {
      "assert", "error",  "getmetatable", "ipairs", "next",     "pairs",    "rawequal", "rawget",
      "rawlen", "rawset", "select",       "type",   "tonumber", "tostring", "_VERSION"};
  luaL_requiref(lua, LUA_GNAME, luaopen_base, 0);
  lua_newtable(lua);
  for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++) {
    lua_getfield(lua, -2, ALLOWED[i]);
    lua_setfield(lua, -2, ALLOWED[i]);
  }
  lua_pushcfunction(lua, sandbox_require);
  lua_setfield(lua, -2, "require");
  lua_pushcfunction(lua, sandbox_print);
  lua_setfield(lua, -2, "print");
  lua_pushcfunction(lua, sandbox_setmetatable);
  lua_setfield(lua, -2, "setmetatable");
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, unknown_global);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -2, LUA_GNAME);
  lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pop(lua, 1);
}

static void open_library(lua_State *lua, const char *name, lua_CFunction open) {
  luaL_requiref(lua, name, open, 1);
  lua_pop(lua, 1);
}

static void remove_function(lua_State *lua, const char *library, const char *name) {
  lua_getglobal(lua, library);
  lua_pushnil(lua);
  lua_setfield(lua, -2, name);
  lua_pop(lua, 1);
}

/* A new table with the fields of the one at `index`. */
static void push_copy(lua_State *lua, int index) {
  index = lua_absindex(lua, index);
  lua_newtable(lua);
  for (lua_pushnil(lua); lua_next(lua, index);) {
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, -4);
  }
}

/* What the chunks inside cnnc call: Lua's libraries as they are before a model changes its own. */
static void keep_own_globals(lua_State *lua) {
  lua_pushglobaltable(lua);
  push_copy(lua, -1);
  for (lua_pushnil(lua); lua_next(lua, -3);) {
    if (!lua_istable(lua, -1)) {
      lua_pop(lua, 1);
      continue;
    }
    push_copy(lua, -1);
    lua_replace(lua, -2);
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, -4);
  }
  lua_setfield(lua, LUA_REGISTRYINDEX, SANDBOX_OWN_GLOBALS);
  lua_pop(lua, 1);
}

void sandbox_open_libraries(lua_State *lua) {
  open_base(lua);
  open_library(lua, LUA_TABLIBNAME, luaopen_table);
  open_library(lua, LUA_STRLIBNAME, luaopen_string);
  open_library(lua, LUA_MATHLIBNAME, luaopen_math);
  open_library(lua, LUA_UTF8LIBNAME, luaopen_utf8);
  remove_function(lua, LUA_STRLIBNAME, "dump");
  remove_function(lua, LUA_MATHLIBNAME, "random"); /* a model means one network */
  remove_function(lua, LUA_MATHLIBNAME, "randomseed");
  keep_own_globals(lua);
}
