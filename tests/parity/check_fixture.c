/* check_fixture TRACE.safetensors FIXTURE.txt
   TRACE is what a generated program traced; the fixture, by fixtures.py, tells what PyTorch made of
   the same weights and images. A line of it is a tensor: KIND NAME NORM and four sums of its
   numbers under random signs. The root mean square of the differences of such sums estimates the L2
   distance of two tensors. Relative to NORM it must be within 1e-5; of gradients, within 1e-4; and
   of what lies inside the net, a `value`, within 3e-5, for behind sixty layers the rounding of all
   of them has added up. A `value` may be missing, for the compiler fuses some away. Exits with 1 if
   anything differs. */
#include "train/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUMS = 4, COMPARED_AT_LEAST = 10 };

typedef struct line {
  char kind[16], name[200];
  double norm, sums[SUMS];
} line;

static bool read_line(FILE *file, line *l) {
  return fscanf(file, "%15s %199s %lf %lf %lf %lf %lf", l->kind, l->name, &l->norm, &l->sums[0],
                &l->sums[1], &l->sums[2], &l->sums[3]) == 3 + SUMS;
}

/* Bit k is the sign of number i in sum k. As in fixtures.py. */
static uint32_t signs(uint32_t i) {
  uint32_t h = i * 2654435761u;
  h ^= h >> 15;
  h *= 2246822519u;
  return h ^ h >> 13;
}

static double distance(const cnn_tensor *tensor, const line *wanted) {
  double sums[SUMS] = {0}, squares = 0;
  int64_t count = cnn_tensor_count(tensor);
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits = signs((uint32_t)i);
    double x = cnn_tensor_get(tensor, i);
    for (int k = 0; k < SUMS; k++) sums[k] += bits >> k & 1 ? x : -x;
  }
  for (int k = 0; k < SUMS; k++) squares += pow(sums[k] - wanted->sums[k], 2);
  return sqrt(squares / SUMS) / (wanted->norm > 0 ? wanted->norm : 1);
}

static bool is(const line *l, const char *kind) {
  return strcmp(l->kind, kind) == 0;
}

static bool compare(const cnn_safetensors *trace, const line *wanted, int *compared) {
  const cnn_tensor *tensor = cnn_safetensors_find(trace, wanted->name);
  if (!tensor) {
    if (is(wanted, "value")) return true;
    fprintf(stderr, "%s is missing\n", wanted->name);
    return false;
  }
  ++*compared;
  double apart = distance(tensor, wanted);
  double limit = is(wanted, "gradient") ? 1e-4 : is(wanted, "value") ? 3e-5 : 1e-5;
  bool good = apart <= limit;
  printf("%-8s %-32s %.1e%s\n", wanted->kind, wanted->name, apart, good ? "" : "  TOO FAR");
  if (!good && is(wanted, "input")) {
    fprintf(stderr, "%s is not what it was when the fixture was made: fixtures.py makes it again\n",
            wanted->name);
    exit(1);
  }
  return good;
}

int main(int argc, char **argv) {
  cnn_safetensors trace;
  cnn_error error = {0};
  FILE *fixture = argc == 3 ? fopen(argv[2], "r") : NULL;
  if (!fixture || !cnn_safetensors_open(&trace, argv[1], &error)) {
    fprintf(stderr, "check_fixture: %s\n", fixture ? error.message : "wants a trace and a fixture");
    return 2;
  }
  int compared = 0;
  bool good = true;
  line wanted;
  while (read_line(fixture, &wanted))
    if (!compare(&trace, &wanted, &compared)) good = false;
  if (!feof(fixture) || compared < COMPARED_AT_LEAST) {
    fprintf(stderr, "check_fixture: %s: cannot be read, or has too little\n", argv[2]);
    good = false;
  }
  cnn_safetensors_close(&trace);
  fclose(fixture);
  return good ? 0 : 1;
}
