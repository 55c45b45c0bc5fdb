#include "emit/value_name.h"

#include "ir/queries.h"

#include <ctype.h>
#include <string.h>

/* Names that are taken and that no text in front of the calls declares: words of C, names of
   model.c.in, macros of some compilers. */
static const char *const RESERVED[] = {"auto",
                                       "break",
                                       "case",
                                       "char",
                                       "const",
                                       "continue",
                                       "default",
                                       "do",
                                       "double",
                                       "else",
                                       "enum",
                                       "extern",
                                       "float",
                                       "for",
                                       "goto",
                                       "if",
                                       "inline",
                                       "int",
                                       "long",
                                       "register",
                                       "restrict",
                                       "return",
                                       "short",
                                       "signed",
                                       "sizeof",
                                       "static",
                                       "struct",
                                       "switch",
                                       "typedef",
                                       "union",
                                       "unsigned",
                                       "void",
                                       "volatile",
                                       "while",
                                       "asm",
                                       "typeof",
                                       "size_t",
                                       "linux",
                                       "unix",
                                       "i386",
                                       "t",
                                       "a",
                                       "d",
                                       "p",
                                       "o",
                                       "s",
                                       "state",
                                       "batch",
                                       "logits",
                                       "lanes",
                                       "model",
                                       "main",
                                       "update",
                                       "infer",
                                       "prepack",
                                       "gradients",
                                       "recipe",
                                       "train_step",
                                       "forward_backward",
                                       "update_parameters"};

/* Names all in capitals may be macros of the headers: NULL, NAN, INT32_MAX. */
static bool may_be_macro(const char *name) {
  for (const char *c = name; *c; c++)
    if (islower((unsigned char)*c) || (*c == '_' && !c[1])) return false;
  return true;
}

static bool is_reserved(const char *name) {
  if (may_be_macro(name)) return true;
  for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++)
    if (!strcmp(RESERVED[i], name)) return true;
  return false;
}

static bool is_taken(const Graph *graph, const char *name) {
  for (int i = 0; i < graph->values.count; i++) {
    const char *other = graph->values.at[i]->identifier;
    if (other && !strcmp(other, name)) return true;
  }
  return false;
}

static const char *value_name(const Graph *graph, const Value *value,
                              const Declarations *declared) {
  const bool digit = isdigit((unsigned char)value->name[0]);
  char *name = arena_printf(graph->arena, "%s%s", digit ? "_" : "", value->name);
  for (char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  while (is_reserved(name) || declarations_have(declared, name) || is_taken(graph, name))
    name = arena_printf(graph->arena, "%s_", name);
  return name;
}

void value_names(Graph *graph, const Graph *training, const Declarations *declared) {
  for (int i = 0; i < graph->values.count; i++) graph->values.at[i]->identifier = NULL;
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind == VALUE_PARAMETER_GRADIENT) continue;
    if (value_is_stored(value) && graph != training)
      value->identifier = graph_find_value(training, value->name)->identifier;
    else
      value->identifier = value_name(graph, value, declared);
  }
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->gradient && value->kind == VALUE_PARAMETER)
      value->gradient->identifier = value->identifier;
  }
}
