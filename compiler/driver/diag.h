/* Diagnostics: a user's mistake becomes one message with its place and the remedy. The first
   mistake is kept, later ones are its consequences. Functions that can fail return false or NULL
   after diag_set; only main prints the message and exits. */
#ifndef CNNC_DIAG_H
#define CNNC_DIAG_H

#include <stdbool.h>

typedef enum ExitCode {
  EXIT_DONE = 0,
  EXIT_FAILED = 1, /* a file that cannot be written, a compiler that fails */
  EXIT_USAGE = 2,  /* the command line */
  EXIT_MODEL = 3,  /* the model file */
  EXIT_INTERRUPTED = 130
} ExitCode;

typedef struct SourcePos {
  const char *file; /* as the user named it; NULL: no place in a model */
  int line;         /* from 1 */
} SourcePos;

typedef struct Diag {
  ExitCode code; /* EXIT_DONE: no mistake so far */
  bool placed;   /* the message begins with a place in a file */
  char message[2048];
} Diag;

/* Records "file:line: text" (or only the text where pos.file is NULL). Returns false, so that a
   caller may write `return diag_set(...)`. */
bool diag_set(Diag *diag, ExitCode code, SourcePos pos, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
