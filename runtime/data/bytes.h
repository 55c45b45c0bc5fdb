/* The bytes of a whole file, in a buffer that is kept between files. */
#ifndef CNN_BYTES_H
#define CNN_BYTES_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

/* {0} is empty. */
typedef struct cnn_bytes {
  uint8_t *at;
  size_t size;
  size_t room; /* bytes allocated at `at` */
} cnn_bytes;

/* Makes room for `size` bytes, whose contents are undefined. False: no memory; the buffer is then
   empty. */
bool cnn_bytes_reserve(cnn_bytes *bytes, size_t size);

/* Reads the file, which must be a regular one of at most `most` bytes. */
bool cnn_bytes_read(cnn_bytes *bytes, const char *path, size_t most, cnn_error *error);

void cnn_bytes_release(cnn_bytes *bytes);

#endif
