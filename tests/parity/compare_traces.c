/* compare_traces GOT.safetensors WANTED.safetensors
   GOT is what a generated program traced, WANTED what another implementation computed from the same
   weights and images. Every tensor of both is compared by the relative L2 distance,
   |got - wanted| / |wanted|: values within 1e-5, gradients of parameters within 1e-4. A value that
   the compiler fused away may be missing in GOT; the loss and gradients may not. Exits with 1 if
   they differ. */
#include "safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double VALUE_TOLERANCE = 1e-5, GRADIENT_TOLERANCE = 1e-4;

static double distance(const cnn_tensor *got, const cnn_tensor *wanted) {
  double difference = 0, norm = 0;
  const int64_t count = cnn_tensor_count(wanted);
  for (int64_t i = 0; i < count; i++) {
    const double g = cnn_tensor_get(got, i), w = cnn_tensor_get(wanted, i);
    difference += (g - w) * (g - w);
    norm += w * w;
  }
  return norm > 0 ? sqrt(difference / norm) : sqrt(difference);
}

/* True if the tensor may pass. */
static bool compare(const cnn_safetensors *got, const cnn_tensor *wanted, int *compared) {
  const char *name = wanted->name;
  /* of a parameter: d + its name, conv1.weight */
  const bool gradient =
      name[0] == 'd' && strchr(name, '.') && cnn_safetensors_find(got, name + 1) != NULL;
  const cnn_tensor *tensor = cnn_safetensors_find(got, name);
  if (!tensor) {
    if (!gradient && strcmp(name, "loss") != 0) return true;
    fprintf(stderr, "%s is missing\n", name);
    return false;
  }
  if (cnn_tensor_count(tensor) != cnn_tensor_count(wanted)) {
    fprintf(stderr, "%s has %" PRId64 " numbers instead of %" PRId64 "\n", name,
            cnn_tensor_count(tensor), cnn_tensor_count(wanted));
    return false;
  }
  ++*compared;
  const double apart = distance(tensor, wanted);
  const bool good = apart <= (gradient ? GRADIENT_TOLERANCE : VALUE_TOLERANCE);
  printf("%-32s %.1e%s\n", name, apart, good ? "" : "  TOO FAR");
  return good;
}

int main(int argc, char **argv) {
  cnn_safetensors got, wanted;
  cnn_error error = {0};
  if (argc != 3 || !cnn_safetensors_open(&got, argv[1], &error) ||
      !cnn_safetensors_open(&wanted, argv[2], &error)) {
    fprintf(stderr, "compare_traces: %s\n", argc == 3 ? error.message : "wants two files");
    return 2;
  }
  int compared = 0;
  bool good = true;
  for (int i = 0; i < wanted.count; i++)
    if (!compare(&got, &wanted.tensors[i], &compared)) good = false;
  if (compared < 3) {
    fprintf(stderr, "compare_traces: nothing to compare\n");
    good = false;
  }
  cnn_safetensors_close(&got);
  cnn_safetensors_close(&wanted);
  return good ? 0 : 1;
}
