#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/load.h"
#include "data/dataset.h"
#include "fake_model.h"
#include "data/idx.h"
#include "scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loads the training part of "d" with the model, which must fail with exit code 4 and all of the
   words in its message. */
static void expect_mistake(const cnn_model *model, const char *const *words) {
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_false(cnn_dataset_load(&dataset, model, "d", "train", 0, &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  for (; *words; words++)
    if (!strstr(error.message, *words))
      fail_msg("'%s' does not contain '%s'", error.message, *words);
  assert_null(dataset.images);
}
#define MISTAKE(...) expect_mistake(&fake_model, (const char *const[]){__VA_ARGS__, NULL})

static const char IMAGES[] = "d/train-images-idx3-ubyte";
static const char LABELS[] = "d/train-labels-idx1-ubyte.gz";

static int fresh(void **state) {
  (void)state;
  if (system("rm -rf d") != 0) return -1;
  scratch_dataset("d", 25, 12);
  return 0;
}

static void good_files_load(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_true(cnn_dataset_load(&dataset, &fake_model, "d", "train", 0, &error));
  assert_int_equal(dataset.count, 25);
  assert_int_equal(dataset.image_bytes, 784);
  for (int i = 0; i < 25; i++) {
    assert_int_equal(dataset.labels[i], i * 7 % 10);
    assert_int_equal(dataset.images[i * 784 + dataset.labels[i] * 56 + 55], 200);
  }
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_load(&dataset, &fake_model, "d", "t10k", 5, &error));
  assert_int_equal(dataset.count, 5);
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_load_images(&dataset, &fake_model, IMAGES, &error));
  assert_int_equal(dataset.count, 25);
  assert_null(dataset.labels);
  cnn_dataset_release(&dataset);
}

static void both_spellings_of_names_are_known(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_int_equal(rename("d/train-images-idx3-ubyte", "d/train-images.idx3-ubyte"), 0);
  assert_int_equal(rename(LABELS, "d/train-labels.idx1-ubyte.gz"), 0);
  assert_true(cnn_dataset_load(&dataset, &fake_model, "d", "train", 0, &error));
  assert_int_equal(dataset.count, 25);
  cnn_dataset_release(&dataset);
}

static void compressed_and_plain_are_the_same(void **state) {
  (void)state;
  size_t size;
  char *bytes = scratch_read(IMAGES, &size);
  scratch_write_gz("d/train-images-idx3-ubyte.gz", bytes, size);
  unlink(IMAGES);
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_true(cnn_dataset_load(&dataset, &fake_model, "d", "train", 0, &error));
  assert_memory_equal(dataset.images, bytes + 16, size - 16);
  cnn_dataset_release(&dataset);
  free(bytes);
}

static void colour_images_have_four_dimensions(void **state) {
  (void)state;
  cnn_model colour = fake_model;
  memcpy(colour.input, (const int[]){3, 2, 2}, sizeof colour.input);
  unsigned char pixels[24], file[64];
  for (int i = 0; i < 24; i++) pixels[i] = (unsigned char)i;
  size_t size = scratch_idx(file, 4, (const int[]){2, 3, 2, 2}, pixels);
  scratch_write("d/train-images-idx4-ubyte", file, size);
  size = scratch_idx(file, 1, (const int[]){2}, "\1\2");
  unlink(LABELS);
  scratch_write("d/train-labels-idx1-ubyte", file, size);
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_true(cnn_dataset_load(&dataset, &colour, "d", "train", 0, &error));
  assert_memory_equal(dataset.images, pixels, 24);

  /* Channel c has the pixels 4c..4c+3 and 12 more than these. */
  cnn_normalization n = cnn_dataset_measure(&dataset, &colour);
  for (int c = 0; c < 3; c++) {
    assert_true(fabs(n.mean[c] * 255 - (4 * c + 7.5)) < 1e-9);
    assert_true(fabs(n.deviation[c] * 255 - sqrt(1.25 + 36)) < 1e-9);
    double x = 10 * (double)n.scale[c] + (double)n.shift[c];
    assert_true(fabs(x - (10.0 / 255 - n.mean[c]) / n.deviation[c]) < 1e-5);
  }
  cnn_dataset_release(&dataset);
  MISTAKE("idx1-ubyte: byte 4: 2 labels", "25 images");
}

