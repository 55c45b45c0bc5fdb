/* From C to a program: the flags that generated code needs, and running the C compiler. */
#ifndef CNNC_BUILD_H
#define CNNC_BUILD_H

#include "driver/options.h"

/* One line each, for a shell: "-O3 -march=native -fopenmp -I...", "-L... -lcnn ...". */
const char *build_cflags(Arena *arena, const Options *options);
const char *build_libs(Arena *arena);

/* False if a folder, a device, standard output or a file that cnnc did not make is in the place of
   the program or of its C. */
bool build_check_output(Diag *diag, const char *output, const char *source);

/* Compiles the C file `source` to the program `output`, which appears only when it is complete.
   Prints on standard error if OpenMP does not work, and builds for one thread then. False: no
   compiler, or one that failed, is in diag; its own messages went to standard error. */
bool build_program(Arena *arena, Diag *diag, const char *source, const char *output,
                   const Options *options);

#endif
