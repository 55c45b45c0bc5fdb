/* Pasting: C headers among the templates become a part of the output.

   In the output, `#include "NAME.h"` is the text of that header, once; further includes are left
   out. The comment at the top of a header follows the headers that it includes first. NAME may have
   folders in front, which do not count. `vec.h` is the vector wrappers of the target. What a header
   needs as a file of its own is left out: its include guard, `#pragma once`,
   `#pragma GCC diagnostic`, and the standard headers that the output includes at its top. */
#ifndef CNNC_PASTE_H
#define CNNC_PASTE_H

#include "emit/template.h"

#include <stdio.h>

typedef struct Paster {
  Arena *arena;
  TemplateEngine *engine;
  const char *vectors; /* the header that vec.h stands for */
  LIST_OF(const char *) pasted;
} Paster;

/* Writes the text of a header unless it is there already. */
void paste_header(Paster *paster, FILE *out, const char *name);

/* Writes C text, with the headers that it includes. */
void paste_text(Paster *paster, FILE *out, const char *text);

#endif
