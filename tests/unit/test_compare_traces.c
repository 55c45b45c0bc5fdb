/* The program that compares traces for the tests: it must see what is wrong, and only that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/safetensors.h"
#include "scratch.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { COUNT = 10000, AGREE = 0, DIFFER = 1, UNDECIDED = 3 };

/* What a step made: one value, a parameter with its gradient, the loss. */
typedef struct Trace {
  float value[COUNT], weight[COUNT], gradient[COUNT], magnitude[COUNT], loss[1], kink[1];
} Trace;

/* What a program writes; `all` that cnn-generic adds, too. */
static void write_trace(const char *path, const Trace *t, bool all) {
  const cnn_tensor tensors[] = {
      {"relu1", CNN_DTYPE_F32, 1, {COUNT}, t->value, sizeof t->value},
      {"conv1.weight", CNN_DTYPE_F32, 1, {COUNT}, t->weight, sizeof t->weight},
      {"dconv1.weight", CNN_DTYPE_F32, 1, {COUNT}, t->gradient, sizeof t->gradient},
      {"loss", CNN_DTYPE_F32, 1, {1}, t->loss, sizeof t->loss},
      {"dconv1.weight.magnitude", CNN_DTYPE_F32, 1, {COUNT}, t->magnitude, sizeof t->magnitude},
      {"kink_distance", CNN_DTYPE_F32, 1, {1}, t->kink, sizeof t->kink},
  };
  char buffer[1024];
  cnn_text header = {.data = buffer, .size = sizeof buffer};
  cnn_error error = {0};
  assert_true(cnn_safetensors_write(path, tensors, all ? 6 : 4, NULL, 0, &header, &error));
}

static Trace right(void) {
  Trace trace = {.loss = {1.5f}, .kink = {0.01f}};
  for (int i = 0; i < COUNT; i++) {
    trace.value[i] = (float)(i % 7);
    trace.weight[i] = (float)(i % 3) - 1;
    trace.gradient[i] = (float)(i % 5) - 2;
    trace.magnitude[i] = fabsf(trace.gradient[i]);
  }
  return trace;
}

/* The exit code; near: what is behind the files. */
static int compare(const char *near) {
  char command[4096];
  snprintf(command, sizeof command, "%s got wanted %s >output 2>&1", COMPARE_TRACES, near);
  const int status = system(command);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void expect_verdict(int verdict, const Trace *got, const Trace *wanted) {
  write_trace("got", got, false);
  write_trace("wanted", wanted, true);
  assert_int_equal(compare(""), verdict);
}

static void rounding_passes(void **state) {
  (void)state;
  const Trace wanted = right();
  Trace got = wanted;
  for (int i = 0; i < COUNT; i++) got.value[i] *= 1 + 1e-6f, got.gradient[i] *= 1 - 1e-6f;
  expect_verdict(AGREE, &got, &wanted);
}

static void one_wrong_number_is_seen(void **state) {
  (void)state;
  const Trace wanted = right();
  Trace got = wanted;
  got.value[4711] += 0.1f;
  expect_verdict(DIFFER, &got, &wanted);
  got = wanted;
  got.gradient[4711] += 0.1f;
  expect_verdict(DIFFER, &got, &wanted);
  got = wanted;
  got.loss[0] += 0.001f;
  expect_verdict(DIFFER, &got, &wanted);
  got = wanted;
  got.value[0] = NAN;
  expect_verdict(DIFFER, &got, &wanted);
}

/* Gradients in which larger terms cancel are compared relative to these terms. */
static void terms_that_cancel_round(void **state) {
  (void)state;
  Trace wanted = right(), got = wanted;
  got.gradient[4711] += 0.1f;
  for (int i = 0; i < COUNT; i++) wanted.magnitude[i] *= 1000;
  expect_verdict(AGREE, &got, &wanted);
}

/* Near a jump of a derivative another gradient decides nothing, another value does. */
static void jumps_decide_nothing(void **state) {
  (void)state;
  Trace wanted = right(), got = wanted;
  wanted.kink[0] = 1e-6f;
  got.gradient[4711] += 0.1f;
  expect_verdict(UNDECIDED, &got, &wanted);
  assert_int_equal(compare("0.01"), AGREE);
  assert_int_equal(compare("0.0001"), DIFFER);
  got.value[4711] += 0.1f;
  expect_verdict(DIFFER, &got, &wanted);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rounding_passes),
      cmocka_unit_test(one_wrong_number_is_seen),
      cmocka_unit_test(terms_that_cancel_round),
      cmocka_unit_test(jumps_decide_nothing),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
