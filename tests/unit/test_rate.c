#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rate.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constant),
      cmocka_unit_test(steps),
      cmocka_unit_test(cosine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
