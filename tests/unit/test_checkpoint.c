#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/checkpoint.h"
#include "fake_model.h"
#include "core/initialize.h"
#include "core/real.h"
#include "train/run.h"
#include "train/safetensors.h"
#include "scratch.h"

#include <math.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REALS = FAKE_CLASSES * FAKE_PIXELS + 16 };

static cnn_checkpoint example(void) {
  const double mean[] = {0.1}, deviation[] = {1.0 / 3};
  return (cnn_checkpoint){.epoch = 3,
                          .seed = UINT64_MAX - 1,
                          .normalization = cnn_normalization_given(1, mean, deviation),
                          .classes = "cat\n\"dog\"\n\x01"};
}

static void save(const cnn_model *model, void *parameters) {
  size_t size = cnn_checkpoint_header_bytes(model, example().classes);
  char *room = malloc(size);
  cnn_text header = {.data = room, .size = size};
  cnn_checkpoint checkpoint = example();
  cnn_error error = {0};
  assert_non_null(room);
  assert_true(
      cnn_checkpoint_save("c.safetensors", model, parameters, &checkpoint, &header, &error));
  free(room);
}

static void weights_and_labels_come_back(void **state) {
  (void)state;
  static float saved[REALS], loaded[REALS];
  cnn_checkpoint checkpoint, wanted = example();
  cnn_error error = {0};
  cnn_init_parameters(&fake_model, 1, saved);
  save(&fake_model, saved);
  assert_true(cnn_checkpoint_load("c.safetensors", &fake_model, loaded, &checkpoint, &error));
  assert_memory_equal(saved, loaded, sizeof saved);
  assert_int_equal(checkpoint.epoch, wanted.epoch);
  assert_true(checkpoint.seed == wanted.seed);
  assert_memory_equal(&checkpoint.normalization, &wanted.normalization,
                      sizeof wanted.normalization);
  char *classes;
  assert_true(cnn_checkpoint_classes("c.safetensors", &fake_model, &classes, &error));
  assert_string_equal(classes, wanted.classes);
  free(classes);
}

/* A checkpoint as other programs write it. */
static void write_foreign(const cnn_tensor *tensors, int count, const cnn_metadata *metadata,
                          int metadata_count) {
  char room[1024];
  cnn_text header = {.data = room, .size = sizeof room};
  cnn_error error = {0};
  assert_true(cnn_safetensors_write("c.safetensors", tensors, count, metadata, metadata_count,
                                    &header, &error));
}

