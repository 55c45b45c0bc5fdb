/* Inside of the sandbox: what its files share. */
#ifndef CNNC_SANDBOX_PARTS_H
#define CNNC_SANDBOX_PARTS_H

#include "sandbox.h"

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

Sandbox *sandbox_of(lua_State *lua);

/* Registry key: the globals of chunks inside cnnc. */
#define SANDBOX_OWN_GLOBALS "cnnc.globals"

/* sandbox_library.c: opens what a model may use, and keeps the globals of chunks inside cnnc. */
void sandbox_open_libraries(lua_State *lua);

/* sandbox_require.c: `require` of a model. */
int sandbox_require(lua_State *lua);

/* sandbox_clock.c: ends the process, with a message, when the model runs for too long. One sandbox
   at a time. */
void sandbox_clocks_start(const char *model_file);
void sandbox_clocks_stop(void);

#endif
