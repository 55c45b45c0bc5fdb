#include "train/safetensors.h"

#include "data/files.h"
#include "train/json.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { LENGTH_BYTES = 8, ALIGNMENT = 8 };
#define CHECKSUM "crc32"                      /* the key in the metadata */
static const uint64_t HEADER_MAX = 100000000; /* as the reference implementation has it */

/* --- writing ------------------------------------------------------------------------------- */

/* zlib's, of all data in the order of the file. */
static uint32_t checksum(const cnn_tensor *tensors, int count) {
  uLong sum = crc32_z(0, NULL, 0);
  for (int i = 0; i < count; i++) sum = crc32_z(sum, tensors[i].data, tensors[i].bytes);
  return (uint32_t)sum;
}

void cnn_safetensors_header(cnn_text *text, const cnn_tensor *tensors, int count,
                            const cnn_metadata *metadata, int metadata_count) {
  text->used = 0;
  cnn_text_add(text, "%8s{\"__metadata__\":{", "");
  for (int i = 0; i < metadata_count; i++) {
    cnn_text_add_json(text, metadata[i].key);
    cnn_text_add(text, ":");
    cnn_text_add_json(text, metadata[i].value);
    cnn_text_add(text, ",");
  }
  cnn_text_add(text, "\"" CHECKSUM "\":\"%08" PRIx32 "\"}",
               text->data ? checksum(tensors, count) : 0);
  size_t offset = 0;
  for (int i = 0; i < count; i++) {
    const cnn_tensor *tensor = &tensors[i];
    cnn_text_add(text, ",");
    cnn_text_add_json(text, tensor->name);
    cnn_text_add(text, ":{\"dtype\":\"%s\",\"shape\":[", cnn_dtype_name(tensor->dtype));
    for (int k = 0; k < tensor->rank; k++)
      cnn_text_add(text, k ? ",%lld" : "%lld", (long long)tensor->shape[k]);
    cnn_text_add(text, "],\"data_offsets\":[%zu,%zu]}", offset, offset + tensor->bytes);
    offset += tensor->bytes;
  }
  cnn_text_add(text, "}");
  while (text->used % ALIGNMENT) cnn_text_add(text, " ");
  if (text->used > text->size) return;
  for (int i = 0; i < LENGTH_BYTES; i++)
    text->data[i] = (char)((uint64_t)(text->used - LENGTH_BYTES) >> (8 * i));
}

bool cnn_safetensors_write(const char *path, const cnn_tensor *tensors, int count,
                           const cnn_metadata *metadata, int metadata_count, cnn_text *header,
                           cnn_error *error) {
  cnn_safetensors_header(header, tensors, count, metadata, metadata_count);
  assert(header->used <= header->size);
  cnn_file file;
  if (!cnn_file_begin(&file, path, error) ||
      !cnn_file_add(&file, header->data, header->used, error))
    return false;
  for (int i = 0; i < count; i++)
    if (!cnn_file_add(&file, tensors[i].data, tensors[i].bytes, error)) return false;
  return cnn_file_commit(&file, error);
}

/* --- reading ------------------------------------------------------------------------------- */

static bool bad(const char *path, const char *what, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_DATA, "%s: %s; is it a whole safetensors file?", path, what);
}

/* A JSON number that is an integer from 0 to 2^53. */
static bool to_integer(const cJSON *item, int64_t *integer) {
  if (!cJSON_IsNumber(item)) return false;
  double value = item->valuedouble;
  if (!(value >= 0 && value <= 0x1p53) || value != (double)(int64_t)value) return false;
  *integer = (int64_t)value;
  return true;
}

/* The three parts of an entry; each returns what is wrong, or NULL. */
static const char *read_dtype(const cJSON *item, cnn_dtype *dtype, int64_t *bytes) {
  int each;
  if (!cJSON_IsString(item) || !cnn_dtype_find(item->valuestring, dtype, &each))
    return "unknown dtype";
  *bytes = each;
  return NULL;
}

/* bytes: of one element; becomes those of all. */
static const char *read_shape(const cJSON *item, cnn_tensor *tensor, int64_t *bytes) {
  if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) > CNN_TENSOR_RANK_MAX) return "bad shape";
  const cJSON *dimension;
  cJSON_ArrayForEach(dimension, item) {
    int64_t size;
    if (!to_integer(dimension, &size) || __builtin_mul_overflow(*bytes, size, bytes))
      return "bad shape";
    tensor->shape[tensor->rank++] = size;
  }
  return NULL;
}

static const char *read_offsets(const cJSON *item, int64_t bytes, uint64_t data_bytes,
                                int64_t *begin) {
  int64_t end;
  if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 ||
      !to_integer(cJSON_GetArrayItem(item, 0), begin) ||
      !to_integer(cJSON_GetArrayItem(item, 1), &end) || *begin > end || (uint64_t)end > data_bytes)
    return "data_offsets outside of the file";
  return end - *begin == bytes ? NULL : "data_offsets that do not fit its shape";
}