static void expect_rejected(const char *words) {
  static float block[REALS];
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  assert_false(cnn_checkpoint_load("c.safetensors", &fake_model, block, &checkpoint, &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  if (!strstr(error.message, words)) fail_msg("'%s' does not contain '%s'", error.message, words);
}

static void damaged_numbers_are_rejected(void **state) {
  (void)state;
  static float block[REALS];
  cnn_init_parameters(&fake_model, 1, block);
  save(&fake_model, block);
  size_t size;
  char *bytes = scratch_read("c.safetensors", &size);
  for (size_t back = 1; back <= sizeof(float) * 7850; back += 4000) {
    bytes[size - back] ^= 1;
    scratch_write("c.safetensors", bytes, size);
    expect_rejected("c.safetensors: its numbers are damaged");
    bytes[size - back] ^= 1;
  }
  free(bytes);
  block[3] = NAN;
  save(&fake_model, block);
  expect_rejected("c.safetensors: element 3 of 'fc.weight' is not a finite number");
}

static void bad_normalization_is_rejected(void **state) {
  (void)state;
  static float block[REALS];
  static const char *const keys[] = {"\"mean\":\"", "\"deviation\":\""};
  for (int i = 0; i < 2; i++) {
    save(&fake_model, block);
    size_t size;
    char *bytes = scratch_read("c.safetensors", &size);
    char *number = memmem(bytes, size, keys[i], strlen(keys[i]));
    assert_non_null(number);
    number[strlen(keys[i])] = "x-"[i];
    scratch_write("c.safetensors", bytes, size);
    free(bytes);
    expect_rejected(
        "c.safetensors: its normalisation (metadata 'mean' and 'deviation') must be 1 number "
        "each");
  }
}

static void an_absent_file_is_reported_with_a_remedy(void **state) {
  (void)state;
  assert_int_equal(remove("c.safetensors"), 0);
  expect_rejected("c.safetensors: No such file or directory; name a checkpoint, or train first: "
                  "`fake train DIR` writes runs/fake/last.safetensors");
}

static void float_and_double_exchange(void **state) {
  (void)state;
  static float narrow[REALS];
  static double wide[REALS];
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  cnn_init_parameters(&fake_model_double, 1, wide);
  save(&fake_model_double, wide);
  assert_true(cnn_checkpoint_load("c.safetensors", &fake_model, narrow, &checkpoint, &error));
  for (int i = 0; i < REALS; i++) assert_true(narrow[i] == (float)wide[i]);
  save(&fake_model, narrow);
  assert_true(cnn_checkpoint_load("c.safetensors", &fake_model_double, wide, &checkpoint, &error));
  for (int i = 0; i < REALS; i++) assert_true(wide[i] == narrow[i]);
}

static void another_model_is_rejected(void **state) {
  (void)state;
  static float block[REALS];
  save(&fake_model, block);
  const cnn_parameter parameters[] = {
      {"fc.weight", 2, {10, 785}, 0, CNN_ZEROS, 0, 1},
      {"fc2.bias", 1, {10}, 0, CNN_ZEROS, 0, 1},
  };
  cnn_model other = fake_model;
  other.name = "other";
  other.parameters = parameters;
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  block[0] = 42;
  assert_false(cnn_checkpoint_load("c.safetensors", &other, block, &checkpoint, &error));
  assert_int_equal(error.code, CNN_EXIT_DATA);
  assert_string_equal(
      error.message,
      "c.safetensors: a checkpoint of another model (fake) than other; use one of this "
      "network:\n"
      "  fc.weight: [10,784] in the file, [10,785] in the model\n"
      "  fc2.bias: not in the file\n"
      "  fc.bias: not in the model");
  assert_true(block[0] == 42); /* nothing is half loaded */
}

static void long_lists_of_differences_are_cut(void **state) {
  (void)state;
  static float block[REALS];
  save(&fake_model, block);
  static cnn_parameter parameters[20];
  static char names[20][400];
  for (int i = 0; i < 20; i++) {
    memset(names[i], 'a' + i, sizeof names[i] - 1);
    parameters[i] = (cnn_parameter){names[i], 1, {1}, 0, CNN_ZEROS, 0, 1};
  }
  cnn_model other = fake_model;
  other.parameters = parameters;
  other.parameter_count = 20;
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  assert_false(cnn_checkpoint_load("c.safetensors", &other, block, &checkpoint, &error));
  assert_true(strlen(error.message) < sizeof error.message);
}

/* A file that another program made: weights, no metadata. */
static void normalization_may_be_missing(void **state) {
  (void)state;
  static float block[REALS];
  cnn_tensor tensors[2] = {
      {"fc.weight", CNN_DTYPE_F32, 2, {10, 784}, block, 4 * 7840},
      {"fc.bias", CNN_DTYPE_F32, 1, {10}, block, 40},
  };
  const cnn_metadata odd[] = {{"mean", "0.5"}, {"deviation", "0"}};
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  write_foreign(tensors, 2, NULL, 0);
  assert_true(cnn_checkpoint_load("c.safetensors", &fake_model, block, &checkpoint, &error));
  assert_int_equal(checkpoint.normalization.channels, 0);
  for (int metadata = 1; metadata <= 2; metadata++) { /* a half of it, or a deviation of 0 */
    write_foreign(tensors, 2, odd, metadata);
    expect_rejected("c.safetensors: its normalisation");
  }
}

/* As PyTorch's tools write them: other types of numbers, and a count of batches. */
static void files_of_others_load(void **state) {
  (void)state;
  static float block[REALS];
  static uint16_t halves[7840] = {0x3c00, 0xc100, 0x0001, 0x7bff}, upper[10] = {0x3f80, 0xc020};
  static const int64_t batches = 7;
  const cnn_tensor tensors[3] = {
      {"fc.weight", CNN_DTYPE_F16, 2, {10, 784}, halves, sizeof halves},
      {"fc.bias", CNN_DTYPE_BF16, 1, {10}, upper, sizeof upper},
      {"bn.num_batches_tracked", CNN_DTYPE_I64, 0, {0}, &batches, 8},
  };
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  write_foreign(tensors, 3, NULL, 0);
  assert_true(cnn_checkpoint_load("c.safetensors", &fake_model, block, &checkpoint, &error));
  const float *weight = block + fake_model.parameters[0].offset;
  const float *bias = block + fake_model.parameters[1].offset;
  assert_true(weight[0] == 1 && weight[1] == -2.5f && weight[2] == 0x1p-24f && weight[3] == 65504);
  assert_true(weight[4] == 0 && bias[0] == 1 && bias[1] == -2.5f);
  halves[5] = 0x7c00; /* infinity */
  write_foreign(tensors, 3, NULL, 0);
  expect_rejected("c.safetensors: element 5 of 'fc.weight' is not a finite number");
}

/* Wrappers put their scopes in front of all names. */
static void common_prefixes_are_recognised(void **state) {
  (void)state;
  static float block[REALS], loaded[REALS];
  static const int64_t batches = 7;
  static const char *const prefixes[] = {"module.", "_orig_mod.", "model.", "_orig_mod.module."};
  cnn_checkpoint checkpoint;
  cnn_init_parameters(&fake_model, 1, block);
  for (int i = 0; i < 4; i++) {
    char weight[64], bias[64], counter[64], words[128];
    snprintf(weight, sizeof weight, "%sfc.weight", prefixes[i]);
    snprintf(bias, sizeof bias, "%sfc.bias", prefixes[i]);
    snprintf(counter, sizeof counter, "%sbn.num_batches_tracked", prefixes[i]);
    const cnn_tensor tensors[] = {
        {"n_averaged", CNN_DTYPE_I64, 0, {0}, &batches, 8},
        {counter, CNN_DTYPE_I64, 0, {0}, &batches, 8},
        {weight, CNN_DTYPE_F32, 2, {10, 784}, block, 4 * 7840},
        {bias, CNN_DTYPE_F32, 1, {10}, block + 7840, 40},
    };
    cnn_error error = {0};
    write_foreign(tensors, 4, NULL, 0);
    const int kept = dup(STDERR_FILENO),
              file = open("messages", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(file, STDERR_FILENO);
    const bool good =
        cnn_checkpoint_load("c.safetensors", &fake_model, loaded, &checkpoint, &error);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(file);
    if (!good) fail_msg("%s", error.message);
    assert_memory_equal(loaded, block, 7850 * sizeof *block);
    char *messages = scratch_read("messages", NULL);
    snprintf(words, sizeof words,
             "fake: c.safetensors: all names begin with '%s', which is ignored", prefixes[i]);
    if (!strstr(messages, words)) fail_msg("%s", messages);
    free(messages);
  }
  const cnn_tensor mixed[] = {
      {"module.fc.weight", CNN_DTYPE_F32, 2, {10, 784}, block, 4 * 7840},
      {"fc.bias", CNN_DTYPE_F32, 1, {10}, block + 7840, 40},
  };
  write_foreign(mixed, 2, NULL, 0);
  expect_rejected("fc.weight: not in the file");
}

static void layers_are_reinitialised(void **state) {
  (void)state;
  static float saved[REALS], loaded[REALS];
  const cnn_parameter parameters[] = {
      {"fc.weight", 2, {10, 784}, 0, CNN_ZEROS, 0, 1},
      {"head.0.bias", 1, {3}, 7840, CNN_ZEROS, 0, 1},
  };
  cnn_model other = fake_model;
  other.parameters = parameters;
  other.parameter_count = 2;
  cnn_checkpoint checkpoint;
  cnn_error error = {0};
  cnn_init_parameters(&fake_model, 1, saved);
  save(&fake_model, saved);
  loaded[7840] = 42;
  /* fc.bias is only in the file, head only in the model */
  assert_true(cnn_checkpoint_load_but("c.safetensors", &other, "head,fc.bias", loaded, &checkpoint,
                                      &error));
  assert_memory_equal(loaded, saved, 7840 * sizeof *loaded);
  assert_true(loaded[7840] == 42);
  static const struct {
    const char *reinit, *words;
  } mistakes[] = {
      {"", "fc.bias: not in the model\nor initialise the layers that differ with --reinit"},
      {"hea,fc.bias", "--reinit hea: neither the model nor c.safetensors has a layer of this name"},
      {"head", "fc.bias: not in the model"},
  };
  for (int i = 0; i < 3; i++) {
    error = (cnn_error){0};
    assert_false(cnn_checkpoint_load_but("c.safetensors", &other, mistakes[i].reinit, loaded,
                                         &checkpoint, &error));
    if (!strstr(error.message, mistakes[i].words)) fail_msg("%s", error.message);
  }
}

static void folders_of_other_runs_are_rejected(void **state) {
  (void)state;
  static float block[REALS];
  cnn_run run = {0}, second = {0};
  cnn_model other = fake_model;
  cnn_checkpoint checkpoint = example();
  cnn_error error = {0};
  assert_true(cnn_run_open(&run, &fake_model, "runs/deep/er", &error) &&
              cnn_run_make(&run, &error));
  run.text.size = cnn_run_text_bytes(&fake_model, example().classes, 1);
  run.text.data = malloc(run.text.size);
  assert_true(cnn_run_save(&run, block, NULL, &checkpoint, NULL, 0, false, &error));
  free(run.text.data);

  assert_true(cnn_run_open(&second, &fake_model, "runs/deep/er", &error));
  assert_false(cnn_run_make(&second, &error));
  assert_non_null(strstr(error.message, "another training writes there"));
  error = (cnn_error){0};
  cnn_run_close(&run);
  assert_true(cnn_run_make(&second, &error));
  cnn_run_close(&second);

  assert_true(cnn_run_open(&run, &fake_model, "runs/deep/er", &error));
  other.name = "other";
  assert_false(cnn_run_open(&run, &other, "runs/deep/er", &error));
  assert_int_equal(error.code, CNN_EXIT_USAGE);
  assert_non_null(strstr(error.message, "holds a run of another model, fake"));

  error = (cnn_error){0};
  assert_true(cnn_run_open(&run, &fake_model, "mine", &error) && cnn_run_make(&run, &error));
  cnn_run_close(&run);
  scratch_write("mine/metrics.csv", "precious", 8);
  assert_false(cnn_run_open(&run, &fake_model, "mine", &error));
  assert_int_equal(error.code, CNN_EXIT_USAGE);

  error = (cnn_error){0};
  scratch_write("file", "", 0);
  assert_true(cnn_run_open(&run, &fake_model, "file", &error));
  assert_false(cnn_run_make(&run, &error));
  assert_int_equal(error.code, CNN_EXIT_FAILED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_and_labels_come_back),
      cmocka_unit_test(damaged_numbers_are_rejected),
      cmocka_unit_test(bad_normalization_is_rejected),
      cmocka_unit_test(an_absent_file_is_reported_with_a_remedy),
      cmocka_unit_test(float_and_double_exchange),
      cmocka_unit_test(another_model_is_rejected),
      cmocka_unit_test(long_lists_of_differences_are_cut),
      cmocka_unit_test(normalization_may_be_missing),
      cmocka_unit_test(files_of_others_load),
      cmocka_unit_test(common_prefixes_are_recognised),
      cmocka_unit_test(layers_are_reinitialised),
      cmocka_unit_test(folders_of_other_runs_are_rejected),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
