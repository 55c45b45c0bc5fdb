#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/image_files.h"
#include "data/image_parts.h"
#include "data/load.h"
#include "data/split.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders of images as people have them: parts of any name, folders below classes, litter, broken
   files; and data sets that are split. */
enum { CLASSES = 3 };
static const cnn_recipe PLAIN = {.resize = 0};
static const cnn_model MODEL = {
    .name = "net", .input = {3, 32, 32}, .classes = CLASSES, .recipe = &PLAIN};
static const uint8_t RED[3] = {200, 20, 20};

static int fresh(void **state) {
  (void)state;
  return system("rm -rf d && mkdir d");
}

static void shell(const char *command) {
  assert_int_equal(system(command), 0);
}

static void picture(const char *path) {
  scratch_jpeg(path, 32, RED);
}

/* FOLDER/a/0.jpg... with 2, 3 and 4 images. */
static void write_classes(const char *folder) {
  char path[128];
  for (int k = 0; k < CLASSES; k++) {
    snprintf(path, sizeof path, "mkdir -p %s/%c", folder, 'a' + k);
    shell(path);
    for (int i = 0; i < 2 + k; i++) {
      snprintf(path, sizeof path, "%s/%c/%d.jpg", folder, 'a' + k, i);
      picture(path);
    }
  }
}

static cnn_part part_of(cnn_role role) {
  return (cnn_part){.model = &MODEL, .folder = "d", .role = role};
}

static void expect_part(cnn_role role, const char *wanted) {
  char path[PATH_MAX];
  const bool has = cnn_image_part_find("d", role, path);
  assert_int_equal(has, wanted != NULL);
  assert_int_equal(cnn_dataset_has("d", role), has);
  if (has) assert_string_equal(path, wanted);
}

static void parts_have_any_of_their_names(void **state) {
  (void)state;
  write_classes("d/train");
  expect_part(CNN_PART_TRAINING, "d/train");
  expect_part(CNN_PART_VALIDATION, NULL);
  expect_part(CNN_PART_TEST, NULL);
  write_classes("d/test");
  expect_part(CNN_PART_VALIDATION, "d/test");
  expect_part(CNN_PART_LAST, NULL);
  static const char *const NAMES[] = {"validation", "valid", "val"};
  for (int i = 0; i < 3; i++) {
    char path[32];
    snprintf(path, sizeof path, "d/%s", NAMES[i]);
    write_classes(path);
    expect_part(CNN_PART_VALIDATION, path);
    expect_part(CNN_PART_LAST, "d/test");
    expect_part(CNN_PART_TEST, "d/test");
  }
  shell("rm -r d/test");
  expect_part(CNN_PART_LAST, NULL);
  expect_part(CNN_PART_TEST, "d/val");
}

static void classes_without_parts_train_and_test(void **state) {
  (void)state;
  write_classes("d");
  expect_part(CNN_PART_TRAINING, "d");
  expect_part(CNN_PART_TEST, "d");
  expect_part(CNN_PART_VALIDATION, NULL);
  expect_part(CNN_PART_LAST, NULL);
  shell("rm -r d/* && mkdir d/a");
  picture("d/0.jpg"); /* images without classes */
  expect_part(CNN_PART_TRAINING, NULL);
  expect_part(CNN_PART_TEST, NULL);
}

static void expect_loaded(const cnn_part *part, int count, const int *labels) {
  cnn_dataset dataset;
  cnn_error error = {0};
  if (!cnn_dataset_load_part(&dataset, part, &error)) fail_msg("%s", error.message);
  assert_int_equal(dataset.count, count);
  for (int i = 0; i < count; i++) assert_int_equal(dataset.labels[i], labels[i]);
  cnn_dataset_release(&dataset);
}

static const int IN_TURN[] = {0, 1, 2, 0, 1, 2, 1, 2, 2};

static void litter_is_ignored(void **state) {
  (void)state;
  const cnn_part training = part_of(CNN_PART_TRAINING);
  write_classes("d/train");
  shell("mkdir d/train/.cache d/train/__MACOSX d/train/@eaDir d/train/a/@eaDir && "
        "touch d/train/Thumbs.db d/train/a/Thumbs.db d/train/a/desktop.ini d/train/b/.DS_Store "
        "d/train/a/@eaDir/0.jpg && echo text >d/train/c/notes.txt && mkfifo d/train/a/pipe");
  expect_loaded(&training, 9, IN_TURN);
  cnn_image_files files;
  cnn_error error = {0};
  assert_true(cnn_image_files_of_part(&files, &training, &error));
  assert_int_equal(files.ignored, 2);
  assert_string_equal(files.first_ignored, "a/pipe");
  cnn_image_files_close(&files);
}

