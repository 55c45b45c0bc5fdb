/* All memory of a run in one mapping: first all of it is requested, then it is allocated at once,
   zeroed and aligned to 64 bytes, and nothing is allocated after that. Its size is known up to half
   a huge page. */
#ifndef CNN_STORAGE_H
#define CNN_STORAGE_H

#include "core/error.h"

#include <stddef.h>

enum { CNN_STORAGE_WISHES = 32 };

typedef struct cnn_storage {
  struct {
    void *pointer; /* to the pointer that cnn_storage_commit sets */
    size_t bytes;
  } wishes[CNN_STORAGE_WISHES];
  int count;
  unsigned char *base;
  size_t bytes; /* requested */
  void *map;
  size_t map_bytes; /* with alignment */
} cnn_storage;

/* Requests count * size bytes; the pointer at *pointer points there after cnn_storage_commit. */
void cnn_storage_want(cnn_storage *storage, void *pointer, size_t count, size_t size);
bool cnn_storage_commit(cnn_storage *storage, cnn_error *error);
void cnn_storage_release(cnn_storage *storage);

#endif
