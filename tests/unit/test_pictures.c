#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/image_files.h"
#include "data/load.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The other data sets: CIFAR-10's binary files, and folders of JPEG images. */
enum { RECORD = 3073 };
static const cnn_recipe PLAIN = {.resize = 0}, SCALED = {.resize = 36};
static const cnn_model COLOUR = {
    .name = "net", .input = {3, 32, 32}, .classes = 3, .recipe = &PLAIN};

static int fresh(void **state) {
  (void)state;
  return system("rm -rf d && mkdir d");
}

/* Loads a part of "d", which must fail with exit code 4 and the words in its message. */
static void expect_mistake(const cnn_model *model, const char *part, const char *words) {
  cnn_dataset dataset;
  cnn_error error = {0};
  assert_false(cnn_dataset_load(&dataset, model, "d", part, 0, &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  if (!strstr(error.message, words)) fail_msg("'%s' does not contain '%s'", error.message, words);
  assert_null(dataset.images);
}

static void write_cifar(void) {
  static uint8_t records[2 * RECORD];
  char path[32];
  for (int file = 0; file < 6; file++) {
    for (int i = 0; i < 2; i++) {
      memset(records + i * RECORD, file * 2 + i, RECORD);
      records[i * RECORD] = (uint8_t)((file + i) % 3);
    }
    snprintf(path, sizeof path, file < 5 ? "d/data_batch_%d.bin" : "d/test_batch.bin", file + 1);
    scratch_write(path, records, file < 5 ? sizeof records : RECORD);
  }
}

static void cifar_loads(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  write_cifar();
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "train", 0, &error));
  assert_int_equal(dataset.count, 10);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(dataset.labels[i], (i / 2 + i % 2) % 3);
    assert_int_equal(dataset.images[i * 3072], i);
    assert_int_equal(dataset.images[i * 3072 + 3071], i);
  }
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "t10k", 0, &error));
  assert_int_equal(dataset.count, 1);
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "train", 3, &error));
  assert_int_equal(dataset.count, 3);
  cnn_dataset_release(&dataset);
}

/* Two labels a record, of which the second counts, and the data set's own names. */
static void cifar_100_loads(void **state) {
  (void)state;
  static uint8_t records[2 * (RECORD + 1)];
  cnn_dataset dataset;
  cnn_error error = {0};
  for (int i = 0; i < 2; i++) {
    uint8_t *record = records + i * (RECORD + 1);
    memset(record, 50 + i, RECORD + 1);
    record[0] = 9;
    record[1] = (uint8_t)(2 - i);
  }
  scratch_write("d/train.bin", records, sizeof records);
  scratch_write("d/test.bin", records, RECORD + 1);
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "train", 0, &error));
  assert_int_equal(dataset.count, 2);
  assert_int_equal(dataset.labels[0], 2);
  assert_int_equal(dataset.labels[1], 1);
  assert_int_equal(dataset.images[3072], 51);
  assert_null(dataset.classes);
  cnn_dataset_release(&dataset);
  scratch_write("d/fine_label_names.txt", "apple\nleaf\nsky\n\n", 16);
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "t10k", 0, &error));
  assert_int_equal(dataset.count, 1);
  assert_string_equal(dataset.classes, "apple\nleaf\nsky");
  cnn_dataset_release(&dataset);
  scratch_write("d/train.bin", records, RECORD);
  expect_mistake(&COLOUR, "train", "CIFAR-100 has records of 3074 bytes");
}

static void mistakes_in_cifar(void **state) {
  (void)state;
  cnn_model other = COLOUR;
  write_cifar();
  other.classes = 2;
  expect_mistake(&other, "train", "data_batch_2.bin: byte 3073: label 2");
  other = COLOUR;
  other.input[1] = 28;
  expect_mistake(&other, "train", "net requires 3x28x32");
  remove("d/data_batch_4.bin");
  expect_mistake(&COLOUR, "train",
                 "data_batch_4.bin: No such file or directory; it is a file of the training part");
  scratch_write("d/data_batch_4.bin", "x", 1);
  expect_mistake(&COLOUR, "train", "data_batch_4.bin: byte 1: the file ends within a record");
}