static void classes_have_nested_folders(void **state) {
  (void)state;
  const cnn_part training = part_of(CNN_PART_TRAINING);
  write_classes("d/train");
  shell("mkdir -p d/train/b/2019/may");
  shell("mv d/train/b/1.jpg d/train/b/2019/may/1.jpg && mv d/train/b/2.jpg d/train/b/2019/");
  expect_loaded(&training, 9, IN_TURN);
  cnn_image_files files;
  cnn_error error = {0};
  assert_true(cnn_image_files_of_part(&files, &training, &error));
  assert_string_equal(files.images[4].name, "b/2019/2.jpg");
  assert_string_equal(files.images[6].name, "b/2019/may/1.jpg");
  cnn_image_files_close(&files);
}

/* A class without images in a part is no mistake, as long as the part has some. */
static void classes_may_be_empty(void **state) {
  (void)state;
  static const int labels[] = {0, 2, 0, 2, 2, 2};
  const cnn_part training = part_of(CNN_PART_TRAINING);
  cnn_dataset dataset;
  cnn_error error = {0};
  write_classes("d/train");
  shell("rm d/train/b/*");
  expect_loaded(&training, 6, labels);
  shell("rm d/train/?/*");
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_string_equal(error.message, "d/train: no images; put some there");
}

static void all_bad_images_are_counted(void **state) {
  (void)state;
  static const int labels[] = {0, 1, 1, 2, 1, 2, 2};
  cnn_part training = part_of(CNN_PART_TRAINING);
  cnn_dataset dataset;
  cnn_error error = {0};
  write_classes("d/train");
  shell("echo '<html>' >d/train/a/1.jpg && truncate -s 500 d/train/c/0.jpg");
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  assert_string_equal(error.message,
                      "d/train: 2 of 9 images cannot be read (see above); mend or remove them, or "
                      "leave them out with --skip-bad");
  training.skip_bad = true;
  expect_loaded(&training, 7, labels);
  shell("for f in d/train/?/*; do echo >$f; done");
  error = (cnn_error){0};
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_non_null(strstr(error.message, "9 of 9 images cannot be read"));
}

/* The size of the input is no fault of one image. */
static void a_wrong_size_ends_the_load(void **state) {
  (void)state;
  cnn_part training = part_of(CNN_PART_TRAINING);
  cnn_dataset dataset;
  cnn_error error = {0};
  write_classes("d/train");
  scratch_jpeg("d/train/a/0.jpg", 40, RED);
  training.skip_bad = true;
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_non_null(strstr(error.message, "d/train/a/0.jpg: an image of 40x40"));
}

static void there_may_be_thousands_of_classes(void **state) {
  (void)state;
  enum { MANY = 1200 };
  cnn_model model = MODEL;
  cnn_dataset dataset;
  cnn_error error = {0};
  cnn_part training = part_of(CNN_PART_TRAINING);
  model.classes = MANY;
  training.model = &model;
  picture("d/one.jpg");
  shell("for i in $(seq 1000 2199); do mkdir -p d/train/$i; ln d/one.jpg d/train/$i/; done");
  assert_true(cnn_dataset_load_part(&dataset, &training, &error));
  assert_int_equal(dataset.count, MANY);
  for (int i = 0; i < MANY; i++) assert_int_equal(dataset.labels[i], i);
  cnn_dataset_release(&dataset);
}

