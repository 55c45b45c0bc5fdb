#include "report/event_file.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- bytes ------------------------------------------------------------------------------------ */

enum {
  SCALAR_BYTES = CNN_TAG_BYTES + 16,
  EVENT_BYTES = CNN_SCALARS_MAX * SCALAR_BYTES + 64,
  HEADER = 12, /* of a record: its length and the checksum of that */
  FOOTER = 4
};

typedef struct bytes {
  size_t used;
  unsigned char at[HEADER + EVENT_BYTES + FOOTER];
} bytes;

/* Little-endian. */
static void put(bytes *b, uint64_t number, int size) {
  for (int i = 0; i < size; i++) b->at[b->used++] = (unsigned char)(number >> 8 * i);
}

uint32_t cnn_masked_crc(const void *data, size_t size) {
  uint32_t crc = UINT32_MAX;
  const unsigned char *at = data;
  for (size_t i = 0; i < size; i++) {
    crc ^= at[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

/* --- protobuf --------------------------------------------------------------------------------- */

/* protobuf.dev/programming-guides/encoding: a field is its number and type, then its contents. */
typedef enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 } wire_type;

static void put_varint(bytes *b, uint64_t number) {
  for (; number >= 0x80; number >>= 7) put(b, (number & 0x7f) | 0x80, 1);
  put(b, number, 1);
}

static void put_field(bytes *b, int number, wire_type type) {
  put_varint(b, (uint64_t)number << 3 | type);
}

static void put_bytes(bytes *b, int number, const void *data, size_t size) {
  put_field(b, number, BYTES);
  put_varint(b, size);
  memcpy(b->at + b->used, data, size);
  b->used += size;
}

/* Fields of the messages. */
enum { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7 }; /* Event */
enum { VALUE = 1 };                                                               /* Summary */
enum { TAG = 1, SIMPLE_VALUE = 2 };                                               /* its Value */
enum { STATUS = 1, START = 1 };                                                   /* SessionLog */

static void begin_event(bytes *b, int64_t step) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  uint64_t bits;
  memcpy(&bits, &seconds, sizeof bits);
  b->used = HEADER;
  put_field(b, WALL_TIME, FIXED64);
  put(b, bits, 8);
  put_field(b, STEP, VARINT);
  put_varint(b, (uint64_t)step);
}

static void put_scalar(bytes *summary, const cnn_scalar *scalar) {
  bytes value = {0};
  const float number = (float)scalar->value;
  uint32_t bits;
  memcpy(&bits, &number, sizeof bits);
  assert(strlen(scalar->tag) <= CNN_TAG_BYTES);
  put_bytes(&value, TAG, scalar->tag, strlen(scalar->tag));
  put_field(&value, SIMPLE_VALUE, FIXED32);
  put(&value, bits, 4);
  put_bytes(summary, VALUE, value.at, value.used);
}

/* --- records ---------------------------------------------------------------------------------- */

static bool write_record(cnn_event_file *file, bytes *b, cnn_error *error) {
  const size_t size = b->used - HEADER;
  const uint32_t crc = cnn_masked_crc(b->at + HEADER, size);
  put(b, crc, FOOTER);
  const size_t all = b->used;
  b->used = 0;
  put(b, size, 8);
  put(b, cnn_masked_crc(b->at, 8), 4);
  file->open = cnn_file_add(&file->file, b->at, all, error);
  return file->open;
}

bool cnn_event_file_open(cnn_event_file *file, const char *folder, int64_t first_step,
                         cnn_error *error) {
  static const char version[] = "brain.Event:2";
  static const unsigned char start[] = {STATUS << 3 | VARINT, START};
  char path[PATH_MAX], host[HOST_NAME_MAX + 1] = "";
  gethostname(host, sizeof host - 1);
  const int length = snprintf(path, sizeof path, "%s/events.out.tfevents.%010lld.%s.%ld", folder,
                              (long long)time(NULL), *host ? host : "localhost", (long)getpid());
  if (length >= (int)sizeof path)
    return cnn_fail(error, CNN_EXIT_USAGE, "%s: the name is too long", folder);
  if (!cnn_make_folder(folder, error) || !cnn_file_extend(&file->file, path, 0, error))
    return false;
  bytes b;
  begin_event(&b, 0);
  put_bytes(&b, FILE_VERSION, version, strlen(version));
  if (!write_record(file, &b, error)) return false;
  begin_event(&b, first_step);
  put_bytes(&b, SESSION_LOG, start, sizeof start);
  return write_record(file, &b, error);
}

bool cnn_event_file_add(cnn_event_file *file, int64_t step, const cnn_scalar *scalars, int count,
                        cnn_error *error) {
  if (!file->open) return true;
  assert(count <= CNN_SCALARS_MAX);
  bytes b, summary = {0};
  for (int i = 0; i < count; i++) put_scalar(&summary, &scalars[i]);
  begin_event(&b, step);
  put_bytes(&b, SUMMARY, summary.at, summary.used);
  return write_record(file, &b, error);
}

bool cnn_event_file_close(cnn_event_file *file, cnn_error *error) {
  if (!file->open) return true;
  file->open = false;
  return cnn_file_commit(&file->file, error);
}
