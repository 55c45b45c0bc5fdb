/* Model files: Lua text in, forward graph out. docs/language.md describes the language; nn.lua
   defines its vocabulary and checks arguments; this binding builds the graph. */
#ifndef CNNC_DSL_H
#define CNNC_DSL_H

#include "ir/graph.h"

typedef struct DslDefinition {
  const char *name, *value; /* -D name=value */
} DslDefinition;

typedef struct DslOptions {
  const DslDefinition *definitions;
  int definition_count;
  int batch; /* instead of the model's; 0: the model's */
  const char
      *freeze; /* instead of the recipe's freeze: names with commas between; NULL: the recipe's */
  const char *output; /* what will be written: no file that the model requires; or NULL */
  const char *zoo;    /* folder with models that any model may require; NULL: none */
} DslOptions;

/* The forward graph of a model: pack_input from the images to x, the layers, and the loss. NULL,
   and the mistake in diag, if the file cannot be read or the model is wrong (EXIT_MODEL), or a
   definition is none of the model's options (EXIT_USAGE). */
Graph *dsl_load(Arena *arena, Diag *diag, const char *file, const DslOptions *options);

/* What `cnnc MODEL.lua --help` prints: the model's input, recipe and options. NULL as above. */
const char *dsl_describe(Arena *arena, Diag *diag, const char *file, const DslOptions *options);

#endif
