#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_model.h"
#include "train/safetensors.h"
#include "scratch.h"
#include "commands/guarded.h"
#include "core/layout.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *arguments) {
  char command[1024];
  snprintf(command, sizeof command, "%s %s", FAKE_PROGRAM, arguments);
  assert_int_equal(system(command), 0);
}

static cnn_safetensors open_file(const char *path) {
  cnn_safetensors file;
  cnn_error error = {0};
  if (!cnn_safetensors_open(&file, path, &error)) fail_msg("%s", error.message);
  return file;
}

static double get(const cnn_safetensors *file, const char *name, int64_t index) {
  const cnn_tensor *tensor = cnn_safetensors_find(file, name);
  assert_non_null(tensor);
  return cnn_tensor_get(tensor, index);
}

/* The kept values follow from what is written beside them, for integers exactly. */
static void check_forward(const cnn_safetensors *file, int count, bool exact) {
  assert_int_equal(cnn_safetensors_find(file, "images")->shape[0], count);
  assert_int_equal(cnn_safetensors_find(file, "x")->shape[0], count);
  for (int n = 0; n < count; n++) {
    for (int f = 0; f < FAKE_PIXELS; f++) {
      float x = (float)(get(file, "images", n * FAKE_PIXELS + f) * get(file, "scale", 0) +
                        get(file, "shift", 0));
      assert_true(fabs(x - get(file, "x", n * FAKE_PIXELS + f)) < (exact ? 1e-30 : 1e-5));
    }
    for (int k = 0; k < FAKE_CLASSES; k++) {
      double sum = get(file, "fc.bias", k);
      for (int f = 0; f < FAKE_PIXELS; f++)
        sum += get(file, "fc.weight", k * FAKE_PIXELS + f) * get(file, "x", n * FAKE_PIXELS + f);
      assert_true(fabs(sum - get(file, "logits", n * FAKE_CLASSES + k)) < (exact ? 1e-30 : 1e-4));
    }
  }
}

static void values_are_written_plain(void **state) {
  (void)state;
  run("trace --out t.safetensors --threads 1");
  cnn_safetensors file = open_file("t.safetensors");
  check_forward(&file, FAKE_BATCH, false);
  assert_int_equal(cnn_safetensors_find(&file, "dfc.weight")->rank, 2);
  cnn_safetensors_close(&file);
  for (int precision = 0; precision < 2; precision++) {
    run(precision ? "double trace --integers --count 7 --seed 3 --out t.safetensors --threads 1"
                  : "trace --integers --count 7 --seed 3 --out t.safetensors --threads 1");
    file = open_file("t.safetensors");
    assert_int_equal(cnn_safetensors_find(&file, "x")->dtype,
                     precision ? CNN_DTYPE_F64 : CNN_DTYPE_F32);
    check_forward(&file, 7, true);
    cnn_safetensors_close(&file);
  }
}

/* The images of one trace are the batch of the next; inference gives the same logits. */
static void traces_feed_traces(void **state) {
  (void)state;
  run("trace --out a.safetensors --seed 4 --count 9 --threads 1");
  run("trace --out b.safetensors --seed 4 --images a.safetensors --infer --threads 1");
  cnn_safetensors a = open_file("a.safetensors"), b = open_file("b.safetensors");
  for (int i = 0; i < 9; i++) assert_true(get(&a, "labels", i) == get(&b, "labels", i));
  for (int i = 0; i < 9 * FAKE_CLASSES; i++)
    assert_true(get(&a, "logits", i) == get(&b, "logits", i));
  assert_null(cnn_safetensors_find(&b, "dfc.weight"));
  cnn_safetensors_close(&a);
  cnn_safetensors_close(&b);
}

static void inputs_are_not_written_over(void **state) {
  (void)state;
  run("trace --out a.safetensors --threads 1");
  static const char *const inputs[] = {"--images", "--weights"};
  for (int i = 0; i < 2; i++) {
    char command[256];
    snprintf(command, sizeof command, "%s trace %s a.safetensors --out ./a.safetensors 2>message",
             FAKE_PROGRAM, inputs[i]);
    assert_int_equal(system(command), 2 << 8);
    assert_int_equal(system("grep -q 'would be written over a.safetensors' message"), 0);
  }
  cnn_safetensors a = open_file("a.safetensors"); /* is still whole */
  cnn_safetensors_close(&a);
}

/* The last number of a value can be written; the byte behind it cannot. */
static void pages_behind_values_are_guarded(void **state) {
  (void)state;
  cnn_error error = {0};
  const cnn_kept kept = cnn_kept_training(&fake_model);
  float *activations = cnn_guarded_activations(&fake_model, &kept, &error);
  assert_non_null(activations);
  for (int i = 0; i < fake_model.value_count; i++) {
    const cnn_value *value = &fake_model.values[i];
    float *end = activations + value->offset + cnn_value_reals(&fake_model, value);
    end[-1] = 1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
      *(volatile float *)end = 1;
      _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
  }
  cnn_guarded_release(&fake_model, &kept, activations);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_written_plain),
      cmocka_unit_test(traces_feed_traces),
      cmocka_unit_test(inputs_are_not_written_over),
      cmocka_unit_test(pages_behind_values_are_guarded),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
