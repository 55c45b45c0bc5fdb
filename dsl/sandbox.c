#include "sandbox.h"

#include "driver/escape.h"
#include "driver/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Far more than the largest nets take, and little enough to stop within seconds. */
enum {
  BYTES_MAX = 256 << 20,
  SECONDS_MAX = 20,      /* of the processor, for the model and for the system on its behalf */
  WALL_SECONDS_MAX = 60, /* a model that waits, say for a terminal, comes to an end, too */
  PRINTED_MAX = 1 << 20,
  INSTRUCTIONS_MAX = 200 * 1000 * 1000,
  INSTRUCTIONS_A_CHECK = 10000
};

struct Sandbox {
  lua_State *lua;
  Arena *arena;
  Diag *diag;
  const char *model, *zoo, *output;
  void *client;
  size_t bytes;
  int64_t instructions;
  size_t printed; /* bytes */
  SourcePos out_of_memory_at;
  LIST_OF(const char *) files; /* of chunks, as positions name them */
};

/* Registry keys. */
static const char MODULES[] = "cnnc.modules";
static const char LOADING[] = "loading";
static const char OWN_GLOBALS[] = "cnnc.globals";

static Sandbox *sandbox_of(lua_State *lua) {
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

/* A pattern of the string library can run for hours inside one instruction, where no hook comes.
   The handler can do no more than print a message and end the process; no file is open then. */
typedef struct Clock {
  clockid_t id;
  int seconds;
  const char *verb;
  timer_t timer;
  char message[1024];
} Clock;

static Clock clocks[] = {
    {.id = CLOCK_PROCESS_CPUTIME_ID, .seconds = SECONDS_MAX, .verb = "computes"},
    {.id = CLOCK_MONOTONIC, .seconds = WALL_SECONDS_MAX, .verb = "runs"}};
enum { CLOCK_COUNT = sizeof clocks / sizeof *clocks };
static bool clocks_run;

static void out_of_time(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  const char *message = info->si_value.sival_ptr;
  struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT}; /* which may be what blocks */
  ssize_t written = poll(&out, 1, 0) == 1 ? write(STDERR_FILENO, message, strlen(message)) : 0;
  _exit(written < 0 ? EXIT_FAILED : EXIT_MODEL);
}

static void start_clock(Clock *clock, const char *model_file) {
  FILE *out = fmemopen(clock->message, sizeof clock->message - 1, "w");
  if (!out) out_of_memory();
  escape_print(out, model_file, strnlen(model_file, sizeof clock->message / 2 / 4));
  fprintf(out,
          ": the model %s for more than %d seconds; is there a loop or a pattern without end?\n",
          clock->verb, clock->seconds);
  fclose(out);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
  event.sigev_value.sival_ptr = clock->message;
  if (timer_create(clock->id, &event, &clock->timer) != 0) out_of_memory();
  timer_settime(clock->timer, 0, &(struct itimerspec){.it_value.tv_sec = clock->seconds}, NULL);
}

static void start_clocks(const char *model_file) {
  sigaction(SIGVTALRM, &(struct sigaction){.sa_sigaction = out_of_time, .sa_flags = SA_SIGINFO},
            NULL);
  for (int i = 0; i < CLOCK_COUNT; i++) start_clock(&clocks[i], model_file);
  clocks_run = true;
}

static void stop_clocks(void) {
  for (int i = 0; i < CLOCK_COUNT && clocks_run; i++) timer_delete(clocks[i].timer);
  clocks_run = false;
}

/* --- chunks and require --------------------------------------------------------------------- */

void sandbox_load_own(Sandbox *sandbox, const char *name, const char *text) {
  char chunk_name[64];
  snprintf(chunk_name, sizeof chunk_name, "=%s", name);
  int status = luaL_loadbufferx(sandbox->lua, text, strlen(text), chunk_name, "t");
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(sandbox->lua, -1));
  assert(status == LUA_OK);
  lua_getfield(sandbox->lua, LUA_REGISTRYINDEX, OWN_GLOBALS);
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

static int sandbox_require(lua_State *lua) {
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

/* --- what a model may use ------------------------------------------------------------------- */

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
  lua_setfield(lua, LUA_REGISTRYINDEX, OWN_GLOBALS);
  lua_pop(lua, 1);
}

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
  open_base(lua);
  open_library(lua, LUA_TABLIBNAME, luaopen_table);
  open_library(lua, LUA_STRLIBNAME, luaopen_string);
  open_library(lua, LUA_MATHLIBNAME, luaopen_math);
  open_library(lua, LUA_UTF8LIBNAME, luaopen_utf8);
  remove_function(lua, LUA_STRLIBNAME, "dump");
  remove_function(lua, LUA_MATHLIBNAME, "random"); /* a model means one network */
  remove_function(lua, LUA_MATHLIBNAME, "randomseed");
  keep_own_globals(lua);
  lua_sethook(lua, count_instructions, LUA_MASKCOUNT, INSTRUCTIONS_A_CHECK);
  start_clocks(model_file);
  return sandbox;
}

void sandbox_close(Sandbox *sandbox) {
  if (sandbox) lua_close(sandbox->lua);
  stop_clocks();
}
