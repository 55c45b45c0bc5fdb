/* compare_traces GOT.safetensors WANTED.safetensors [NEAR]
   GOT is what a generated program traced, WANTED what another implementation computed from the same
   weights and images. Every tensor of both is compared by the relative L2 distance,
   |got - wanted| / |wanted|. A value that the compiler fused away may be missing in GOT; the loss,
   the logits and gradients may not. What nodes work in and with is no result.

   The tolerance is 5e-5, for values and for gradients. A step of float is 6e-8; long sums, and
   batch norms of channels that hardly vary, make 1e-6 and seldom 1e-5 of it, in hundreds of random
   networks, while one wrong number among a million is 1e-3.
   - Where WANTED has NAME.magnitude, the sums of the absolute terms of NAME, the difference is
     measured by these: rounding is in proportion to them, however much they cancel. The gradient of
     a bias in front of a batch_norm, say, is nothing but rounding.
   - Derivatives of relu and of a maximum jump. Where WANTED has (kink_distance) that its step came
     nearer than 1e-4 to such a place, gradients that differ decide nothing. Deep nets always have a
     unit there: for them, gradients within NEAR agree in such a step.

   Exits with 0 if they agree, with 1 if they differ, with 3 if that step cannot decide: other
   images can. */
#include "train/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double TOLERANCE = 5e-5, KINK = 1e-4;

enum { AGREE = 0, DIFFER = 1, UNDECIDED = 3 };

static double norm_of(const cnn_tensor *tensor) {
  double squares = 0;
  for (int64_t i = 0; i < cnn_tensor_count(tensor); i++)
    squares += cnn_tensor_get(tensor, i) * cnn_tensor_get(tensor, i);
  return sqrt(squares);
}

/* |got - wanted| in parts of |scale|. */
static double distance(const cnn_tensor *got, const cnn_tensor *wanted, const cnn_tensor *scale) {
  double difference = 0;
  const int64_t count = cnn_tensor_count(wanted);
  for (int64_t i = 0; i < count; i++) {
    const double g = cnn_tensor_get(got, i), w = cnn_tensor_get(wanted, i);
    difference += (g - w) * (g - w);
  }
  const double norm = norm_of(scale);
  return norm > 0 ? sqrt(difference) / norm : sqrt(difference);
}

/* of a parameter: d + its name, conv1.weight */
static bool is_gradient(const cnn_safetensors *got, const cnn_tensor *tensor) {
  const char *name = tensor->name;
  return name[0] == 'd' && strchr(name, '.') && cnn_safetensors_find(got, name + 1) != NULL;
}

static bool ends_with(const char *name, const char *ending) {
  const size_t length = strlen(name), end = strlen(ending);
  return length > end && !strcmp(name + length - end, ending);
}

/* Prepacked weights and partial sums lie as a program's schedule wants them. */
static bool is_internal(const char *name) {
  return ends_with(name, ".packed") || ends_with(name, ".sums");
}

/* What a difference to the tensor is measured by. */
static const cnn_tensor *scale_of(const cnn_safetensors *file, const cnn_tensor *tensor) {
  char name[300];
  snprintf(name, sizeof name, "%s.magnitude", tensor->name);
  const cnn_tensor *magnitude = cnn_safetensors_find(file, name);
  return magnitude ? magnitude : tensor;
}

typedef struct Comparison {
  const cnn_safetensors *got, *wanted;
  bool near_jump;
  double near; /* tolerance of gradients near a jump */
  int compared, values_apart, gradients_apart;
} Comparison;

static void compare(Comparison *c, const cnn_tensor *wanted) {
  const char *name = wanted->name;
  if (is_internal(name)) return;
  const bool gradient = is_gradient(c->got, wanted);
  const cnn_tensor *tensor = cnn_safetensors_find(c->got, name);
  if (!tensor) {
    if (!gradient && strcmp(name, "loss") != 0 && strcmp(name, "logits") != 0) return;
    fprintf(stderr, "%s is missing\n", name);
    c->values_apart++;
    return;
  }
  if (cnn_tensor_count(tensor) != cnn_tensor_count(wanted)) {
    fprintf(stderr, "%s has %" PRId64 " numbers instead of %" PRId64 "\n", name,
            cnn_tensor_count(tensor), cnn_tensor_count(wanted));
    c->values_apart++;
    return;
  }
  c->compared++;
  const double apart = distance(tensor, wanted, scale_of(c->wanted, wanted));
  const bool good = apart <= (gradient && c->near_jump ? c->near : TOLERANCE); /* not with a NaN */
  printf("%-32s %.1e%s\n", name, apart, good ? "" : "  TOO FAR");
  if (!good) ++*(gradient ? &c->gradients_apart : &c->values_apart);
}

static int verdict(const Comparison *c) {
  if (c->compared < 3) {
    fprintf(stderr, "compare_traces: nothing to compare\n");
    return DIFFER;
  }
  if (c->values_apart) return DIFFER;
  if (!c->gradients_apart) return AGREE;
  if (!c->near_jump || c->near > TOLERANCE) return DIFFER;
  fprintf(stderr, "undecided: too near to a jump of a derivative\n");
  return UNDECIDED;
}

int main(int argc, char **argv) {
  cnn_safetensors got, wanted;
  cnn_error error = {0};
  if (argc < 3 || argc > 4 || !cnn_safetensors_open(&got, argv[1], &error) ||
      !cnn_safetensors_open(&wanted, argv[2], &error)) {
    fprintf(stderr, "compare_traces: %s\n", error.message[0] ? error.message : "wants two files");
    return 2;
  }
  const cnn_tensor *kink = cnn_safetensors_find(&wanted, "kink_distance");
  Comparison c = {.got = &got,
                  .wanted = &wanted,
                  .near_jump = kink && cnn_tensor_get(kink, 0) < KINK,
                  .near = argc > 3 ? strtod(argv[3], NULL) : TOLERANCE};
  for (int i = 0; i < wanted.count; i++) compare(&c, &wanted.tensors[i]);
  const int code = verdict(&c);
  cnn_safetensors_close(&got);
  cnn_safetensors_close(&wanted);
  return code;
}