static void write_folders(void) {
  static const uint8_t colours[3][3] = {{200, 20, 20}, {20, 200, 20}, {20, 20, 200}};
  static const char *const names[] = {"apple", "leaf", "sky"};
  char path[64];
  assert_int_equal(system("mkdir -p d/train/apple d/train/leaf d/train/sky d/test/leaf "
                          "d/test/apple d/test/sky"),
                   0);
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 2 + k; i++) {
      snprintf(path, sizeof path, "d/train/%s/%d.jpg", names[k], i);
      scratch_jpeg(path, 32, colours[k]);
    }
    snprintf(path, sizeof path, "d/test/%s/x.JPEG", names[k]);
    scratch_jpeg(path, 32, colours[k]);
  }
}

static void folders_load(void **state) {
  (void)state;
  static const int labels[] = {0, 1, 2, 0, 1, 2, 1, 2, 2};
  cnn_dataset dataset;
  cnn_error error = {0};
  write_folders();
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "train", 0, &error));
  assert_int_equal(dataset.count, 9);
  for (int i = 0; i < 9; i++) {
    assert_int_equal(dataset.labels[i], labels[i]);
    for (int c = 0; c < 3; c++)
      assert_in_range(dataset.images[i * 3072 + c * 1024 + 77] + 3, c == labels[i] ? 200 : 20,
                      c == labels[i] ? 206 : 26);
  }
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_load(&dataset, &COLOUR, "d", "t10k", 2, &error));
  assert_int_equal(dataset.count, 2);
  cnn_dataset_release(&dataset);
  cnn_model grey = COLOUR;
  grey.input[0] = 1;
  assert_true(cnn_dataset_load(&dataset, &grey, "d", "train", 0, &error));
  assert_int_equal(dataset.image_bytes, 1024);
  assert_in_range(dataset.images[5], 72, 76); /* 0.299 R + 0.587 G + 0.114 B */
  cnn_dataset_release(&dataset);
}

/* Image i of a part, listed alone. */
static void expect_file(const cnn_part *part, int i, const char *name, int label) {
  cnn_image_files files;
  cnn_error error = {0};
  char text[300];
  assert_true(cnn_image_files_of_part(&files, part, &error));
  assert_int_equal(cnn_image_files_name(&files, i, text, sizeof text), strlen(name));
  assert_string_equal(text, name);
  assert_int_equal(cnn_image_files_label(&files, i), label);
  cnn_image_files_close(&files);
}

/* With the names of a checkpoint, the test part needs neither train nor all classes. */
static void known_classes_need_no_training_part(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  write_folders();
  assert_int_equal(system("rm -r d/train d/test/leaf"), 0);
  expect_mistake(&COLOUR, "t10k", "d/train: not there; its folders number");
  static const char names[] = "sky\nleaf\napple";
  assert_true(cnn_dataset_load_test(&dataset, &COLOUR, "d", names, 0, &error));
  assert_int_equal(dataset.count, 2);
  assert_int_equal(dataset.labels[0], 0); /* in the order of the names */
  assert_int_equal(dataset.labels[1], 2);
  const cnn_part part = {.model = &COLOUR, .folder = "d", .role = CNN_PART_TEST, .classes = names};
  expect_file(&part, 0, "sky/x.JPEG", 0);
  assert_string_equal(dataset.classes, names);
  cnn_dataset_release(&dataset);
  assert_false(cnn_dataset_load_test(&dataset, &COLOUR, "d", "sky\nleaf", 0, &error));
  assert_string_equal(error.message, "d/test/apple: no class of the training images has this name; "
                                     "those are sky to leaf");
  error = (cnn_error){0};
  assert_false(cnn_dataset_load_test(&dataset, &COLOUR, "d", "a\nb\nc\nd", 0, &error));
  assert_non_null(strstr(error.message, "names 4 classes, but net has 3"));
}

