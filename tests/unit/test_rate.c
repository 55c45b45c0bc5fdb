#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/rate.h"

#include <math.h>

#define assert_close(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static void constant(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 3, .lr = 0.1, .schedule = CNN_LR_CONSTANT};
  for (uint64_t step = 0; step < 30; step += 7) assert_close(cnn_rate(&recipe, step, 10), 0.1);
}

static void steps(void **state) {
  (void)state;
  cnn_recipe recipe = {
      .epochs = 9, .lr = 0.1, .schedule = CNN_LR_STEP, .step_epochs = 3, .gamma = 0.5};
  assert_close(cnn_rate(&recipe, 0, 10), 0.1);
  assert_close(cnn_rate(&recipe, 29, 10), 0.1);
  assert_close(cnn_rate(&recipe, 30, 10), 0.05);
  assert_close(cnn_rate(&recipe, 59, 10), 0.05);
  assert_close(cnn_rate(&recipe, 60, 10), 0.025);
}

static void cosine(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 4, .lr = 0.3, .schedule = CNN_LR_COSINE, .final_lr = 0.1};
  assert_close(cnn_rate(&recipe, 0, 25), 0.3);
  assert_close(cnn_rate(&recipe, 50, 25), 0.2);
  assert_close(cnn_rate(&recipe, 100, 25), 0.1);
  assert_close(cnn_rate(&recipe, 25, 25), 0.2 + 0.1 * sqrt(0.5));
  for (uint64_t step = 1; step <= 100; step++)
    assert_true(cnn_rate(&recipe, step, 25) < cnn_rate(&recipe, step - 1, 25));
}

static void milestones(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 9,
                       .lr = 0.1,
                       .schedule = CNN_LR_MULTI_STEP,
                       .milestones = {2, 5},
                       .milestone_count = 2,
                       .gamma = 0.1};
  assert_close(cnn_rate(&recipe, 19, 10), 0.1);
  assert_close(cnn_rate(&recipe, 20, 10), 0.01);
  assert_close(cnn_rate(&recipe, 49, 10), 0.01);
  assert_close(cnn_rate(&recipe, 50, 10), 0.001);
  assert_close(cnn_rate(&recipe, 89, 10), 0.001);
}

static void exponential(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 9, .lr = 0.2, .schedule = CNN_LR_EXPONENTIAL, .gamma = 0.5};
  assert_close(cnn_rate(&recipe, 9, 10), 0.2);
  assert_close(cnn_rate(&recipe, 10, 10), 0.1);
  assert_close(cnn_rate(&recipe, 35, 10), 0.025);
}

static void polynomial(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 2, .lr = 0.4, .schedule = CNN_LR_POLYNOMIAL, .power = 2};
  assert_close(cnn_rate(&recipe, 0, 10), 0.4);
  assert_close(cnn_rate(&recipe, 5, 10), 0.225);
  assert_close(cnn_rate(&recipe, 19, 10), 0.001);
}

static void one_cycle(void **state) {
  (void)state;
  cnn_recipe recipe = {.epochs = 4,
                       .lr = 0.5,
                       .schedule = CNN_LR_ONE_CYCLE,
                       .rise = 0.3,
                       .divisor = 25,
                       .final_divisor = 100};
  assert_close(cnn_rate(&recipe, 0, 10), 0.02);
  assert_close(cnn_rate(&recipe, 11, 10), 0.5);
  assert_close(cnn_rate(&recipe, 25, 10), (0.5 + 0.0002) / 2); /* halfway from 11 to 39 */
  assert_close(cnn_rate(&recipe, 39, 10), 0.0002);
  for (uint64_t step = 1; step < 40; step++)
    assert_true((cnn_rate(&recipe, step, 10) > cnn_rate(&recipe, step - 1, 10)) == (step <= 11));
  recipe.epochs = 1; /* no step is left for the rise */
  assert_close(cnn_rate(&recipe, 0, 1), 0.0002);
}

