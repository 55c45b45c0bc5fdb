#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/sweep.h"

#include <math.h>

enum { MOST = 100 };

static double losses[MOST], smooth[MOST];

static cnn_sweep fresh_sweep(int most) {
  return (cnn_sweep){.first = 1e-6, .last = 1, .most = most, .loss = losses, .smooth = smooth};
}

static void rates_grow_exponentially(void **state) {
  (void)state;
  const cnn_sweep sweep = fresh_sweep(7);
  for (int i = 0; i < 7; i++)
    assert_true(fabs(cnn_sweep_rate(&sweep, i) / pow(10, i - 6) - 1) < 1e-12);
}

/* sum of 0.98^(i-k) loss[k], divided by the sum of the weights. */
static void losses_are_smoothed(void **state) {
  (void)state;
  cnn_sweep sweep = fresh_sweep(20);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(cnn_sweep_add(&sweep, 3 + sin(i)), i < 19);
    double sum = 0, weights = 0;
    for (int k = 0; k <= i; k++) {
      sum += pow(0.98, i - k) * losses[k];
      weights += pow(0.98, i - k);
    }
    assert_true(fabs(smooth[i] - sum / weights) < 1e-12);
    assert_true(smooth[sweep.best] <= smooth[i]);
  }
}

static void explosions_end_it(void **state) {
  (void)state;
  cnn_sweep sweep = fresh_sweep(50);
  assert_true(cnn_sweep_add(&sweep, 1));
  assert_true(cnn_sweep_add(&sweep, 2));
  assert_false(cnn_sweep_add(&sweep, 1000));
  assert_int_equal(sweep.count, 3);
  assert_int_equal(sweep.best, 0);
  assert_false(cnn_sweep_add(&sweep, NAN));
  assert_false(cnn_sweep_add(&sweep, INFINITY));
  assert_int_equal(sweep.count, 3);
}

/* The smooth losses are given: flat, steep between 30 and 40, flat. */
static void the_steepest_descent_is_suggested(void **state) {
  (void)state;
  cnn_sweep sweep = fresh_sweep(MOST);
  sweep.count = MOST;
  for (int i = 0; i < MOST; i++) smooth[i] = i < 30 ? 3 : i < 40 ? 3 - pow((i - 30) / 10.0, 2) : 2;
  assert_int_equal(cnn_sweep_suggest(&sweep), 39);
  for (int i = 0; i < 8; i++) smooth[i] = 100 - i; /* the first do not count */
  assert_int_equal(cnn_sweep_suggest(&sweep), 39);
  smooth[MOST - 1] = -100; /* nor the last */
  assert_int_equal(cnn_sweep_suggest(&sweep), 39);
  for (int i = 0; i < MOST; i++) smooth[i] = i;
  assert_int_equal(cnn_sweep_suggest(&sweep), -1);
  sweep.count = 11;
  for (int i = 0; i < MOST; i++) smooth[i] = -i;
  assert_int_equal(cnn_sweep_suggest(&sweep), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rates_grow_exponentially),
      cmocka_unit_test(losses_are_smoothed),
      cmocka_unit_test(explosions_end_it),
      cmocka_unit_test(the_steepest_descent_is_suggested),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
