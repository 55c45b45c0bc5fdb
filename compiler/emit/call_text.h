/* The C text of calls. Values have their identifiers, kernels their names. */
#ifndef CNNC_CALL_TEXT_H
#define CNNC_CALL_TEXT_H

#include "emit/lower.h"

/* `name(team, arguments)`, without a semicolon; of textbook kernels `name(N, arguments)`, whose
   tensors are void pointers, to become the arrays that the kernel declares. */
char *call_text(Arena *arena, const Call *call, bool textbook);

#endif
