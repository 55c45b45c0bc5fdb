#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/gradients.h"

#include <math.h>

static const cnn_parameter PARAMETERS[] = {{"a", 1, {3}, 0, CNN_ZEROS, 0, 1},
                                           {"b", 1, {1}, 3, CNN_ZEROS, 0, 0}};
static const cnn_model NARROW = {.real_bytes = 4,
                                 .parameters = PARAMETERS,
                                 .parameter_count = 2,
                                 .parameter_reals = 4,
                                 .gradient_reals = 4};
static const cnn_model WIDE = {.real_bytes = 8,
                               .parameters = PARAMETERS,
                               .parameter_count = 2,
                               .parameter_reals = 4,
                               .gradient_reals = 4};

#define assert_close(a, b) assert_true(fabs((double)(a) - (b)) < 1e-6)

static void parts_give_the_mean_of_the_whole(void **state) {
  (void)state;
  const float one[] = {1, 2, 3, 0}, other[] = {5, -2, 0, 0};
  float sum[] = {9, 9, 9, 9};
  cnn_gradients_add(&NARROW, sum, one, 0.75, 1);
  cnn_gradients_add(&NARROW, sum, other, 0.25, 0);
  assert_close(sum[0], 2);
  assert_close(sum[1], 1);
  assert_close(sum[2], 2.25);
  const double wide[] = {1, 2, 3, 0};
  double total[] = {9, 9, 9, 9};
  cnn_gradients_add(&WIDE, total, wide, 0.5, 1);
  assert_close(total[2], 1.5);
}

static void norms_are_clipped(void **state) {
  (void)state;
  const cnn_recipe recipe = {.clip_norm = 1}, loose = {.clip_norm = 6};
  float narrow[] = {3, 0, -4, 12}; /* the last is not trainable and counts nothing */
  assert_close(cnn_gradients_clip(&NARROW, narrow, &loose), 5);
  assert_close(narrow[0], 3);
  assert_close(cnn_gradients_clip(&NARROW, narrow, &recipe), 5);
  assert_close(narrow[0], 3 / (5 + 1e-6));
  assert_close(narrow[2], -4 / (5 + 1e-6));
  double wide[] = {3, 0, -4, 12};
  cnn_gradients_clip(&WIDE, wide, &recipe);
  assert_close(wide[0], 3 / (5 + 1e-6));
}

static void values_are_clipped(void **state) {
  (void)state;
  const cnn_recipe recipe = {.clip_value = 0.5};
  float narrow[] = {3, 0.25f, -4, -0.5f};
  cnn_gradients_clip(&NARROW, narrow, &recipe);
  assert_close(narrow[0], 0.5);
  assert_close(narrow[1], 0.25);
  assert_close(narrow[2], -0.5);
  double wide[] = {3, 0.25, -4, -0.5};
  cnn_gradients_clip(&WIDE, wide, &recipe);
  assert_close(wide[2], -0.5);
}

/* min(decay, (1 + t) / (10 + t)): 1/10 at first, and 0.9 from t = 80 on. */
static void averages_warm_up(void **state) {
  (void)state;
  float average[] = {1, 2, 3, 4}, now[] = {2, 2, -7, 8};
  cnn_average_update(&NARROW, average, now, 0.9, 0);
  assert_close(average[0], 1.9);
  assert_close(average[1], 2);
  assert_close(average[2], -6);
  assert_close(average[3], 7.6); /* running statistics are averaged, too */
  float late[] = {1, 2, 3, 4};
  cnn_average_update(&NARROW, late, now, 0.9, 1000);
  assert_close(late[0], 1.1);
  double wide[] = {1, 2, 3, 4}, then[] = {2, 2, -7, 8};
  cnn_average_update(&WIDE, wide, then, 0.9, 8);
  assert_close(wide[0], 1.5);
}

static void numbers_that_are_not_finite_are_seen(void **state) {
  (void)state;
  float narrow[] = {1, 2, 3, 4};
  double wide[] = {1, 2, 3, 4};
  assert_true(cnn_parameters_are_finite(&NARROW, narrow));
  assert_true(cnn_parameters_are_finite(&WIDE, wide));
  narrow[3] = NAN;
  wide[0] = -INFINITY;
  assert_false(cnn_parameters_are_finite(&NARROW, narrow));
  assert_false(cnn_parameters_are_finite(&WIDE, wide));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_give_the_mean_of_the_whole),
      cmocka_unit_test(norms_are_clipped),
      cmocka_unit_test(values_are_clipped),
      cmocka_unit_test(averages_warm_up),
      cmocka_unit_test(numbers_that_are_not_finite_are_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
