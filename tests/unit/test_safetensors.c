#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/safetensors.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes a file of the header's length, the header, and `data` bytes of zeros. */
static void write_file(const char *header, uint64_t length, size_t data) {
  static char file[1 << 16];
  size_t text = strlen(header);
  memset(file, 0, sizeof file);
  for (int i = 0; i < 8; i++) file[i] = (char)(length >> (8 * i));
  memcpy(file + 8, header, text + 1);
  scratch_write("x.safetensors", file, 8 + text + data);
}

static void expect_rejected(const char *words) {
  cnn_safetensors file;
  cnn_error error = {0};
  assert_false(cnn_safetensors_open(&file, "x.safetensors", &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  if (!strstr(error.message, words) || !strstr(error.message, "x.safetensors: "))
    fail_msg("'%s' does not contain '%s'", error.message, words);
}

static void reject(const char *header, size_t data, const char *words) {
  write_file(header, strlen(header), data);
  expect_rejected(words);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  const float f[] = {1, -2.5f, 3e-30f, 4, 5, 6};
  const double d[] = {0.1};
  const unsigned char u[] = {7, 255};
  const int32_t i[] = {-3, 3};
  const cnn_tensor tensors[] = {
      {"conv1.weight", CNN_DTYPE_F32, 2, {2, 3}, f, sizeof f},
      {"odd \"name\"\n\\", CNN_DTYPE_F64, 0, {0}, d, sizeof d},
      {"empty", CNN_DTYPE_F32, 2, {0, 7}, f, 0},
      {"images", CNN_DTYPE_U8, 1, {2}, u, sizeof u},
      {"labels", CNN_DTYPE_I32, 1, {2}, i, sizeof i},
  };
  const cnn_metadata metadata[] = {{"model", "a\"b"}, {"epoch", "3"}};
  char buffer[1024];
  cnn_text header = {.data = buffer, .size = sizeof buffer};
  cnn_error error = {0};
  assert_true(cnn_safetensors_write("x.safetensors", tensors, 5, metadata, 2, &header, &error));
  assert_false(scratch_exists("x.safetensors.partial"));
  cnn_text counted = {0};
  cnn_safetensors_header(&counted, tensors, 5, metadata, 2);
  assert_int_equal(counted.used, header.used);
  assert_int_equal(header.used % 8, 0);

  cnn_safetensors file;
  assert_true(cnn_safetensors_open(&file, "x.safetensors", &error));
  assert_int_equal(file.count, 5);
  for (int k = 0; k < 5; k++) {
    const cnn_tensor *tensor = cnn_safetensors_find(&file, tensors[k].name);
    assert_non_null(tensor);
    assert_int_equal(tensor->dtype, tensors[k].dtype);
    assert_int_equal(tensor->rank, tensors[k].rank);
    assert_memory_equal(tensor->shape, tensors[k].shape, sizeof tensor->shape);
    assert_int_equal(tensor->bytes, tensors[k].bytes);
    assert_memory_equal(tensor->data, tensors[k].data, tensor->bytes);
  }
  assert_true(cnn_tensor_get(cnn_safetensors_find(&file, "conv1.weight"), 1) == -2.5);
  assert_true(cnn_tensor_get(cnn_safetensors_find(&file, "labels"), 0) == -3);
  assert_true(cnn_tensor_get(cnn_safetensors_find(&file, "images"), 1) == 255);
  assert_null(cnn_safetensors_find(&file, "conv2.weight"));
  assert_string_equal(cnn_safetensors_metadata(&file, "model"), "a\"b");
  assert_null(cnn_safetensors_metadata(&file, "seed"));
  cnn_safetensors_close(&file);
}

static void broken_headers(void **state) {
  (void)state;
  scratch_write("x.safetensors", "", 0);
  expect_rejected("an empty file");
  scratch_write("x.safetensors", "\1\0\0", 3);
  expect_rejected("shorter than a header");
  write_file("{}", 3, 0);
  expect_rejected("header longer than the file");
  write_file("{}", UINT64_MAX, 0);
  expect_rejected("header longer than the file");
  write_file("{}", UINT64_MAX - 7, 0);
  expect_rejected("header longer than the file");
  reject("", 0, "not JSON");
  reject("[1,2]", 0, "not JSON");
  reject("{\"a\":", 0, "not JSON");
  reject("{\"a\":3}", 0, "unknown dtype");
  cnn_safetensors file;
  cnn_error error = {0};
  assert_false(cnn_safetensors_open(&file, "absent", &error));
  assert_non_null(strstr(error.message, "absent: No such file"));
}

/* Arrays 50,000 deep must not overflow the stack. */
static void much_nesting(void **state) {
  (void)state;
  static char header[50010];
  snprintf(header, sizeof header, "{\"a\":");
  memset(header + 5, '[', 50000);
  reject(header, 0, "not JSON");
}

#define ENTRY(dtype, shape, offsets)                                                               \
  "{\"w\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void hostile_entries(void **state) {
  (void)state;
  cnn_safetensors file;
  cnn_error error = {0};
  const char good[] = ENTRY("F32", "[2,2]", "[0,16]");
  write_file(good, strlen(good), 16);
  assert_true(cnn_safetensors_open(&file, "x.safetensors", &error));
  cnn_safetensors_close(&file);

  reject(good, 15, "tensor 'w' has data_offsets outside of the file");
  reject(good, 17, "leave bytes of its data out");
  reject(ENTRY("F32", "[2,2]", "[0,12]"), 16, "do not fit its shape");
  reject(ENTRY("F32", "[2,2]", "[16,0]"), 16, "outside");
  reject(ENTRY("F32", "[2,2]", "[-16,0]"), 16, "outside");
  reject(ENTRY("F32", "[2,2]", "[0]"), 16, "outside");
  reject(ENTRY("F32", "[2,2]", "[1e300,2e300]"), 16, "outside");
  reject(ENTRY("F32", "[2,2]", "[0.5,16.5]"), 16, "outside");
  reject(ENTRY("F32", "[2,2]", "\"[0,16]\""), 16, "outside");
  reject(ENTRY("F33", "[2,2]", "[0,16]"), 16, "unknown dtype");
  reject(ENTRY("F32", "[-2,-2]", "[0,16]"), 16, "bad shape");
  reject(ENTRY("F32", "[4294967296,4294967296,4294967296]", "[0,0]"), 0, "bad shape");
  reject(ENTRY("F32", "[9007199254740992,512]", "[0,0]"), 0, "bad shape");
  reject(ENTRY("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "bad shape");
  reject(ENTRY("F32", "4", "[0,16]"), 16, "bad shape");
  reject("{\"__metadata__\":{},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
         4, "share bytes");
  reject("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}}",
         6, "share bytes");
}

/* Every prefix of a good file is rejected, and nothing is read beyond its end. */
static void every_prefix_is_rejected(void **state) {
  (void)state;
  const char good[] = ENTRY("F32", "[2,2]", "[0,16]");
  write_file(good, strlen(good), 16);
  size_t size;
  char *bytes = scratch_read("x.safetensors", &size);
  for (size_t length = 0; length < size; length++) {
    scratch_write("x.safetensors", bytes, length);
    expect_rejected("x.safetensors");
  }
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(broken_headers),
      cmocka_unit_test(much_nesting),
      cmocka_unit_test(hostile_entries),
      cmocka_unit_test(every_prefix_is_rejected),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
