/* A network run with runtime/core alone: no command line, no decoders, no JSON. It links all
   objects of core and nothing else of libcnn, so the build fails where core needs more. */
#include "core/initialize.h"
#include "core/session.h"

#include <stdio.h>

static const double ZERO[1] = {0}, ONE[1] = {1};
static const cnn_recipe RECIPE = {.mean = ZERO, .deviation = ONE};
static const cnn_parameter WEIGHT = {"fc.weight", 2, {2, 4, 1, 1}, 0, CNN_UNIFORM, 1, 1};

/* One linear layer: logits[k] = sum_i weight[k][i] * x[i]. */
static void infer(const cnn_state *state, const cnn_batch *batch, float *logits) {
  const float *weight = state->parameters;
  for (int n = 0; n < batch->count; n++) {
    for (int k = 0; k < 2; k++) {
      float sum = 0;
      for (int i = 0; i < 4; i++)
        sum += weight[4 * k + i] * (batch->images[n][i] * batch->scale[0] + batch->shift[0]);
      logits[2 * n + k] = sum;
    }
    state->predicted[n] = logits[2 * n + 1] > logits[2 * n];
  }
}

static const cnn_model MODEL = {.abi = CNN_ABI,
                                .name = "tiny",
                                .real_bytes = 4,
                                .lanes = 1,
                                .threads_max = 1,
                                .batch = 1,
                                .input = {1, 2, 2},
                                .classes = 2,
                                .recipe = &RECIPE,
                                .parameters = &WEIGHT,
                                .parameter_count = 1,
                                .parameter_reals = 8,
                                .gradient_reals = 8,
                                .infer = infer};

int main(void) {
  cnn_session session;
  cnn_error error = {0};
  cnn_normalization normalization = cnn_normalization_given(1, ZERO, ONE);
  uint8_t image[4];
  cnn_session_plan(&session, &MODEL, CNN_TO_INFER, 1);
  if (!cnn_session_open(&session, &error)) return fprintf(stderr, "%s\n", error.message), 1;
  cnn_init_parameters(&MODEL, 1, session.state.parameters);
  cnn_session_normalize(&session, &normalization);
  cnn_session_fill_random(&session, image, 1, 256, 1);
  cnn_session_infer(&session);
  int expected = session.logits[1] > session.logits[0];
  int found = session.state.predicted[0];
  cnn_session_close(&session);
  return found != expected;
}
