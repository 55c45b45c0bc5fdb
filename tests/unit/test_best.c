#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/load.h"
#include "fake_model.h"
#include "scratch.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void expect_best(cnn_best_by by, const cnn_best *epochs, int count, int wanted) {
  cnn_best best = {0};
  for (int i = 0; i < count; i++) {
    bool better = cnn_best_update(&best, by, &epochs[i]);
    assert_int_equal(better, best.epoch == epochs[i].epoch);
  }
  assert_int_equal(best.epoch, wanted);
}

static void the_best_epoch_is_kept(void **state) {
  (void)state;
  static const cnn_best epochs[] = {{1, 2.0, 0.3}, {2, 1.0, 0.5}, {3, 0.8, 0.4},
                                    {4, 0.9, 0.5}, {5, 0.9, 0.5}, {6, 0.8, 0.2}};
  expect_best(CNN_BEST_ACCURACY, epochs, 6, 4); /* of equal accuracy, the lower loss */
  expect_best(CNN_BEST_LOSS, epochs, 6, 3);     /* of equal losses, the earlier */
  expect_best(CNN_BEST_LOSS, epochs, 1, 1);
}

static void patience_ends(void **state) {
  (void)state;
  const cnn_best best = {4, 0, 0}, none = {0};
  assert_false(cnn_best_is_stale(&best, 6, 3));
  assert_true(cnn_best_is_stale(&best, 7, 3));
  assert_false(cnn_best_is_stale(&best, 100, 0));
  assert_false(cnn_best_is_stale(&none, 100, 3));
}

/* The test images see the best weights, not the last ones. */
static void the_test_part_sees_the_best_weights(void **state) {
  (void)state;
  cnn_error error = {0};
  cnn_evaluation result;
  static cnn_trainer t;
  char header[8192];
  cnn_text text = {.data = header, .size = sizeof header};
  const cnn_checkpoint checkpoint = {.epoch = 1};
  scratch_dataset("d", 95, 41);
  t = (cnn_trainer){.model = &fake_model, .batch = 30};
  cnn_session_plan(&t.session, &fake_model, CNN_TO_TRAIN, 1);
  assert_true(cnn_session_open(&t.session, &error));
  assert_true(cnn_dataset_load_test(&t.test, &fake_model, "d", NULL, 0, &error));
  cnn_normalization normalization = cnn_dataset_normalization(&t.test, &fake_model);
  cnn_session_normalize(&t.session, &normalization);
  float *bias = (float *)t.session.state.parameters + fake_model.parameters[1].offset;
  snprintf(t.run.best, sizeof t.run.best, "best.safetensors");
  bias[3] = 100; /* the class of every image is 3: right for each tenth */
  assert_true(cnn_checkpoint_save(t.run.best, &fake_model, t.session.state.parameters, &checkpoint,
                                  &text, &error));
  bias[3] = NAN;
  if (!cnn_trainer_test(&t, &result, &error)) fail_msg("%s", error.message);
  assert_int_equal(result.images, 41);
  assert_true(result.accuracy == 4 / 41.0);
  assert_int_equal(remove("best.safetensors"), 0);
  assert_false(cnn_trainer_test(&t, &result, &error));
  assert_non_null(strstr(error.message, "best.safetensors: No such file"));
  cnn_session_close(&t.session);
  cnn_dataset_release(&t.test);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_epoch_is_kept),
      cmocka_unit_test(patience_ends),
      cmocka_unit_test(the_test_part_sees_the_best_weights),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
