/* What the files of the binding share: functions that nn.lua calls as `core.NAME`, on values of the
   graph that it holds as userdata. */
#ifndef CNNC_BINDING_H
#define CNNC_BINDING_H

#include "dsl.h"
#include "sandbox.h"

enum { DSL_INPUTS_MAX = 60 }; /* of a node in a model */

typedef struct Dsl {
  Graph *graph;
  Sandbox *sandbox;
  const DslOptions *options;
  SourcePos pos;             /* of the call of the vocabulary that runs; file NULL: none */
  SourcePos model;           /* of nn.model */
  NodeList named;            /* layers that the model gave a name */
  const char *outer, *field; /* of the table of the call, what is being checked; or NULL */
} Dsl;

Dsl *dsl_of(lua_State *lua);

/* The user's line that a mistake would be reported at now. */
SourcePos dsl_position(lua_State *lua);

/* Of what stands on the stack at `index`: a value; an op's name; a table of attributes, which
   nn.lua has checked, with those that it does not give left zero. */
Value *dsl_value_at(lua_State *lua, int index);
Value *dsl_value_or_null(lua_State *lua, int index); /* NULL: it is something else */
OpKind dsl_op_at(lua_State *lua, int index);
Attributes dsl_read_attributes(lua_State *lua, int index);

void dsl_push_value(lua_State *lua, Value *value);

/* values.c. core.vocabulary(methods, unknown, add): what x:NAME, x.NAME and a + b mean;
   core.located(f): f, called with the user's line as the place of its mistakes. */
int dsl_core_vocabulary(lua_State *lua);
int dsl_core_located(lua_State *lua);

/* nodes.c. core.node(op, name, is_named, arguments, input...): a layer with its parameters; its
   output. core.input(batch, C, H, W): the images, and x, which the network reads. */
int dsl_core_node(lua_State *lua);
int dsl_core_input(lua_State *lua);
/* core.freeze(layer, statistics): its parameters are not trained; with statistics a batch norm
   keeps its running ones. */
int dsl_core_freeze(lua_State *lua);

/* finish.c. core.finish(logits, model, {{auxiliary logits, weight =}...}): checks that every layer
   is used; adds the losses, and the recipe of the model table, which nn.lua has checked. */
int dsl_core_finish(lua_State *lua);

#endif
