/* A Lua 5.4 state for model files, which come from anybody: text chunks alone, a bounded number of
   instructions and bytes, and of the standard library only what cannot reach outside. `require`
   finds modules that the caller has put in place, files beside the model, and the zoo. */
#ifndef CNNC_SANDBOX_H
#define CNNC_SANDBOX_H

#include "driver/arena.h"
#include "driver/diag.h"

#include <lua.h>

typedef struct Sandbox Sandbox;

/* What may not be required, for it will be written; NULL: nothing. */
void sandbox_spare(Sandbox *sandbox, const char *output);

/* `zoo` is the folder of the zoo, NULL if there is none; `client` comes back from
   sandbox_client. */
Sandbox *sandbox_open(Arena *arena, Diag *diag, const char *model_file, const char *zoo,
                      void *client);
void sandbox_close(Sandbox *sandbox);

lua_State *sandbox_lua(Sandbox *sandbox);
void *sandbox_client(lua_State *lua);

/* Makes the value on top of the stack, which it pops, the result of `require "name"`. */
void sandbox_provide(Sandbox *sandbox, const char *name);

/* Pushes the chunk of text that the user never sees (nn.lua); its errors are ours. */
void sandbox_load_own(Sandbox *sandbox, const char *name, const char *text);

/* Runs the model file and leaves its one result on the stack. False: the mistake is in diag. */
bool sandbox_run_model(Sandbox *sandbox);

/* Like lua_call, but false with the mistake in diag. */
bool sandbox_call(Sandbox *sandbox, int argument_count, int result_count);

/* The line that runs in the innermost function from a file of the user's; file is NULL if there is
   none. */
SourcePos sandbox_position(lua_State *lua);

/* Where a function of the user's begins. */
SourcePos sandbox_function_position(lua_State *lua, int index);

/* Leaves Lua after a mistake that is in diag. */
_Noreturn void sandbox_raise(lua_State *lua);

#endif
