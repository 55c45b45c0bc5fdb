#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/event_file.h"
#include "scratch.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- a reader --------------------------------------------------------------------------------- */

/* CRC-32C by its definition, a division of polynomials, the highest power first: bits of bytes and
   of the result are reflected. */
static uint32_t crc32c(const unsigned char *data, size_t size) {
  uint32_t remainder = UINT32_MAX, reflected = 0;
  for (size_t i = 0; i < 8 * size; i++) {
    const uint32_t bit = (data[i / 8] >> i % 8 & 1) ^ remainder >> 31;
    remainder = remainder << 1 ^ (bit ? UINT32_C(0x1edc6f41) : 0);
  }
  for (int i = 0; i < 32; i++) reflected |= (remainder >> i & 1) << (31 - i);
  return ~reflected;
}

static uint64_t number_at(const unsigned char *at, int bytes) {
  uint64_t number = 0;
  for (int i = 0; i < bytes; i++) number |= (uint64_t)at[i] << 8 * i;
  return number;
}

static void expect_crc(const unsigned char *data, size_t size, const unsigned char *at) {
  const uint32_t unmasked = (uint32_t)number_at(at, 4) - UINT32_C(0xa282ead8);
  assert_int_equal(unmasked << 15 | unmasked >> 17, crc32c(data, size));
}

/* A field of a protobuf message. */
typedef struct field {
  int number, type;
  uint64_t value; /* or bytes at `data` */
  const unsigned char *data;
} field;

static uint64_t varint(const unsigned char **at) {
  uint64_t number = 0;
  int shift = 0;
  do number |= (uint64_t)(**at & 0x7f) << shift, shift += 7;
  while (*(*at)++ & 0x80);
  return number;
}

static field next_field(const unsigned char **at) {
  const uint64_t key = varint(at);
  field f = {.number = (int)(key >> 3), .type = (int)(key & 7)};
  const int size = f.type == 1 ? 8 : f.type == 5 ? 4 : 0;
  f.value = size > 0 ? number_at(*at, size) : varint(at);
  *at += size;
  f.data = *at;
  if (f.type == 2) *at += f.value;
  return f;
}