/* OneCycleLR of PyTorch 2.13: max_lr = 0.5, total_steps = 10, pct_start = 0.4, base_momentum = 0.8,
   max_momentum = 0.95, after every step. */
static void one_cycle_moves_momentum(void **state) {
  (void)state;
  static const double rate[] = {
      0.020000000000000018, 0.14000000000000001,   0.37999999999999995, 0.5,
      0.4665064849207059,   0.37500050000000001,   0.25000099999999997, 0.12500150000000004,
      0.033495515079294109, 1.9999999999999999e-06};
  static const double momentum[] = {0.94999999999999996,
                                    0.91249999999999998,
                                    0.83750000000000002,
                                    0.80000000000000004,
                                    0.81004809471616712,
                                    0.83750000000000002,
                                    0.875,
                                    0.91249999999999998,
                                    0.93995190528383288,
                                    0.94999999999999996};
  cnn_recipe recipe = {.epochs = 2,
                       .lr = 0.5,
                       .schedule = CNN_LR_ONE_CYCLE,
                       .rise = 0.4,
                       .divisor = 25,
                       .final_divisor = 1e4};
  assert_close(cnn_momentum(&recipe, 0.7, 3, 5), 0.7);
  recipe.momentum_low = 0.8, recipe.momentum_high = 0.95;
  for (uint64_t step = 0; step < 10; step++) {
    assert_close(cnn_rate(&recipe, step, 5), rate[step]);
    assert_close(cnn_momentum(&recipe, 0.7, step, 5), momentum[step]);
  }
  recipe.epochs = 4, recipe.warmup_epochs = 2;
  for (uint64_t step = 0; step < 10; step++) {
    assert_close(cnn_momentum(&recipe, 0.7, step, 5), 0.95);
    assert_close(cnn_momentum(&recipe, 0.7, step + 10, 5), momentum[step]);
  }
  recipe.schedule = CNN_LR_COSINE;
  assert_close(cnn_momentum(&recipe, 0.7, 13, 5), 0.7);
}

static void warmup(void **state) {
  (void)state;
  cnn_recipe recipe = {
      .epochs = 3, .lr = 0.1, .schedule = CNN_LR_COSINE, .warmup_epochs = 0.5, .warmup_start = 0.2};
  assert_close(cnn_rate(&recipe, 0, 10), 0.02);
  assert_close(cnn_rate(&recipe, 1, 10), 0.036);
  assert_close(cnn_rate(&recipe, 4, 10), 0.084);
  assert_close(cnn_rate(&recipe, 5, 10), 0.1);
  assert_close(cnn_rate(&recipe, 5 + 25 / 5, 10), 0.05 * (1 + cos(M_PI / 5)));
  recipe.schedule = CNN_LR_STEP;
  recipe.step_epochs = 1;
  recipe.gamma = 0.5;
  assert_close(cnn_rate(&recipe, 14, 10), 0.1);
  assert_close(cnn_rate(&recipe, 15, 10), 0.05);
}

static void plateau(void **state) {
  (void)state;
  cnn_recipe recipe = {.schedule = CNN_LR_PLATEAU,
                       .gamma = 0.5,
                       .patience = 1,
                       .cooldown = 2,
                       .threshold = 0.1,
                       .final_lr = 0.3};
  /* Better by less than a tenth is no better; two bad ones in a row are more than the patience. */
  const double loss[] = {1, 0.8, 0.75, 0.74, 0.74, 0.74, 0.74, 0.74, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
  const double rate[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
  cnn_plateau memory = {0};
  double now = 1;
  for (size_t i = 0; i < sizeof loss / sizeof *loss; i++) {
    now = cnn_plateau_rate(&memory, &recipe, now, loss[i]);
    assert_close(now, rate[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constant),    cmocka_unit_test(steps),
      cmocka_unit_test(cosine),      cmocka_unit_test(milestones),
      cmocka_unit_test(exponential), cmocka_unit_test(polynomial),
      cmocka_unit_test(one_cycle),   cmocka_unit_test(one_cycle_moves_momentum),
      cmocka_unit_test(warmup),      cmocka_unit_test(plateau),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