static void images_load_without_a_data_set(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  write_folders();
  assert_true(cnn_dataset_load_images(&dataset, &COLOUR, "d/train/leaf", &error));
  assert_int_equal(dataset.count, 3);
  assert_null(dataset.labels);
  assert_in_range(dataset.images[2 * 3072 + 1024], 197, 203);
  cnn_dataset_release(&dataset);
  assert_int_equal(rename("d/train/sky/0.jpg", "d/picture"), 0); /* known by its first bytes */
  assert_true(cnn_dataset_load_images(&dataset, &COLOUR, "d/picture", &error));
  assert_int_equal(dataset.count, 1);
  cnn_dataset_release(&dataset);
  assert_true(cnn_dataset_is_images("d/train/leaf"));
  assert_false(cnn_dataset_is_images("d"));
  scratch_write("d/train/leaf/notes.txt", "text", 4);
  assert_true(cnn_dataset_load_images(&dataset, &COLOUR, "d/train/leaf", &error));
  assert_int_equal(dataset.count, 3); /* other files are ignored */
  cnn_dataset_release(&dataset);
}

static void other_sizes_are_scaled_where_the_recipe_says_so(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  cnn_model scaled = COLOUR;
  write_folders();
  scaled.recipe = &SCALED;
  scratch_jpeg("d/train/leaf/0.jpg", 64, (const unsigned char[]){20, 200, 20});
  scratch_jpeg("d/train/sky/0.jpg", 5, (const unsigned char[]){20, 20, 200});
  assert_true(cnn_dataset_load(&dataset, &scaled, "d", "train", 3, &error));
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < 3; c++)
      for (int k = 0; k < 1024; k += 31)
        assert_in_range(dataset.images[i * 3072 + c * 1024 + k] + 3, c == i ? 200 : 20,
                        c == i ? 206 : 26);
  cnn_dataset_release(&dataset);
  expect_mistake(
      &COLOUR, "train",
      "d/train/leaf/0.jpg: an image of 64x64 (height, width), but net requires 32x32; give "
      "the model's recipe resize = 32");
  assert_true(cnn_dataset_load_images(&dataset, &scaled, "d/train/sky/1.jpg", &error)); /* 32x32 */
  cnn_dataset_release(&dataset);
  size_t size;
  char *bytes = scratch_read("d/train/leaf/0.jpg", &size);
  scratch_write("d/train/leaf/0.jpg", bytes, size / 2);
  free(bytes);
  expect_mistake(&scaled, "train", "d/train/leaf/0.jpg: not a good JPEG image: Premature end");
}

/* A ramp stays a ramp: 40x24 pixels become 20x12, of which the middle 8x10 are taken. */
static void rows_and_columns_are_not_exchanged(void **state) {
  (void)state;
  enum { HEIGHT = 40, WIDTH = 24 };
  static const cnn_recipe half = {.resize = WIDTH / 2};
  static unsigned char pixels[HEIGHT * WIDTH * 3];
  for (int k = 0; k < HEIGHT * WIDTH; k++)
    memset(pixels + (size_t)k * 3, 4 * (k / WIDTH) + 2 * (k % WIDTH), 3);
  scratch_picture("d/ramp.jpg", HEIGHT, WIDTH, pixels);
  for (int channels = 1; channels <= 3; channels += 2) {
    const cnn_model model = {
        .name = "net", .input = {channels, 8, 10}, .classes = 3, .recipe = &half};
    cnn_dataset dataset;
    cnn_error error = {0};
    assert_true(cnn_dataset_load_images(&dataset, &model, "d/ramp.jpg", &error));
    for (int i = 0; i < channels * 80; i++) {
      const int y = 2 * (6 + i % 80 / 10), x = 2 * (1 + i % 10); /* and half a pixel */
      assert_in_range(dataset.images[i], 4 * y + 2 * x + 1, 4 * y + 2 * x + 5);
    }
    cnn_dataset_release(&dataset);
  }
}

