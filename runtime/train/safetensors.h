/* safetensors files (github.com/huggingface/safetensors): 8 bytes of little-endian header length, a
   JSON header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {...}}, then the
   data. */
#ifndef CNN_SAFETENSORS_H
#define CNN_SAFETENSORS_H

#include "core/error.h"
#include "core/text.h"
#include "train/tensor.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cnn_metadata {
  const char *key, *value;
} cnn_metadata;

/* --- writing ------------------------------------------------------------------------------- */

/* The header, its length included, as the text of a file with these tensors; with text->data NULL
   it is only measured. */
void cnn_safetensors_header(cnn_text *text, const cnn_tensor *tensors, int count,
                            const cnn_metadata *metadata, int metadata_count);

/* Replaces the file; its metadata also has the crc32 of its data. header: room enough for the
   header. Allocates nothing. */
bool cnn_safetensors_write(const char *path, const cnn_tensor *tensors, int count,
                           const cnn_metadata *metadata, int metadata_count, cnn_text *header,
                           cnn_error *error);

/* --- reading ------------------------------------------------------------------------------- */

typedef struct cnn_safetensors {
  void *map;
  size_t map_bytes;
  const unsigned char *data; /* what follows the header */
  size_t data_bytes;
  cJSON *header;
  cnn_tensor *tensors; /* in the order of the file; names and data live as long as this */
  int count;
} cnn_safetensors;

/* Maps the file and checks all but its numbers: no offset leads outside of the file. */
bool cnn_safetensors_open(cnn_safetensors *file, const char *path, cnn_error *error);

/* Compares the data with the crc32 in the metadata, if there is one; reads all of the file. */
bool cnn_safetensors_check_data(const cnn_safetensors *file, const char *path, cnn_error *error);

const cnn_tensor *cnn_safetensors_find(const cnn_safetensors *file, const char *name); /* or NULL */
const char *cnn_safetensors_metadata(const cnn_safetensors *file, const char *key);    /* or NULL */
void cnn_safetensors_close(cnn_safetensors *file);

#endif
