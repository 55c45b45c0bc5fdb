#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_model.h"
#include "core/initialize.h"
#include "core/real.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 30000, REALS = 2 * N + 32 };

static void fill(const cnn_parameter *parameters, int count, int real_bytes, uint64_t seed,
                 void *block) {
  cnn_model model = fake_model;
  model.parameters = parameters;
  model.parameter_count = count;
  model.real_bytes = real_bytes;
  memset(block, 0, REALS * sizeof(double));
  cnn_init_parameters(&model, seed, block);
}

static void rules_give_their_statistics(void **state) {
  (void)state;
  static float block[2 * REALS];
  const cnn_parameter parameters[] = {
      {"u", 2, {N / 100, 100}, 0, CNN_UNIFORM, 0.25, 1},
      {"n", 1, {N}, N, CNN_NORMAL, 2, 1},
      {"c", 1, {8}, 2 * N, CNN_CONSTANT, 0.75, 1},
      {"z", 1, {8}, 2 * N + 8, CNN_ZEROS, 3, 1},
  };
  fill(parameters, 4, 4, 1, block);
  double sum = 0, squares = 0, most = 0;
  for (int i = 0; i < N; i++) {
    sum += block[i], squares += block[i] * block[i];
    most = fmax(most, fabs((double)block[i]));
  }
  assert_true(most <= 0.25 && most > 0.249);
  assert_true(fabs(sum / N) < 0.005);
  assert_true(fabs(squares / N * 12 / 0.25 - 1) < 0.03);
  sum = squares = 0;
  for (int i = N; i < 2 * N; i++) sum += block[i], squares += block[i] * block[i];
  assert_true(fabs(sum / N) < 0.05);
  assert_true(fabs(squares / N / 4 - 1) < 0.05);
  for (int i = 0; i < 8; i++) {
    assert_true(block[2 * N + i] == 0.75f);
    assert_true(block[2 * N + 8 + i] == 0);
  }
  for (int i = 2 * N + 16; i < REALS; i++) assert_true(block[i] == 0); /* nothing beyond */
}

/* Deviation and kurtosis of a normal distribution cut at two deviations are sqrt(1 - c) and
   (3 (1 - c) - 4 c) / (1 - c)^2 with c = 4 phi(2) / (2 Phi(2) - 1) = 0.22626; a cut far out changes
   nothing. */
static void truncated_normals_stay_within_two(void **state) {
  (void)state;
  static double block[REALS];
  const cnn_parameter parameters[] = {{"near", 1, {N}, 0, CNN_TRUNCATED_NORMAL, 1, 1},
                                      {"far", 1, {N}, N, CNN_TRUNCATED_NORMAL, 0.1, 1}};
  fill(parameters, 2, 8, 1, block);
  const double deviations[] = {0.87963, 0.1}, kurtosis[] = {2.3656, 3};
  for (int p = 0; p < 2; p++) {
    double sum = 0, squares = 0, fourths = 0, most = 0;
    for (int i = p * N; i < (p + 1) * N; i++) {
      double square = block[i] * block[i];
      sum += block[i], squares += square, fourths += square * square;
      most = fmax(most, fabs(block[i]));
    }
    double deviation = sqrt(squares / N);
    assert_true(p ? most > 0.3 && most < 0.6 : most <= 2 && most > 1.99);
    assert_true(fabs(sum / N) < 0.02 * deviation);
    assert_true(fabs(deviation / deviations[p] - 1) < 0.02);
    assert_true(fabs(fourths / N / (deviation * deviation * deviation * deviation) / kurtosis[p] -
                     1) < 0.05);
  }
}

static void names_and_seeds_decide_alone(void **state) {
  (void)state;
  static double first[REALS], second[REALS];
  const cnn_parameter both[] = {{"a", 1, {100}, 0, CNN_NORMAL, 1, 1},
                                {"b", 1, {100}, 100, CNN_NORMAL, 1, 1}};
  const cnn_parameter moved[] = {{"b", 2, {10, 10}, 0, CNN_NORMAL, 1, 1}};
  fill(both, 2, 8, 7, first);
  fill(moved, 1, 8, 7, second);
  assert_memory_equal(first + 100, second, 100 * sizeof(double));
  assert_memory_not_equal(first, second, 100 * sizeof(double));
  fill(moved, 1, 8, 8, second);
  assert_memory_not_equal(first + 100, second, 100 * sizeof(double));
}

static void float_is_double_rounded(void **state) {
  (void)state;
  static double wide[REALS];
  static float narrow[2 * REALS];
  const cnn_parameter parameter[] = {{"a", 1, {100}, 0, CNN_UNIFORM, 1, 1}};
  fill(parameter, 1, 8, 1, wide);
  fill(parameter, 1, 4, 1, narrow);
  for (int i = 0; i < 100; i++) assert_true(narrow[i] == (float)wide[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rules_give_their_statistics),
      cmocka_unit_test(truncated_normals_stay_within_two),
      cmocka_unit_test(names_and_seeds_decide_alone),
      cmocka_unit_test(float_is_double_rounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
