/* The chunks that a sandbox runs: those inside cnnc, the model, and what it requires. */
#include "sandbox_parts.h"

#include "driver/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Registry keys. */
static const char MODULES[] = "cnnc.modules";
static const char LOADING[] = "loading";

void sandbox_load_own(Sandbox *sandbox, const char *name, const char *text) {
  char chunk_name[64];
  snprintf(chunk_name, sizeof chunk_name, "=%s", name);
  int status = luaL_loadbufferx(sandbox->lua, text, strlen(text), chunk_name, "t");
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(sandbox->lua, -1));
  assert(status == LUA_OK);
  lua_getfield(sandbox->lua, LUA_REGISTRYINDEX, SANDBOX_OWN_GLOBALS);
  lua_setupvalue(sandbox->lua, -2, 1);
}

/* "file:LINE: text", the file perhaps shortened: a mistake in the syntax. */
static void report_syntax(Sandbox *sandbox, const char *file, const char *message) {
  for (const char *at = strchr(message, ':'); at; at = strchr(at + 1, ':')) {
    char *end;
    long line = strtol(at + 1, &end, 10);
    if (end == at + 1 || strncmp(end, ": ", 2) != 0) continue;
    SourcePos pos = {arena_strdup(sandbox->arena, file), (int)line};
    diag_set(sandbox->diag, EXIT_MODEL, pos, "%s", end + 2);
    return;
  }
  diag_set(sandbox->diag, EXIT_MODEL, (SourcePos){arena_strdup(sandbox->arena, file), 1}, "%s",
           message);
}

/* Pushes the chunk of a file of the user's. */
static bool load_users(Sandbox *sandbox, const char *file, const char *text, size_t length) {
  static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";
  if (length >= 3 && !memcmp(text, BYTE_ORDER_MARK, 3)) text += 3, length -= 3;
  if (length && text[0] == LUA_SIGNATURE[0])
    return diag_set(sandbox->diag, EXIT_MODEL, (SourcePos){file, 1},
                    "this is compiled Lua; a model is Lua source text");
  const char *chunk_name = arena_printf(sandbox->arena, "@%s", file);
  int status = luaL_loadbufferx(sandbox->lua, text, length, chunk_name, "t");
  if (status == LUA_OK) return true;
  report_syntax(sandbox, file, lua_tostring(sandbox->lua, -1));
  lua_pop(sandbox->lua, 1);
  return false;
}

bool sandbox_run_model(Sandbox *sandbox) {
  size_t length;
  char *text = text_read(sandbox->arena, sandbox->model, &length);
  if (!text)
    return diag_set(sandbox->diag, EXIT_MODEL, (SourcePos){0},
                    "cannot read %s: %s; name a model file, such as models/lenet5.lua",
                    sandbox->model, strerror(errno));
  return load_users(sandbox, sandbox->model, text, length) && sandbox_call(sandbox, 0, 1);
}

void sandbox_provide(Sandbox *sandbox, const char *name) {
  lua_State *lua = sandbox->lua;
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, MODULES);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, name);
  lua_pop(lua, 1);
}

static bool is_module_name(const char *name, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-') return false;
  return length > 0;
}

void sandbox_spare(Sandbox *sandbox, const char *output) {
  sandbox->output = output;
}

/* A slip of the hand must not cost a file that the model is made of. */
static void check_spared(lua_State *lua, const char *name, const char *path) {
  const Sandbox *sandbox = sandbox_of(lua);
  if (!text_same_file(sandbox->output, path)) return;
  diag_set(sandbox->diag, EXIT_USAGE, (SourcePos){0},
           "-o %s: that is the file which the model requires as \"%s\"; choose another name",
           sandbox->output, name);
  sandbox_raise(lua);
}

/* Pushes the chunk of a module; false if there is no such file. */
static bool load_module(lua_State *lua, const char *name) {
  Sandbox *sandbox = sandbox_of(lua);
  const char *slash = strrchr(sandbox->model, '/');
  int folder = slash ? (int)(slash - sandbox->model) + 1 : 0;
  size_t length;
  const char *shown = arena_printf(sandbox->arena, "%.*s%s.lua", folder, sandbox->model, name);
  const char *path = shown, *text = text_read(sandbox->arena, path, &length);
  if (!text && sandbox->zoo) {
    path = arena_printf(sandbox->arena, "%s/%s.lua", sandbox->zoo, name);
    text = text_read(sandbox->arena, path, &length);
    shown = arena_printf(sandbox->arena, "zoo/%s.lua", name); /* wherever it is installed */
  }
  if (!text) return false;
  check_spared(lua, name, path);
  if (!load_users(sandbox, shown, text, length)) sandbox_raise(lua);
  return true;
}

int sandbox_require(lua_State *lua) {
  Sandbox *sandbox = sandbox_of(lua);
  size_t length;
  const char *name = luaL_checklstring(lua, 1, &length);
  SourcePos pos = sandbox_position(lua);
  if (!is_module_name(name, length)) {
    const bool has_nul = strlen(name) < length;
    diag_set(sandbox->diag, EXIT_MODEL, pos,
             "require expects the name of a module: letters, digits, - and _, not '%s'%s", name,
             has_nul ? " and a zero byte" : "");
    sandbox_raise(lua);
  }
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, MODULES);
  lua_getfield(lua, -1, name);
  if (lua_touserdata(lua, -1) == LOADING) {
    diag_set(sandbox->diag, EXIT_MODEL, pos,
             "require '%s': the module requires itself, directly or through another", name);
    sandbox_raise(lua);
  }
  if (!lua_isnil(lua, -1)) return 1;
  lua_pop(lua, 1);
  lua_pushlightuserdata(lua, (void *)LOADING);
  lua_setfield(lua, -2, name);
  if (!load_module(lua, name)) {
    diag_set(sandbox->diag, EXIT_MODEL, pos,
             "require '%s': there is no such file beside the model or in the zoo; a model may "
             "require \"nn\", files beside it and the zoo",
             name);
    sandbox_raise(lua);
  }
  lua_call(lua, 0, 1);
  if (lua_isnil(lua, -1)) lua_pushboolean(lua, true), lua_replace(lua, -2);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, name);
  return 1;
}
