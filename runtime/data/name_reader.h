/* Names from a file descriptor, such as a pipe, one a line or with a zero after each. */
#ifndef CNN_NAME_READER_H
#define CNN_NAME_READER_H

#include "core/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cnn_name_reader {
  int descriptor;
  char end;      /* behind each name: '\n' or '\0' */
  bool is_over;  /* nothing more can be read */
  bool skipping; /* the remainder of a name that was too long */
  size_t used, next;
  char bytes[2 * PATH_MAX]; /* those from `next` to `used` are not yet names */
} cnn_name_reader;

typedef enum cnn_name_read {
  CNN_NAME,          /* a name */
  CNN_NAME_TOO_LONG, /* the beginning of one that no file can have */
  CNN_NAME_LATER,    /* none has arrived yet, and `wait` is false */
  CNN_NAME_END,
  CNN_NAME_FAILED
} cnn_name_read;

void cnn_name_reader_open(cnn_name_reader *reader, int descriptor, char end);

/* The next name, which lives until the next call. wait: until one arrives. The last name may lack
   its end. */
cnn_name_read cnn_name_reader_next(cnn_name_reader *reader, bool wait, const char **name,
                                   cnn_error *error);

#endif
