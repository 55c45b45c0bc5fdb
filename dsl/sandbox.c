#include "sandbox_parts.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Far more than the largest nets take, and little enough to stop within seconds. */
enum { BYTES_MAX = 256 << 20, INSTRUCTIONS_MAX = 200 * 1000 * 1000, INSTRUCTIONS_A_CHECK = 10000 };

Sandbox *sandbox_of(lua_State *lua) {
  return *(Sandbox **)lua_getextraspace(lua);
}

lua_State *sandbox_lua(Sandbox *sandbox) {
  return sandbox->lua;
}
void *sandbox_client(lua_State *lua) {
  return sandbox_of(lua)->client;
}

/* --- places --------------------------------------------------------------------------------- */

static bool is_users(const lua_Debug *frame) {
  return frame->source[0] == '@';
}

/* One copy of a file's name: positions outlive what Lua has, and there are many. */
static SourcePos position_in(lua_State *lua, const char *source, int line) {
  Sandbox *sandbox = sandbox_of(lua);
  const char *file = source + 1;
  for (int i = 0; i < sandbox->files.count; i++)
    if (!strcmp(sandbox->files.at[i], file)) return (SourcePos){sandbox->files.at[i], line};
  file = arena_strdup(sandbox->arena, file);
  LIST_PUSH(sandbox->arena, &sandbox->files, file);
  return (SourcePos){file, line};
}

SourcePos sandbox_position(lua_State *lua) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(lua, level, &frame); level++) {
    lua_getinfo(lua, "Sl", &frame);
    if (is_users(&frame) && frame.currentline > 0)
      return position_in(lua, frame.source, frame.currentline);
  }
  return (SourcePos){0};
}

SourcePos sandbox_function_position(lua_State *lua, int index) {
  lua_Debug function;
  lua_pushvalue(lua, index);
  lua_getinfo(lua, ">S", &function);
  if (!is_users(&function)) return (SourcePos){0};
  return position_in(lua, function.source, function.linedefined);
}

/* --- mistakes ------------------------------------------------------------------------------- */

_Noreturn void sandbox_raise(lua_State *lua) {
  assert(sandbox_of(lua)->diag->code != EXIT_DONE);
  lua_settop(lua, 0);
  lua_pushnil(lua);
  lua_error(lua);
  abort();
}

/* Lua puts "file:line: " of some frame, its file name perhaps shortened, before a text. Finds that
   frame's place and returns the text behind it; without it, the text, and the place where the
   user's code is. */
static const char *split_message(lua_State *lua, const char *text, SourcePos *pos) {
  *pos = sandbox_position(lua);
  lua_Debug frame;
  for (int level = 0; lua_getstack(lua, level, &frame); level++) {
    lua_getinfo(lua, "Sl", &frame);
    size_t length = strlen(frame.short_src);
    if (!is_users(&frame) || strncmp(text, frame.short_src, length) != 0 || text[length] != ':')
      continue;
    char *end;
    long line = strtol(text + length + 1, &end, 10);
    if (line != frame.currentline || strncmp(end, ": ", 2) != 0) continue;
    *pos = position_in(lua, frame.source, frame.currentline);
    return end + 2;
  }
  return text;
}

/* Message handler: an error of Lua itself, or of the user's `error`, becomes the diagnosis. */
static int on_error(lua_State *lua) {
  Diag *diag = sandbox_of(lua)->diag;
  if (diag->code != EXIT_DONE) return 1;
  SourcePos pos;
  if (lua_type(lua, 1) == LUA_TSTRING) {
    const char *text = split_message(lua, lua_tostring(lua, 1), &pos);
    diag_set(diag, EXIT_MODEL, pos, "%s", text);
  } else {
    diag_set(diag, EXIT_MODEL, sandbox_position(lua),
             "error was called with a %s; give it a text that explains what is wrong",
             luaL_typename(lua, 1));
  }
  return 1;
}

bool sandbox_call(Sandbox *sandbox, int argument_count, int result_count) {
  lua_State *lua = sandbox->lua;
  int base = lua_gettop(lua) - argument_count;
  lua_pushcfunction(lua, on_error);
  lua_insert(lua, base);
  int status = lua_pcall(lua, argument_count, result_count, base);
  lua_remove(lua, base);
  if (status == LUA_ERRMEM)
    diag_set(sandbox->diag, EXIT_MODEL, sandbox->out_of_memory_at,
             "the model needs more than %d MiB of memory while it is built; is there a table or "
             "a text that grows without end?",
             BYTES_MAX >> 20);
  else if (status != LUA_OK)
    diag_set(sandbox->diag, EXIT_MODEL, (SourcePos){sandbox->model, 1}, "error in error handling");
  return sandbox->diag->code == EXIT_DONE;
}

/* --- limits --------------------------------------------------------------------------------- */

static void *allocate(void *client, void *old, size_t old_size, size_t size) {
  Sandbox *sandbox = client;
  if (!old) old_size = 0; /* then Lua gives the kind of the object */
  if (size == 0) {
    free(old);
    sandbox->bytes -= old_size;
    return NULL;
  }
  if (size > old_size && sandbox->bytes + (size - old_size) > BYTES_MAX) {
    if (sandbox->lua) sandbox->out_of_memory_at = sandbox_position(sandbox->lua);
    return NULL;
  }
  void *grown = realloc(old, size);
  if (grown) sandbox->bytes += size - old_size;
  return grown;
}

static void count_instructions(lua_State *lua, lua_Debug *event) {
  (void)event;
  Sandbox *sandbox = sandbox_of(lua);
  sandbox->instructions += INSTRUCTIONS_A_CHECK;
  if (sandbox->instructions <= INSTRUCTIONS_MAX) return;
  diag_set(sandbox->diag, EXIT_MODEL, sandbox_position(lua),
           "the model runs for more than %d million steps; is there a loop without end?",
           INSTRUCTIONS_MAX / 1000000);
  sandbox_raise(lua);
}

/* --- opening ---------------------------------------------------------------------------------- */

Sandbox *sandbox_open(Arena *arena, Diag *diag, const char *model_file, const char *zoo,
                      void *client) {
  Sandbox *sandbox = ARENA_NEW(arena, Sandbox);
  sandbox->arena = arena;
  sandbox->diag = diag;
  sandbox->model = model_file;
  sandbox->zoo = zoo;
  sandbox->client = client;
  lua_State *lua = lua_newstate(allocate, sandbox);
  if (!lua) {
    diag_set(diag, EXIT_FAILED, (SourcePos){0}, "out of memory");
    return NULL;
  }
  *(Sandbox **)lua_getextraspace(lua) = sandbox;
  sandbox->lua = lua;
  sandbox_open_libraries(lua);
  lua_sethook(lua, count_instructions, LUA_MASKCOUNT, INSTRUCTIONS_A_CHECK);
  sandbox_clocks_start(model_file);
  return sandbox;
}

void sandbox_close(Sandbox *sandbox) {
  if (sandbox) lua_close(sandbox->lua);
  sandbox_clocks_stop();
}