/* --- tables ----------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text) {
  scratch_write(path, text, strlen(text));
}

/* Quotes, commas, two quotes for one, an empty line, CRLF and no end of the last line. */
static void tables_label_images(void **state) {
  (void)state;
  static const int labels[] = {0, 1, 2, 1};
  cnn_image_files files;
  cnn_error error = {0};
  const cnn_part training = part_of(CNN_PART_TRAINING);
  shell("mkdir d/below");
  picture("d/1.jpg");
  picture("d/a, \"b\".jpg");
  picture("d/below/2.jpg");
  picture("d/3.jpg");
  write_text("d/labels.csv",
             "\xef\xbb\xbfid,Label,FILE\r\n1,sea,1.jpg\r\n\r\n"
             "2,\"forest\",\"a, \"\"b\"\".jpg\"\r\n3,beach,below/2.jpg\r\n4,forest,3.jpg");
  expect_part(CNN_PART_TRAINING, "d");
  expect_part(CNN_PART_TEST, "d");
  expect_part(CNN_PART_VALIDATION, NULL);
  expect_loaded(&training, 4, labels);
  assert_true(cnn_image_files_of_part(&files, &training, &error));
  assert_string_equal(files.classes, "beach\nforest\nsea");
  assert_string_equal(files.images[1].name, "a, \"b\".jpg");
  assert_string_equal(files.images[3].name, "3.jpg");
  cnn_image_files_close(&files);
}

/* Numbers are sorted by their values; parts may have tables of their own. */
static void labels_may_be_numbers(void **state) {
  (void)state;
  static const int labels[] = {0, 1, 2}, one[] = {2};
  cnn_part training = part_of(CNN_PART_TRAINING), test = part_of(CNN_PART_TEST);
  shell("mkdir d/train d/val");
  for (int i = 0; i < 3; i++) {
    char path[32];
    snprintf(path, sizeof path, "d/train/%d.jpg", i);
    picture(path);
  }
  picture("d/val/x.jpg");
  write_text("d/train/labels.csv", "0.jpg,10\n1.jpg,9\n2.jpg,100\n");
  write_text("d/val/labels.csv", "x.jpg,100\n");
  expect_loaded(&training, 3, labels);
  test.classes = "9\n10\n100";
  expect_loaded(&test, 1, one);
}

static void mistakes_in_tables(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } CASES[] = {
      {"", "d/labels.csv: no images; give each a line: file,label"},
      {"file,label\n", "d/labels.csv: no images; give each a line: file,label"},
      {"0.jpg\n", "d/labels.csv: line 1: a file and a label are wanted, with a comma between"},
      {"0.jpg,a\n1.jpg,\n", "d/labels.csv: line 2: the file or the label is empty"},
      {"0.jpg,a\n\"1.jpg,b\n", "d/labels.csv: line 2: a quote is not closed"},
      {"\"0.jpg\"x,a\n",
       "d/labels.csv: line 1: text behind a closed quote; put the whole field in quotes"},
      {"0.jpg,a\n../1.jpg,b\n", "d/labels.csv: line 2: a file that is not below the folder of the "
                                "table; name it from there"},
      {"0.jpg,\"a\nb\"\n", "d/labels.csv: line 1: a label of two lines"},
      {"0.jpg,a\n0.jpg,b\n0.jpg,c\n0.jpg,d\n", "d/labels.csv: has 4 labels, one a class, but net "
                                               "has 3 classes; compile the model for these "
                                               "classes or give it another data set"},
      {"0.jpg,a\n2.jpg,b\n", "d/2.jpg: No such file or directory; --skip-bad leaves it out"},
  };
  cnn_part training = part_of(CNN_PART_TRAINING);
  picture("d/0.jpg");
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    cnn_dataset dataset;
    cnn_error error = {0};
    write_text("d/labels.csv", CASES[i].text);
    assert_false(cnn_dataset_load_part(&dataset, &training, &error));
    assert_string_equal(error.message, CASES[i].message);
    assert_int_equal(error.code, CNN_EXIT_DATA);
  }
  cnn_dataset dataset;
  cnn_error error = {0};
  scratch_write("d/labels.csv", "0.jpg,a\0", 8);
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_string_equal(error.message, "d/labels.csv: a byte of 0; a table is text");
  write_text("d/labels.csv", "0.jpg,a\n0.jpg,moon\n");
  training.classes = "a\nb";
  error = (cnn_error){0};
  assert_false(cnn_dataset_load_part(&dataset, &training, &error));
  assert_string_equal(error.message,
                      "d/labels.csv: line 2: 'moon': no class of the training images "
                      "has this name; those are a to b");
}

/* --- splits ----------------------------------------------------------------------------------- */

