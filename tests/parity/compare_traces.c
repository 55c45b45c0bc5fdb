/* compare_traces GOT.safetensors WANTED.safetensors
   GOT is what a generated program traced, WANTED what another implementation computed from the same
   weights and images. Every tensor of both is compared by the relative L2 distance,
   |got - wanted| / |wanted|. A value that the compiler fused away may be missing in GOT; the loss,
   the logits and gradients may not.

   The tolerances are those of float. Its steps are 6e-8; sums of hundreds of terms and the
   normalisations, which divide by a deviation that may be a hundredth of the numbers, make some
   1e-6 of it in a value, and all of a pass that in a gradient. One wrong number among a million is
   1e-3.
   - Values: within 1e-5; gradients of parameters: within 1e-4.
   - What a gradient is compared with is at least 1e-3 of the largest of all gradients: the small
     rest of large terms that cancel, such as that of a bias in front of a batch_norm, is rounding.
   - Derivatives of relu and of a maximum jump. Where WANTED says (kink_distance) that its step came
     nearer than 1e-4 to such a place, gradients that differ decide nothing.

   Exits with 0 if they agree, with 1 if they differ, with 3 if that step cannot decide: other
   images can. */
#include "safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double VALUE_TOLERANCE = 1e-5, GRADIENT_TOLERANCE = 1e-4;
static const double CANCELLED = 1e-3, KINK = 1e-4;

enum { AGREE = 0, DIFFER = 1, UNDECIDED = 3 };

static double norm_of(const cnn_tensor *tensor) {
  double squares = 0;
  for (int64_t i = 0; i < cnn_tensor_count(tensor); i++)
    squares += cnn_tensor_get(tensor, i) * cnn_tensor_get(tensor, i);
  return sqrt(squares);
}

/* |got - wanted| in parts of |wanted|, or of `least` where that is more. */
static double distance(const cnn_tensor *got, const cnn_tensor *wanted, double least) {
  double difference = 0;
  const int64_t count = cnn_tensor_count(wanted);
  for (int64_t i = 0; i < count; i++) {
    const double g = cnn_tensor_get(got, i), w = cnn_tensor_get(wanted, i);
    difference += (g - w) * (g - w);
  }
  const double norm = fmax(norm_of(wanted), least);
  return norm > 0 ? sqrt(difference) / norm : sqrt(difference);
}

/* of a parameter: d + its name, conv1.weight */
static bool is_gradient(const cnn_safetensors *got, const cnn_tensor *tensor) {
  const char *name = tensor->name;
  return name[0] == 'd' && strchr(name, '.') && cnn_safetensors_find(got, name + 1) != NULL;
}

static double largest_gradient(const cnn_safetensors *got, const cnn_safetensors *wanted) {
  double largest = 0;
  for (int i = 0; i < wanted->count; i++)
    if (is_gradient(got, &wanted->tensors[i]))
      largest = fmax(largest, norm_of(&wanted->tensors[i]));
  return largest;
}

typedef struct Comparison {
  const cnn_safetensors *got;
  double least; /* norm of a gradient */
  int compared, values_apart, gradients_apart;
} Comparison;

static void compare(Comparison *c, const cnn_tensor *wanted) {
  const char *name = wanted->name;
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
  const double apart = distance(tensor, wanted, gradient ? c->least : 0);
  const bool good = apart <= (gradient ? GRADIENT_TOLERANCE : VALUE_TOLERANCE); /* not with a NaN */
  printf("%-32s %.1e%s\n", name, apart, good ? "" : "  TOO FAR");
  if (!good) ++*(gradient ? &c->gradients_apart : &c->values_apart);
}

static int verdict(const Comparison *c, const cnn_tensor *kink) {
  if (c->values_apart) return DIFFER;
  if (!c->gradients_apart) return AGREE;
  if (!kink || cnn_tensor_get(kink, 0) >= KINK) return DIFFER;
  fprintf(stderr, "undecided: %.1e from a jump of a derivative\n", cnn_tensor_get(kink, 0));
  return UNDECIDED;
}

int main(int argc, char **argv) {
  cnn_safetensors got, wanted;
  cnn_error error = {0};
  if (argc != 3 || !cnn_safetensors_open(&got, argv[1], &error) ||
      !cnn_safetensors_open(&wanted, argv[2], &error)) {
    fprintf(stderr, "compare_traces: %s\n", argc == 3 ? error.message : "wants two files");
    return 2;
  }
  Comparison c = {.got = &got, .least = CANCELLED * largest_gradient(&got, &wanted)};
  for (int i = 0; i < wanted.count; i++) compare(&c, &wanted.tensors[i]);
  int code = verdict(&c, cnn_safetensors_find(&wanted, "kink_distance"));
  if (c.compared < 3) {
    fprintf(stderr, "compare_traces: nothing to compare\n");
    code = DIFFER;
  }
  cnn_safetensors_close(&got);
  cnn_safetensors_close(&wanted);
  return code;
}
