/* Text that comes from a model, made safe for a terminal. */
#ifndef CNNC_ESCAPE_H
#define CNNC_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Prints the text. A control character but newline and tab, and a byte that is no UTF-8, becomes
   \xNN. */
void escape_print(FILE *out, const char *text, size_t length);

#endif
