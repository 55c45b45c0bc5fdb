#include "emit/template.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text {
  char *at;
  size_t length, capacity;
} Text;

struct TemplateEngine {
  Arena *arena;
  const EmbeddedFile *files;
  lua_State *lua;
  Text output; /* of the rendering that runs */
};

/* Registry keys: file name -> compiled chunk; the metatable of a rendering's globals. */
static const char CHUNKS[] = "cnnc.chunks", GLOBALS[] = "cnnc.globals";

static void text_add(Text *text, const char *bytes, size_t length) {
  if (text->capacity - text->length < length + 1) {
    text->capacity = (text->capacity + length + 1) * 2;
    text->at = realloc(text->at, text->capacity);
    if (!text->at) out_of_memory();
  }
  memcpy(text->at + text->length, bytes, length);
  text->length += length;
  text->at[text->length] = '\0';
}

static void text_string(Text *text, const char *string) {
  text_add(text, string, strlen(string));
}

/* --- a template becomes Lua ------------------------------------------------------------------ */

/* The end of the expression that starts behind "${": its closing brace, or NULL. */
static const char *expression_end(const char *at, const char *line_end) {
  int depth = 0;
  for (; at < line_end; at++) {
    if (*at == '"' || *at == '\'') {
      char quote = *at++;
      while (at < line_end && *at != quote) at += *at == '\\' ? 2 : 1;
    } else if (*at == '{') {
      depth++;
    } else if (*at == '}' && depth-- == 0) {
      return at;
    }
  }
  return NULL;
}

static void add_quoted(Text *lua, const char *bytes, const char *end) {
  text_string(lua, "\"");
  for (; bytes < end; bytes++) {
    if (*bytes == '"' || *bytes == '\\') text_string(lua, "\\");
    text_add(lua, bytes, 1);
  }
}

/* A text line: emit("text ", expression, " more text\n"); */
static bool add_text_line(Text *lua, const char *line, const char *end) {
  text_string(lua, "emit(");
  for (const char *dollar; (dollar = memmem(line, (size_t)(end - line), "${", 2));) {
    const char *close = expression_end(dollar + 2, end);
    if (!close) return false;
    if (dollar > line) {
      add_quoted(lua, line, dollar);
      text_string(lua, "\", ");
    }
    text_add(lua, dollar + 2, (size_t)(close - dollar - 2));
    text_string(lua, ", ");
    line = close + 1;
  }
  add_quoted(lua, line, end);
  text_string(lua, "\\n\");");
  return true;
}

/* Pushes the chunk of a template. */
static void push_chunk(lua_State *lua, TemplateEngine *engine, const char *name) {
  lua_getfield(lua, LUA_REGISTRYINDEX, CHUNKS);
  if (lua_getfield(lua, -1, name) == LUA_TFUNCTION) {
    lua_remove(lua, -2);
    return;
  }
  lua_pop(lua, 1);
  const EmbeddedFile *file = engine->files;
  while (file->name && strcmp(file->name, name) != 0) file++;
  if (!file->name) luaL_error(lua, "no template has the name '%s'", name);

  Text code = {0};
  int line_number = 1, bad_line = 0;
  for (const char *line = file->text; *line && !bad_line; line_number++) {
    const char *end = strchrnul(line, '\n'), *first = line + strspn(line, " \t");
    if (*first == '$' && (first[1] == ' ' || first + 1 == end)) {
      text_add(&code, first + 1, (size_t)(end - first - 1));
    } else if (!add_text_line(&code, line, end)) {
      bad_line = line_number;
    }
    text_string(&code, "\n");
    line = *end ? end + 1 : end;
  }
  int failed = LUA_OK;
  if (bad_line) {
    lua_pushfstring(lua, "templates/%s:%d: '${' without '}'", name, bad_line);
    failed = LUA_ERRSYNTAX;
  } else {
    lua_pushfstring(lua, "@templates/%s", name);
    failed = luaL_loadbufferx(lua, code.at ? code.at : "", code.length, lua_tostring(lua, -1), "t");
    lua_remove(lua, -2);
  }
  free(code.at);
  if (failed) lua_error(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, name);
  lua_remove(lua, -2);
}

/* --- what a template can call ---------------------------------------------------------------- */

static TemplateEngine *engine_of(lua_State *lua) {
  return *(TemplateEngine **)lua_getextraspace(lua);
}

static int emit(lua_State *lua) {
  Text *output = &engine_of(lua)->output;
  int count = lua_gettop(lua);
  for (int i = 1; i <= count; i++) {
    size_t length;
    int whole;
    lua_Integer integer = lua_tointegerx(lua, i, &whole);
    if (whole && lua_type(lua, i) == LUA_TNUMBER) { /* 2.0 is written as 2 */
      char digits[32];
      text_add(output, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)integer));
    } else if (lua_isstring(lua, i)) {
      const char *string = lua_tolstring(lua, i, &length);
      text_add(output, string, length);
    } else { /* a boolean in C text is a forgotten `and ... or ...` */
      return luaL_error(lua, "a %s where text or a number must be (part %d of the line)",
                        luaL_typename(lua, i), i);
    }
  }
  return 0;
}

/* Runs a chunk with the table of globals at `globals`. */
static void run_chunk(lua_State *lua, const char *name, int globals) {
  push_chunk(lua, engine_of(lua), name);
  lua_pushvalue(lua, globals);
  lua_setupvalue(lua, -2, 1);
  lua_call(lua, 0, 0);
}

/* include "FILE": the globals of the rendering are this function's upvalue. */
static int include(lua_State *lua) {
  run_chunk(lua, luaL_checkstring(lua, 1), lua_upvalueindex(1));
  return 0;
}

