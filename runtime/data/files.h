/* Files that appear whole or not at all: they are written as PATH.partial in the same folder, and
   are on the disk when they are renamed at the end. What is not a regular file (a pipe, a device)
   is written directly, and so is the file that standard output goes to: after its present contents.
   "-" is standard output. Only cnn_file_write_text allocates. */
#ifndef CNN_FILES_H
#define CNN_FILES_H

#include "core/error.h"
#include "core/text.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct cnn_file {
  int descriptor;
  bool in_place;
  char path[PATH_MAX], partial[PATH_MAX];
} cnn_file;

bool cnn_file_begin(cnn_file *file, const char *path, cnn_error *error);
/* After a failure the temporary file is gone, and nothing more may be done with `file`. */
bool cnn_file_add(cnn_file *file, const void *data, size_t size, cnn_error *error);
bool cnn_file_commit(cnn_file *file, cnn_error *error);

/* Whether the path leads to a regular file, and not to the one that standard output or standard
   error goes to. */
bool cnn_file_is_own(const char *path);

/* For a log: the file itself, of which the first `kept` bytes stay; what is added follows. A commit
   ends it. */
bool cnn_file_extend(cnn_file *file, const char *path, off_t kept, cnn_error *error);

/* All three at once. */
bool cnn_file_replace(const char *path, const void *data, size_t size, cnn_error *error);

/* The file becomes what `write` adds to the text; it is called twice, first to measure. */
bool cnn_file_write_text(const char *path, void (*write)(cnn_text *text, const void *what),
                         const void *what, cnn_error *error);

/* Whether both names lead to one file or folder, which is there. */
bool cnn_file_is_same(const char *path, const char *other);

/* False if `out` is the file `input` itself, which writing would destroy; either may be NULL. */
bool cnn_file_spares(const char *out, const char *input, cnn_error *error);

bool cnn_is_folder(const char *path);

/* Makes a folder and those above it; one that exists is fine. */
bool cnn_make_folder(const char *path, cnn_error *error);

#endif