/* A notice on stderr counts the warnings of all images. */
static void warnings_are_shown(void **state) {
  (void)state;
  cnn_dataset dataset;
  cnn_error error = {0};
  size_t size;
  write_folders();
  char *image = scratch_read("d/train/leaf/1.jpg", &size);
  FILE *file = fopen("d/train/leaf/1.jpg", "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(image, 1, size - 2, file), size - 2);
  assert_int_equal(fprintf(file, "no pixels are here, nor a marker\xff\xd9"), 34);
  assert_int_equal(fclose(file), 0);
  fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  assert_non_null(freopen("d/notice", "w", stderr));
  const bool good = cnn_dataset_load(&dataset, &COLOUR, "d", "train", 0, &error);
  fflush(stderr);
  assert_return_code(dup2(kept, STDERR_FILENO), 0);
  close(kept);
  assert_true(good);
  char *notice = scratch_read("d/notice", NULL);
  const char start[] = "net: images were read with 1 warning of their decoders, the first: "
                       "d/train/leaf/1.jpg: Corrupt JPEG data: ";
  assert_memory_equal(notice, start, sizeof start - 1);
  free(notice);
  free(image);
  cnn_dataset_release(&dataset);
}

static void mistakes_in_folders(void **state) {
  (void)state;
  cnn_model other = COLOUR;
  size_t size;
  write_folders();
  other.classes = 2;
  expect_mistake(&other, "train", "d/train: has 3 folders, one a class, but net has 2 classes");
  assert_int_equal(system("for i in $(seq 400); do mkdir d/train/many$i; done"), 0);
  expect_mistake(&other, "train", "d/train: has 403 folders, one a class, but net has 2 classes");
  assert_int_equal(system("rmdir d/train/many*"), 0);
  other = COLOUR;
  other.input[1] = other.input[2] = 64;
  expect_mistake(&other, "train", "d/train/apple/0.jpg: an image of 32x32");
  char *bytes = scratch_read("d/train/leaf/1.jpg", &size);
  scratch_write("d/train/leaf/1.jpg", bytes, size - size / 3);
  free(bytes);
  expect_mistake(&COLOUR, "train", "d/train/leaf/1.jpg: not a good JPEG image: Premature end");
  scratch_write("d/train/leaf/1.jpg", "text", 4);
  expect_mistake(&COLOUR, "train", "d/train/leaf/1.jpg: not a JPEG, PNG or WebP image; convert it");
  scratch_write("d/train/leaf/1.jpg", "", 0);
  expect_mistake(&COLOUR, "train", "d/train/leaf/1.jpg: empty; fetch it again or remove it");
  assert_int_equal(truncate("d/train/leaf/1.jpg", (512 << 20) + 1), 0);
  expect_mistake(&COLOUR, "train",
                 "d/train/leaf/1.jpg: a file of 536870913 bytes, more than the 536870912 that are "
                 "read; make it smaller or remove it");
  assert_int_equal(mkdir("d/test/moon", 0777), 0);
  expect_mistake(&COLOUR, "t10k", "d/test/moon: no class of the training images");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(cifar_loads, fresh),
      cmocka_unit_test_setup(cifar_100_loads, fresh),
      cmocka_unit_test_setup(mistakes_in_cifar, fresh),
      cmocka_unit_test_setup(folders_load, fresh),
      cmocka_unit_test_setup(known_classes_need_no_training_part, fresh),
      cmocka_unit_test_setup(images_load_without_a_data_set, fresh),
      cmocka_unit_test_setup(other_sizes_are_scaled_where_the_recipe_says_so, fresh),
      cmocka_unit_test_setup(rows_and_columns_are_not_exchanged, fresh),
      cmocka_unit_test_setup(warnings_are_shown, fresh),
      cmocka_unit_test_setup(mistakes_in_folders, fresh),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
