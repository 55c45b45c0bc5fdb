/* IDX files (the format of MNIST, yann.lecun.com/exdb/mnist): a big-endian header of magic number
   00 00 TYPE RANK and RANK dimensions, then the elements; plain or compressed with gzip. Only
   bytes (type 08) are read. */
#ifndef CNN_IDX_H
#define CNN_IDX_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum { CNN_IDX_RANK_MAX = 4 };

typedef struct cnn_idx {
  gzFile file;
  char path[4096];
  int rank;
  uint32_t shape[CNN_IDX_RANK_MAX];
  uint64_t offset; /* bytes read so far, of what the file unpacks to */
} cnn_idx;

/* Opens the file and checks its header. */
bool cnn_idx_open(cnn_idx *idx, const char *path, cnn_error *error);

/* The next `size` bytes of elements. */
bool cnn_idx_read(cnn_idx *idx, void *bytes, size_t size, cnn_error *error);

/* After the last element: nothing may follow. */
bool cnn_idx_expect_end(cnn_idx *idx, cnn_error *error);

void cnn_idx_close(cnn_idx *idx);

#endif
