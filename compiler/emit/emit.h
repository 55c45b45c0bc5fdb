/* The C text of a program. */
#ifndef CNNC_EMIT_H
#define CNNC_EMIT_H

#include "ir/graph.h"
#include "ir/options.h"

/* The C text of the program, in the graph's arena. Both graphs are planned. */
char *emit_program(Graph *training, Graph *inference, const CompileOptions *options);

#endif
