/* Until emit.c is here. */
#include "passes.h"

__attribute__((weak)) char *emit_program(Graph *training, Graph *inference,
                                         const CompileOptions *options) {
  (void)inference;
  return arena_printf(training->arena, "/* %s */\n", options->command);
}
