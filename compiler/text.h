/* Whole files: read into an arena, or written so that nobody ever sees half of one. */
#ifndef CNNC_TEXT_H
#define CNNC_TEXT_H

#include "arena.h"
#include "diag.h"

/* The text of a file, ended by a zero that *length does not count. NULL, and errno says why, if the
   file cannot be read. */
char *text_read(Arena *arena, const char *path, size_t *length);

/* Writes through a temporary file beside the target that is then renamed; "-" is standard output,
   and what is not a regular file (a pipe, /dev/null) is written in place. */
bool text_write(Diag *diag, const char *path, const char *text);

#endif