/* Lua's own assert does not name the line. */
static int checked_assert(lua_State *lua) {
  if (lua_toboolean(lua, 1)) return lua_gettop(lua);
  return luaL_error(lua, "%s", luaL_optstring(lua, 2, "assertion failed"));
}

static int read_unknown(lua_State *lua) {
  return luaL_error(lua, "unknown name '%s'", lua_tostring(lua, 2));
}

static int write_global(lua_State *lua) {
  if (!lua_isfunction(lua, 3)) {
    return luaL_error(lua, "assignment to the global '%s': write `local`", lua_tostring(lua, 2));
  }
  lua_rawset(lua, 1);
  return 0;
}

const char *number_digits(double number, char digits[NUMBER_DIGITS_MAX]) {
  for (int count = 1; count <= 17; count++) {
    snprintf(digits, NUMBER_DIGITS_MAX, "%.*g", count, number);
    if (strtod(digits, NULL) == number) break;
  }
  return digits;
}

static void push_param(lua_State *lua, const TemplateParam *param) {
  char digits[NUMBER_DIGITS_MAX];
  switch (param->type) {
  case PARAM_INT:
    lua_pushinteger(lua, param->integer);
    break;
  case PARAM_BOOL:
    lua_pushboolean(lua, param->boolean);
    break;
  case PARAM_STRING:
    lua_pushstring(lua, param->string);
    break;
  case PARAM_NUMBER:
    lua_pushstring(lua, number_digits(param->number, digits));
    break;
  case PARAM_REFERENCE:
    lua_pushstring(lua, *param->reference);
    break;
  }
}

/* Leaves a fresh table of globals on the stack. */
static void push_globals(lua_State *lua, const TemplateParam *params, int count) {
  static const char *const SHARED[] = {"string", "table",    "math",     "ipairs", "select",
                                       "type",   "tostring", "tonumber", "error"};
  lua_newtable(lua);
  for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED; i++) {
    lua_getglobal(lua, SHARED[i]);
    lua_setfield(lua, -2, SHARED[i]);
  }
  lua_pushcfunction(lua, emit);
  lua_setfield(lua, -2, "emit");
  lua_pushcfunction(lua, checked_assert);
  lua_setfield(lua, -2, "assert");
  lua_pushvalue(lua, -1);
  lua_pushcclosure(lua, include, 1);
  lua_setfield(lua, -2, "include");
  for (int i = 0; i < count; i++) {
    push_param(lua, &params[i]);
    lua_setfield(lua, -2, params[i].name);
  }
  luaL_setmetatable(lua, GLOBALS);
}

/* --- engine ---------------------------------------------------------------------------------- */

static void *allocate(void *unused, void *memory, size_t old_bytes, size_t bytes) {
  (void)unused;
  (void)old_bytes;
  if (bytes == 0) {
    free(memory);
    return NULL;
  }
  memory = realloc(memory, bytes);
  if (!memory) out_of_memory();
  return memory;
}

TemplateEngine *template_engine_new_from(Arena *arena, const EmbeddedFile *files) {
  TemplateEngine *engine = ARENA_NEW(arena, TemplateEngine);
  engine->arena = arena;
  engine->files = files;
  engine->lua = lua_newstate(allocate, NULL);
  if (!engine->lua) out_of_memory();
  lua_State *lua = engine->lua;
  *(TemplateEngine **)lua_getextraspace(lua) = engine;
  luaL_requiref(lua, "_G", luaopen_base, 1);
  luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
  luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
  lua_newtable(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, CHUNKS);
  luaL_newmetatable(lua, GLOBALS);
  lua_pushcfunction(lua, read_unknown);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, write_global);
  lua_setfield(lua, -2, "__newindex");
  lua_settop(lua, 0);
  return engine;
}

TemplateEngine *template_engine_new(Arena *arena) {
  return template_engine_new_from(arena, EMBEDDED_TEMPLATES);
}

void template_engine_release(TemplateEngine *engine) {
  if (!engine) return;
  lua_close(engine->lua);
  free(engine->output.at);
}

typedef struct Rendering {
  const char *name;
  const TemplateParam *params;
  int count;
} Rendering;

static int render_protected(lua_State *lua) {
  const Rendering *rendering = lua_touserdata(lua, 1);
  push_globals(lua, rendering->params, rendering->count);
  run_chunk(lua, rendering->name, lua_gettop(lua));
  return 0;
}

static int add_traceback(lua_State *lua) {
  luaL_traceback(lua, lua, luaL_tolstring(lua, 1, NULL), 1);
  return 1;
}

char *template_try_render(TemplateEngine *engine, const char *name, const TemplateParam *params,
                          int count, const char **error) {
  lua_State *lua = engine->lua;
  Rendering rendering = {name, params, count};
  engine->output.length = 0;
  lua_pushcfunction(lua, add_traceback);
  lua_pushcfunction(lua, render_protected);
  lua_pushlightuserdata(lua, &rendering);
  char *text = NULL;
  if (lua_pcall(lua, 1, 0, 1) == LUA_OK) {
    text = arena_strdup(engine->arena, engine->output.length ? engine->output.at : "");
  } else {
    *error = arena_strdup(engine->arena, lua_tostring(lua, -1));
  }
  lua_settop(lua, 0);
  return text;
}

char *template_render(TemplateEngine *engine, const char *name, const TemplateParam *params,
                      int count) {
  const char *error;
  char *text = template_try_render(engine, name, params, count, &error);
  if (!text) {
    fprintf(stderr, "cnnc: a template failed; this is a mistake in cnnc.\n%s\n", error);
    abort();
  }
  return text;
}