/* Image i of `images` has the bytes i, i / 256, ...; a tenth of them is of class 0. */
static void make_set(cnn_dataset *set, int images) {
  cnn_error error = {0};
  *set = (cnn_dataset){0};
  cnn_dataset_want_images(set, &MODEL, images);
  cnn_storage_want(&set->storage, &set->labels, (size_t)images, sizeof *set->labels);
  assert_true(cnn_storage_commit(&set->storage, &error));
  for (int i = 0; i < images; i++) {
    memcpy(set->images + (size_t)i * set->image_bytes, &i, sizeof i);
    set->labels[i] = i % 10 == 0 ? 0 : 1 + i % 2;
  }
}

static int number_of(const cnn_dataset *set, int i) {
  int number;
  memcpy(&number, set->images + (size_t)i * set->image_bytes, sizeof number);
  return number;
}

/* Splits; `is_held`: which images are held back. */
static void split(int images, double share, uint64_t seed, bool *is_held) {
  cnn_dataset all, held = {0};
  cnn_error error = {0};
  make_set(&all, images);
  assert_true(cnn_dataset_split(&all, &held, &MODEL, share, seed, &error));
  assert_int_equal(all.count + held.count, images);
  memset(is_held, 0, (size_t)images);
  for (int i = 0; i < held.count; i++) {
    const int number = number_of(&held, i);
    is_held[number] = true;
    assert_true(i == 0 || number > number_of(&held, i - 1));
    assert_int_equal(held.labels[i], number % 10 == 0 ? 0 : 1 + number % 2);
  }
  for (int i = 0; i < all.count; i++) {
    const int number = number_of(&all, i);
    assert_false(is_held[number]);
    assert_int_equal(all.labels[i], number % 10 == 0 ? 0 : 1 + number % 2);
  }
  cnn_dataset_release(&all);
  cnn_dataset_release(&held);
}

static void splits_are_stratified_and_by_seed(void **state) {
  (void)state;
  enum { IMAGES = 1000 };
  static bool one[IMAGES], again[IMAGES], other[IMAGES];
  int counts[CLASSES] = {0}, same = 0;
  split(IMAGES, 0.2, 1, one);
  split(IMAGES, 0.2, 1, again);
  split(IMAGES, 0.2, 2, other);
  assert_memory_equal(one, again, sizeof one);
  for (int i = 0; i < IMAGES; i++) {
    if (one[i]) counts[i % 10 == 0 ? 0 : 1 + i % 2]++;
    same += one[i] && other[i];
  }
  assert_int_equal(counts[0], 20); /* of 100 */
  assert_int_equal(counts[1], 80); /* of 400 */
  assert_int_equal(counts[2], 100);
  assert_in_range(same, 20, 70); /* 40 are expected of independent splits */
}

static void splits_leave_something_on_both_sides(void **state) {
  (void)state;
  bool is_held[20];
  split(20, 0.01, 1, is_held); /* class 0 has two images */
  assert_int_equal(is_held[0] + is_held[10], 1);
  split(20, 0.9, 1, is_held);
  assert_int_equal(is_held[0] + is_held[10], 1);
  cnn_dataset all, held = {0};
  cnn_error error = {0};
  make_set(&all, 2);
  assert_false(cnn_dataset_split(&all, &held, &MODEL, 0.5, 1, &error));
  assert_non_null(strstr(error.message, "no class has two images"));
  cnn_dataset_release(&all);
  cnn_dataset_release(&held);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(parts_have_any_of_their_names, fresh),
      cmocka_unit_test_setup(classes_without_parts_train_and_test, fresh),
      cmocka_unit_test_setup(litter_is_ignored, fresh),
      cmocka_unit_test_setup(classes_have_nested_folders, fresh),
      cmocka_unit_test_setup(classes_may_be_empty, fresh),
      cmocka_unit_test_setup(all_bad_images_are_counted, fresh),
      cmocka_unit_test_setup(a_wrong_size_ends_the_load, fresh),
      cmocka_unit_test_setup(there_may_be_thousands_of_classes, fresh),
      cmocka_unit_test_setup(tables_label_images, fresh),
      cmocka_unit_test_setup(labels_may_be_numbers, fresh),
      cmocka_unit_test_setup(mistakes_in_tables, fresh),
      cmocka_unit_test(splits_are_stratified_and_by_seed),
      cmocka_unit_test(splits_leave_something_on_both_sides),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