static bool read_entry(const cnn_safetensors *file, cnn_tensor *tensor, const cJSON *entry,
                       const char *path, cnn_error *error) {
  int64_t bytes = 0, begin = 0;
  const char *what =
      read_dtype(cJSON_GetObjectItemCaseSensitive(entry, "dtype"), &tensor->dtype, &bytes);
  if (!what) what = read_shape(cJSON_GetObjectItemCaseSensitive(entry, "shape"), tensor, &bytes);
  if (!what)
    what = read_offsets(cJSON_GetObjectItemCaseSensitive(entry, "data_offsets"), bytes,
                        file->data_bytes, &begin);
  if (what)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: tensor '%s' has %s; is it a whole safetensors file?",
                    path, entry->string, what);
  tensor->name = entry->string;
  tensor->data = file->data + begin;
  tensor->bytes = (size_t)bytes;
  return true;
}

static int compare_offsets(const void *a, const void *b) {
  const cnn_tensor *one = a, *other = b;
  if (one->data != other->data) return (const char *)one->data < (const char *)other->data ? -1 : 1;
  return (one->bytes > other->bytes) - (one->bytes < other->bytes);
}

/* Puts the tensors in the order of their data. The format allows neither holes nor tensors that
   share bytes. */
static bool fill_data(cnn_safetensors *file) {
  const unsigned char *end = file->data;
  qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, compare_offsets);
  for (int i = 0; i < file->count; i++) {
    if (file->tensors[i].data != end) return false;
    end += file->tensors[i].bytes;
  }
  return end == file->data + file->data_bytes;
}

static bool read_header(cnn_safetensors *file, const char *path, cnn_error *error) {
  const unsigned char *start = file->map;
  uint64_t length = 0;
  if (file->map_bytes >= 2 && start[0] == 'P' && start[1] == 'K')
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: a zip file, as torch.save makes them; write the weights with "
                    "safetensors.torch.save_file",
                    path);
  if (file->map_bytes < LENGTH_BYTES) return bad(path, "shorter than a header", error);
  for (int i = 0; i < LENGTH_BYTES; i++) length |= (uint64_t)start[i] << (8 * i);
  if (length > HEADER_MAX || length > file->map_bytes - LENGTH_BYTES)
    return bad(path, "byte 0: a header longer than the file or than is sane", error);
  const char *text = (const char *)start + LENGTH_BYTES;
  file->header = cJSON_ParseWithLength(text, (size_t)length);
  if (!cJSON_IsObject(file->header)) return bad(path, "byte 8: the header is not JSON", error);
  file->tensors = calloc((size_t)cJSON_GetArraySize(file->header) + 1, sizeof *file->tensors);
  if (!file->tensors) return cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory", path);
  file->data = start + LENGTH_BYTES + length;
  file->data_bytes = file->map_bytes - LENGTH_BYTES - length;
  const cJSON *entry;
  cJSON_ArrayForEach(entry, file->header) {
    if (strcmp(entry->string, "__metadata__") == 0) continue;
    cnn_tensor *tensor = &file->tensors[file->count++];
    if (!read_entry(file, tensor, entry, path, error)) return false;
  }
  return fill_data(file) ||
         bad(path, "its tensors share bytes, or leave bytes of its data out", error);
}

bool cnn_safetensors_open(cnn_safetensors *file, const char *path, cnn_error *error) {
  *file = (cnn_safetensors){0};
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  struct stat status = {0};
  bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  int reason = 0;
  if (regular && status.st_size > 0) {
    file->map_bytes = (size_t)status.st_size;
    file->map = mmap(NULL, file->map_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (file->map == MAP_FAILED) file->map = NULL, reason = errno;
  }
  close(descriptor);
  if (reason) return cnn_fail(error, CNN_EXIT_FAILED, "%s: %s", path, strerror(reason));
  if (!file->map && S_ISDIR(status.st_mode))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: a folder; name a safetensors file", path);
  if (!file->map) return bad(path, regular ? "an empty file" : "no regular file", error);
  if (read_header(file, path, error)) return true;
  cnn_safetensors_close(file);
  return false;
}

bool cnn_safetensors_check_data(const cnn_safetensors *file, const char *path, cnn_error *error) {
  const char *text = cnn_safetensors_metadata(file, CHECKSUM);
  if (!text || strtoul(text, NULL, 16) == crc32_z(0, file->data, file->data_bytes)) return true;
  return cnn_fail(
      error, CNN_EXIT_DATA,
      "%s: its numbers are damaged: their checksum is not the one in its metadata, " CHECKSUM
      "; use another copy, or, if a program has changed them on purpose, let "
      "it drop that entry",
      path);
}

const cnn_tensor *cnn_safetensors_find(const cnn_safetensors *file, const char *name) {
  for (int i = 0; i < file->count; i++)
    if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
  return NULL;
}

const char *cnn_safetensors_metadata(const cnn_safetensors *file, const char *key) {
  const cJSON *all = cJSON_GetObjectItemCaseSensitive(file->header, "__metadata__");
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(all, key);
  return cJSON_IsString(item) ? item->valuestring : NULL;
}

void cnn_safetensors_close(cnn_safetensors *file) {
  free(file->tensors);
  cJSON_Delete(file->header);
  if (file->map) munmap(file->map, file->map_bytes);
  *file = (cnn_safetensors){0};
}
