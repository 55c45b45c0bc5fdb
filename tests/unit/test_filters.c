#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/checkpoint.h"
#include "fake_model.h"
#include "core/real.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOUR = 0, GREY = 16, MANY = 32, ONE = 48 };

/* Layers whose filters see three channels, one, and many; and one without filters. */
static const cnn_parameter PARAMETERS[] = {
    {"stem.colour.weight", 4, {2, 3, 1, 2}, COLOUR, CNN_ZEROS, 0, 1},
    {"stem.colour.bias", 1, {2}, ONE, CNN_ZEROS, 0, 1},
    {"grey.weight", 4, {3, 1, 2, 2}, GREY, CNN_ZEROS, 0, 1},
    {"deep.weight", 4, {2, 2, 1, 1}, MANY, CNN_ZEROS, 0, 1},
    {"fc.weight", 2, {4, 3}, ONE, CNN_ZEROS, 0, 1},
};

static cnn_model model;
static float block[64] = {
    [COLOUR] = 1,
    -1,
    0,
    0.5f,
    -0.5f,
    0, /* filter 0: red, green and blue of two pixels */
    0,
    0,
    0,
    0,
    0,
    0, /* filter 1 */
    [GREY] = 2,
    0,
    -2,
    1,
    [MANY] = 3,
    -3,
    0.5f,
    0,
};

static int write_weights(void **state) {
  model = fake_model;
  model.parameters = PARAMETERS;
  model.parameter_count = sizeof PARAMETERS / sizeof *PARAMETERS;
  model.parameter_reals = sizeof block / sizeof *block;
  model.gradient_reals = model.parameter_reals;
  if (scratch_open(state) != 0) return -1;
  char header[4096];
  cnn_text text = {.data = header, .size = sizeof header};
  cnn_checkpoint checkpoint = {0};
  cnn_error error = {0};
  return cnn_checkpoint_save("w", &model, block, &checkpoint, &text, &error) ? 0 : -1;
}

/* `fake filters` and its arguments. */
static int run(int count, const char *const *arguments) {
  char words[10][64] = {"fake", "filters", "--weights", "w"};
  char *argv[11] = {0};
  for (int i = 0; i < count; i++) snprintf(words[4 + i], sizeof *words, "%s", arguments[i]);
  for (int i = 0; i < 4 + count; i++) argv[i] = words[i];
  return cnn_main(&model, 4 + count, argv);
}
#define RUN(...)                                                                                   \
  run(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

static void expect(const char *path, const char *const *parts, int count) {
  char *picture = scratch_read(path, NULL);
  const char *at = picture;
  for (int i = 0; i < count; i++) {
    at = strstr(at, parts[i]);
    if (!at) fail_msg("'%s' is missing, or not at its place: %s", parts[i], picture);
  }
  free(picture);
}
#define EXPECT(path, ...)                                                                          \
  expect(path, (const char *[]){__VA_ARGS__},                                                      \
         sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void three_channels_are_colours(void **state) {
  (void)state;
  assert_int_equal(RUN("--out", "c.svg"), 0); /* the first layer that has filters */
  EXPECT("c.svg", "<title>fake: filters of stem.colour</title>", "<title>filter 0</title>",
         "<path stroke=\"#ff8040\" d=\"M0 0.5h1\"/>",
         "<path stroke=\"#00bf80\" d=\"M1 0.5h1\"/></g>", "<title>filter 1</title>",
         "<path stroke=\"#808080\" d=\"M0 0.5h1\"/>", "</svg>\n");
}

static void others_are_grey_a_channel_each(void **state) {
  (void)state;
  assert_int_equal(RUN("--layer", "grey", "--out", "g.svg", "--count", "1"), 0);
  EXPECT("g.svg", "<title>filter 0</title>", "\"#ffffff\" d=\"M0 0.5h1\"",
         "\"#808080\" d=\"M1 0.5h1\"", "\"#000000\" d=\"M0 1.5h1\"", "\"#bfbfbf\" d=\"M1 1.5h1\"");
  char *picture = scratch_read("g.svg", NULL);
  assert_null(strstr(picture, "filter 1"));
  free(picture);
  assert_int_equal(RUN("--layer", "deep"), 0);
  EXPECT("runs/fake/filters.svg", "filter 0, channel 0</title><path stroke=\"#ffffff\"",
         "filter 0, channel 1</title><path stroke=\"#000000\"",
         "filter 1, channel 0</title><path stroke=\"#ffffff\"", "filter 1, channel 1</title>");
}

static void a_layer_that_sees_the_image_has_filters(void **state) {
  (void)state;
  scratch_dataset("d", 60, 30);
  assert_int_equal(system(FAKE_PROGRAM " train d --epochs 1 >output"), 0);
  assert_int_equal(system(FAKE_PROGRAM " filters --count 2 >output"), 0);
  EXPECT("output", "written: runs/fake/filters.svg, 2 of the 10 filters of fc, 1x28x28\n");
  EXPECT("runs/fake/filters.svg", "filter 1</title>", "d=\"M27 27.5h1\"/></g>");
}

static void mistakes_are_reported(void **state) {
  (void)state;
  assert_int_equal(RUN("--layer", "fc"), 2); /* [4,3] does not see 28x28 pixels */
  assert_int_equal(system(FAKE_PROGRAM " filters --layer conv1 >output 2>&1"), 2 << 8);
  EXPECT("output", "--layer conv1: no layer with filters; those are fc");
  assert_int_equal(system(FAKE_PROGRAM " filters --weights absent >output 2>&1"), 4 << 8);
  EXPECT("output", "absent: No such file");
  assert_int_equal(system(FAKE_PROGRAM " filters d >output 2>&1"), 2 << 8);
  EXPECT("output", "unexpected argument: d");
  size_t size, later;
  char *before = scratch_read("w", &size);
  assert_int_equal(system("ln w hard && ln -s w soft"), 0);
  static const char *const outs[] = {"w", "./w", "hard", "soft"};
  for (int i = 0; i < 4; i++) {
    char command[256];
    snprintf(command, sizeof command, FAKE_PROGRAM " filters -w w -o %s >output 2>&1", outs[i]);
    assert_int_equal(system(command), 2 << 8);
    EXPECT("output", "would be written over w, which is read; choose another name");
  }
  char *after = scratch_read("w", &later);
  assert_int_equal(size, later);
  assert_memory_equal(before, after, size);
  free(before);
  free(after);
  model.parameter_count = 0;
  assert_int_equal(RUN("--out", "none.svg"), 2);
  assert_false(scratch_exists("none.svg"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_channels_are_colours),
      cmocka_unit_test(others_are_grey_a_channel_each),
      cmocka_unit_test(a_layer_that_sees_the_image_has_filters),
      cmocka_unit_test(mistakes_are_reported),
  };
  return cmocka_run_group_tests(tests, write_weights, scratch_close);
}