static double real(uint64_t bits) {
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static float small_real(uint64_t bits) {
  const uint32_t low = (uint32_t)bits;
  float number;
  memcpy(&number, &low, sizeof number);
  return number;
}

/* The next event: checks record, time and step, and returns its last field. */
static field next_event(const unsigned char **at, uint64_t step) {
  const uint64_t size = number_at(*at, 8);
  const unsigned char *event = *at + 12, *end = event + size;
  expect_crc(*at, 8, *at + 8);
  expect_crc(event, size, end);
  *at = end + 4;
  field f = next_field(&event);
  assert_int_equal(f.number, 1);
  assert_true(real(f.value) > (double)time(NULL) - 60 && real(f.value) < (double)time(NULL) + 60);
  f = next_field(&event);
  assert_int_equal(f.number, 2);
  assert_int_equal(f.value, step);
  f = next_field(&event);
  assert_ptr_equal(event, end);
  return f;
}

static void expect_scalar(const unsigned char **at, const char *tag, float value) {
  const field outer = next_field(at);
  assert_int_equal(outer.number, 1);
  const unsigned char *inner = outer.data;
  field f = next_field(&inner);
  assert_int_equal(f.number, 1);
  assert_int_equal(f.value, strlen(tag));
  assert_memory_equal(f.data, tag, f.value);
  f = next_field(&inner);
  assert_int_equal(f.number, 2);
  assert_int_equal(f.type, 5);
  assert_true(small_real(f.value) == value);
  assert_ptr_equal(inner, outer.data + outer.value);
}

/* The only file of a folder; free it. */
static char *read_file(const char *pattern, size_t *size) {
  glob_t found;
  assert_int_equal(glob(pattern, 0, NULL, &found), 0);
  assert_int_equal(found.gl_pathc, 1);
  char *data = scratch_read(found.gl_pathv[0], size);
  globfree(&found);
  return data;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void checksums_are_those_of_the_standard(void **state) {
  (void)state;
  static const unsigned char digits[] = "123456789";
  assert_int_equal(crc32c(digits, 9), UINT32_C(0xe3069283));
  const uint32_t unmasked = cnn_masked_crc(digits, 9) - UINT32_C(0xa282ead8);
  assert_int_equal(unmasked << 15 | unmasked >> 17, UINT32_C(0xe3069283));
}

static void records_are_events(void **state) {
  (void)state;
  cnn_event_file file = {0};
  cnn_error error = {0};
  static const cnn_scalar scalars[] = {{"loss/test", 0.1}, {"lr", 1e-30}};
  assert_true(cnn_event_file_open(&file, "new/folder", 301, &error));
  assert_true(cnn_event_file_add(&file, 70000, scalars, 2, &error));
  assert_true(cnn_event_file_add(&file, INT64_C(1) << 40, scalars, 1, &error));
  size_t size;
  char *data = read_file("new/folder/events.out.tfevents.??????????.*", &size); /* before the end */
  const unsigned char *at = (const unsigned char *)data, *end = at + size;
  field f = next_event(&at, 0);
  assert_int_equal(f.number, 3);
  assert_int_equal(f.value, 13);
  assert_memory_equal(f.data, "brain.Event:2", 13);
  f = next_event(&at, 301); /* a session begins */
  assert_int_equal(f.number, 7);
  assert_memory_equal(f.data, "\x08\x01", 2);
  f = next_event(&at, 70000);
  assert_int_equal(f.number, 5);
  const unsigned char *summary = f.data;
  expect_scalar(&summary, "loss/test", 0.1F);
  expect_scalar(&summary, "lr", 1e-30F);
  assert_ptr_equal(summary, f.data + f.value);
  f = next_event(&at, UINT64_C(1) << 40);
  summary = f.data;
  expect_scalar(&summary, "loss/test", 0.1F);
  assert_ptr_equal(at, end);
  free(data);
  assert_true(cnn_event_file_close(&file, &error));
}

static void events_of_the_longest_tags_fit(void **state) {
  (void)state;
  cnn_event_file file = {0};
  cnn_error error = {0};
  cnn_scalar scalars[CNN_SCALARS_MAX];
  char tag[CNN_TAG_BYTES + 1] = "";
  memset(tag, 'x', CNN_TAG_BYTES);
  for (int i = 0; i < CNN_SCALARS_MAX; i++) scalars[i] = (cnn_scalar){tag, i};
  assert_true(cnn_event_file_open(&file, "long", 1, &error));
  assert_true(cnn_event_file_add(&file, INT64_MAX, scalars, CNN_SCALARS_MAX, &error));
  assert_true(cnn_event_file_close(&file, &error));
  size_t size;
  char *data = read_file("long/*", &size);
  const unsigned char *at = (const unsigned char *)data;
  next_event(&at, 0);
  next_event(&at, 1);
  const field f = next_event(&at, INT64_MAX);
  const unsigned char *summary = f.data;
  for (int i = 0; i < CNN_SCALARS_MAX; i++) expect_scalar(&summary, tag, (float)i);
  free(data);
}

static void a_file_that_is_not_open_gets_nothing(void **state) {
  (void)state;
  cnn_event_file file = {0};
  cnn_error error = {0};
  static const cnn_scalar scalar = {"a", 1};
  assert_true(cnn_event_file_add(&file, 1, &scalar, 1, &error));
  assert_true(cnn_event_file_close(&file, &error));
  scratch_write("taken", "", 0);
  assert_false(cnn_event_file_open(&file, "taken", 1, &error));
  assert_string_equal(error.message, "taken: not a folder");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checksums_are_those_of_the_standard),
      cmocka_unit_test(records_are_events),
      cmocka_unit_test(events_of_the_longest_tags_fit),
      cmocka_unit_test(a_file_that_is_not_open_gets_nothing),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
