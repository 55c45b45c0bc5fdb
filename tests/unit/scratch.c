#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <jpeglib.h>

static char folder[] = P_tmpdir "/cnnc-test-XXXXXX";

int scratch_open(void **state) {
  (void)state;
  return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int scratch_close(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return chdir("/") == 0 ? system(command) : -1;
}

void scratch_write(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

void scratch_write_gz(const char *path, const void *data, size_t size) {
  gzFile file = gzopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(gzwrite(file, data, (unsigned)size), size);
  assert_int_equal(gzclose(file), Z_OK);
}

char *scratch_read(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  size_t length = (size_t)ftell(file);
  rewind(file);
  char *data = malloc(length + 1);
  assert_non_null(data);
  assert_int_equal(fread(data, 1, length, file), length);
  fclose(file);
  data[length] = '\0';
  if (size) *size = length;
  return data;
}

int scratch_exists(const char *path) {
  return access(path, F_OK) == 0;
}

size_t scratch_idx(unsigned char *file, int rank, const int *shape, const void *data) {
  size_t size = 4, count = 1;
  memcpy(file, (const unsigned char[]){0, 0, 8, (unsigned char)rank}, 4);
  for (int i = 0; i < rank; i++) {
    for (int byte = 3; byte >= 0; byte--) file[size++] = (unsigned char)(shape[i] >> (8 * byte));
    count *= (size_t)shape[i];
  }
  if (!data) return size;
  memcpy(file + size, data, count);
  return size + count;
}

void scratch_picture(const char *path, int height, int width, const unsigned char *pixels) {
  struct jpeg_error_mgr errors;
  struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_height = (JDIMENSION)height;
  jpeg.image_width = (JDIMENSION)width;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  for (size_t y = 0; y < (size_t)height; y++)
    jpeg_write_scanlines(&jpeg, (JSAMPROW[]){(JSAMPROW)pixels + y * (size_t)width * 3}, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  fclose(file);
}

void scratch_jpeg(const char *path, int side, const unsigned char colour[3]) {
  unsigned char pixels[3 * 64 * 64];
  for (int k = 0; k < side * side; k++) memcpy(pixels + (size_t)k * 3, colour, 3);
  scratch_picture(path, side, side, pixels);
}

static void write_part(const char *where, const char *part, int count) {
  unsigned char *pixels = calloc((size_t)count, 784), *labels = malloc((size_t)count);
  unsigned char *file = malloc((size_t)count * 784 + 64);
  char path[256];
  assert_true(pixels && labels && file);
  for (int i = 0; i < count; i++) {
    labels[i] = (unsigned char)(i * 7 % 10);
    /* Two rows of the image are bright; a little noise keeps images apart. */
    memset(pixels + i * 784 + labels[i] * 56, 200, 56);
    pixels[i * 784 + i % 784] = 99;
  }
  size_t size = scratch_idx(file, 3, (const int[]){count, 28, 28}, pixels);
  snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", where, part);
  scratch_write(path, file, size);
  size = scratch_idx(file, 1, &count, labels);
  snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte.gz", where, part);
  scratch_write_gz(path, file, size);
  free(pixels);
  free(labels);
  free(file);
}

void scratch_dataset(const char *path, int training, int test) {
  mkdir(path, 0777);
  write_part(path, "train", training);
  write_part(path, "t10k", test);
}
