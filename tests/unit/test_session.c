#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/augment.h"
#include "fake_model.h"
#include "core/session.h"

#include <string.h>

enum { IMAGES = 2 };

/* An open session with the fake model's random weights and two random images, one of which is the
   other's mirror image. */
static void open_session(cnn_session *session, uint8_t images[IMAGES][FAKE_PIXELS], bool mirror) {
  static const double mean = 0.2, deviation = 0.5;
  cnn_error error = {0};
  cnn_normalization normalization = cnn_normalization_given(1, &mean, &deviation);
  cnn_session_plan(session, &fake_model, CNN_TO_INFER, 1);
  if (mirror) cnn_session_plan_mirror(session);
  assert_true(cnn_session_open(session, &error));
  cnn_session_normalize(session, &normalization);
  float *weights = session->state.parameters;
  for (size_t i = 0; i < fake_model.parameter_reals; i++) weights[i] = (float)(i * 37 % 23) - 11;
  cnn_session_fill_random(session, images[0], IMAGES, 256, 5);
  cnn_augment(&(cnn_augmentation){.flip = 1}, fake_model.input, NULL, images[0], images[1]);
}

static void mirror_images_count_alike(void **state) {
  (void)state;
  uint8_t images[IMAGES][FAKE_PIXELS];
  float plain[IMAGES * FAKE_CLASSES];
  cnn_session session;
  open_session(&session, images, false);
  cnn_session_infer(&session);
  memcpy(plain, session.logits, sizeof plain);
  cnn_session_close(&session);
  open_session(&session, images, true);
  cnn_session_infer(&session);
  for (int n = 0; n < IMAGES; n++) {
    const float *logits = session.logits + (ptrdiff_t)n * FAKE_CLASSES;
    int best = 0;
    for (int k = 0; k < FAKE_CLASSES; k++) {
      assert_true(plain[k] != plain[FAKE_CLASSES + k]);
      assert_true(logits[k] == (plain[k] + plain[FAKE_CLASSES + k]) / 2);
      if (logits[k] > logits[best]) best = k;
    }
    assert_int_equal(session.state.predicted[n], best);
  }
  cnn_session_close(&session);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(mirror_images_count_alike)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
