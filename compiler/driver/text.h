/* Texts: whole files, read into an arena or written so that nobody ever sees half of one; and text
   that is made piece by piece. */
#ifndef CNNC_TEXT_H
#define CNNC_TEXT_H

#include "driver/arena.h"
#include "driver/diag.h"

#include <stdio.h>

/* The text of a file, ended by a zero that *length does not count. NULL, and errno has the reason,
   if the file cannot be read. */
char *text_read(Arena *arena, const char *path, size_t *length);

/* The file that a symbolic link leads to, though it need not be there yet; or the path itself. */
const char *text_target(Arena *arena, const char *path);

/* Writes through a temporary file beside the target that is then renamed; "-" is standard output,
   and what is not a regular file (a pipe, /dev/null) is written in place. A symbolic link stays:
   the file that it leads to is written. */
bool text_write(Arena *arena, Diag *diag, const char *path, const char *text);

/* From now on the exit of the program, which messages call `program`, checks that all of standard
   output was written: exit code 0 becomes EXIT_FAILED, with a message. */
void text_check_stdout(const char *program);

/* Whether what is written there goes to standard output: `-`, or /dev/stdout by any name. */
bool text_is_stdout(const char *path);

/* Whether both names lead to one file, which is there; either may be NULL. */
bool text_same_file(const char *path, const char *other);

/* Text that grows by writing to `out`; text_done copies it into the arena and ends it. */
typedef struct TextStream {
  FILE *out;
  char *data;
  size_t size;
} TextStream;

void text_begin(TextStream *text);
char *text_done(TextStream *text, Arena *arena);

#endif