static void constant_channels_have_deviation_one(void **state) {
  (void)state;
  unsigned char pixels[784];
  memset(pixels, 51, sizeof pixels);
  cnn_dataset dataset = {.count = 1, .image_bytes = 784, .images = pixels};
  cnn_normalization n = cnn_dataset_measure(&dataset, &fake_model);
  assert_true(n.deviation[0] == 1);
  assert_true(fabs(n.mean[0] - 0.2) < 1e-12);
}

static void missing_files(void **state) {
  (void)state;
  unlink(LABELS);
  MISTAKE("d: no train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz");
  unlink(IMAGES);
  MISTAKE("d: no data set in it: neither the .bin files of CIFAR-10", "train-images-idx3-ubyte",
          "fashion-mnist");
  assert_int_equal(system("rm -rf d"), 0);
  MISTAKE("d: No such file or directory");
  scratch_write("d", "x", 1);
  MISTAKE("d: not a folder");
}

/* Replaces one byte of the images. */
static void poke(size_t at, int value) {
  size_t size;
  char *bytes = scratch_read(IMAGES, &size);
  bytes[at] = (char)value;
  scratch_write(IMAGES, bytes, size);
  free(bytes);
}

static void wrong_magic(void **state) {
  (void)state;
  poke(0, 0x89);
  MISTAKE(IMAGES, "byte 0: magic number 89000803");
}
static void wrong_type(void **state) {
  (void)state;
  poke(2, 0x0d);
  MISTAKE(IMAGES, "byte 2: elements of type 0d");
}
static void wrong_rank(void **state) {
  (void)state;
  poke(3, 5);
  MISTAKE(IMAGES, "byte 3: 5 dimensions");
}
static void wrong_size(void **state) {
  (void)state;
  poke(11, 27);
  MISTAKE(IMAGES, "byte 4: images of 1x27x28", "fake requires 1x28x28");
}
static void no_images(void **state) {
  (void)state;
  poke(7, 0);
  MISTAKE(IMAGES, "byte 4: no images");
}
static void wrong_counts(void **state) {
  (void)state;
  poke(7, 24);
  MISTAKE(LABELS, "byte 4: 25 labels", "24 images");
}
static void huge_count(void **state) {
  (void)state;
  poke(4, 0x7f);
  MISTAKE("labels");
}

static void cut(const char *path, size_t by) {
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(truncate(path, status.st_size - (off_t)by), 0);
}
static void truncated(void **state) {
  (void)state;
  cut(IMAGES, 10);
  MISTAKE(IMAGES, "byte 19606: the file ends, but its header promises 19616 bytes");
}
static void truncated_header(void **state) {
  (void)state;
  scratch_write(IMAGES, "\0\0\10\3\0\0", 6);
  MISTAKE(IMAGES, "byte 6: the file ends, but its header promises 8 bytes");
}
static void empty(void **state) {
  (void)state;
  scratch_write(IMAGES, "", 0);
  MISTAKE(IMAGES, "byte 0: the file ends");
}
static void truncated_compression(void **state) {
  (void)state;
  cut(LABELS, 4);
  MISTAKE(LABELS, "compressed file ends too early");
}
static void damaged_compression(void **state) {
  (void)state;
  size_t size;
  char *bytes = scratch_read(LABELS, &size);
  bytes[size - 6] ^= 1; /* of the check sum */
  scratch_write(LABELS, bytes, size);
  free(bytes);
  MISTAKE(LABELS, "damaged compressed data");
}
static void trailing_bytes(void **state) {
  (void)state;
  size_t size;
  char *bytes = scratch_read(IMAGES, &size);
  scratch_write(IMAGES, bytes, size + 1); /* with the zero behind */
  free(bytes);
  MISTAKE(IMAGES, "byte 19616: more bytes than the header promises");
}
static void label_out_of_range(void **state) {
  (void)state;
  cnn_model narrow = fake_model;
  narrow.classes = 5;
  expect_mistake(&narrow, (const char *const[]){LABELS, "byte 9: label 7", "classes 0 to 4", NULL});
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(good_files_load),
      TEST(both_spellings_of_names_are_known),
      TEST(compressed_and_plain_are_the_same),
      TEST(colour_images_have_four_dimensions),
      TEST(constant_channels_have_deviation_one),
      TEST(missing_files),
      TEST(wrong_magic),
      TEST(wrong_type),
      TEST(wrong_rank),
      TEST(wrong_size),
      TEST(no_images),
      TEST(wrong_counts),
      TEST(huge_count),
      TEST(truncated),
      TEST(truncated_header),
      TEST(empty),
      TEST(truncated_compression),
      TEST(damaged_compression),
      TEST(trailing_bytes),
      TEST(label_out_of_range),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
