/* Lines of C of at most so many columns. */
#ifndef CNNC_LINES_H
#define CNNC_LINES_H

#include <stdio.h>

enum { LINE_COLUMNS = 100 };

/* Writes C text. Longer lines are broken as clang-format does it: behind a comma or an operator at
   the lowest depth of brackets where the first part fits; what follows stands below the first
   character in those brackets, or 4 columns further in outside of any. A comment behind code goes
   in front of it; a comment is broken between words. Strings and directives stay whole. */
void write_lines(FILE *out, const char *text);

#endif
