#include "report/peak.h"

#include "core/process.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- multiply-adds ---------------------------------------------------------------------------- */

/* Chains of dependent multiply-adds: enough to hide their latency, at most 5 cycles, behind two
   units; with the factor and the term they must fit into the 16 registers of AVX2. */
enum { CHAINS = 12 };

static volatile float sink;

/* static void name(long loops): one multiply-add of `lanes` floats in every chain, `loops` times.
   Compiled with -O3, so that the chains become registers; each starts at a number that the compiler
   cannot know, so that it cannot merge two of them. */
#define DEFINE_LOOP(name, attributes, lanes)                                                       \
  attributes static void name(long loops) {                                                        \
    typedef float vector __attribute__((vector_size(lanes * sizeof(float))));                      \
    const vector zero = {0}, factor = zero + 0.999f, term = zero + 1e-3f;                          \
    vector chain[CHAINS];                                                                          \
    for (int c = 0; c < CHAINS; c++) chain[c] = zero + sink;                                       \
    for (long i = 0; i < loops; i++)                                                               \
      for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * factor + term;                        \
    for (int c = 1; c < CHAINS; c++) chain[0] += chain[c];                                         \
    sink = chain[0][0];                                                                            \
  }

DEFINE_LOOP(loop_baseline, , 4)
#if defined(__x86_64__)
DEFINE_LOOP(loop_avx2, __attribute__((target("avx2,fma"))), 8)
DEFINE_LOOP(loop_avx512, __attribute__((target("avx512f"))), 16)
#endif

typedef struct instruction_set {
  const char *name;
  int lanes;
  void (*loop)(long loops);
} instruction_set;

/* --- threads ---------------------------------------------------------------------------------- */

/* A thread's part in a measurement. */
typedef struct part {
  pthread_barrier_t *start;
  double began, ended;
  const instruction_set *instructions; /* of multiply-adds, */
  long loops;
  const uint64_t *words; /* or of reading */
  size_t count;
} part;

static void *multiply(void *argument) {
  part *mine = argument;
  mine->instructions->loop(mine->loops / 4); /* the clock settles */
  pthread_barrier_wait(mine->start);
  mine->began = cnn_seconds();
  mine->instructions->loop(mine->loops);
  mine->ended = cnn_seconds();
  return NULL;
}

static void *read_words(void *argument) {
  part *mine = argument;
  uint64_t sum = 0;
  pthread_barrier_wait(mine->start);
  mine->began = cnn_seconds();
  for (size_t i = 0; i < mine->count; i++) sum += mine->words[i];
  mine->ended = cnn_seconds();
  sink = (float)sum;
  return NULL;
}

/* Seconds from the first begin to the last end. */
static double run_threads(int threads, void *(*work)(void *), part *parts) {
  pthread_t ids[threads];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, (unsigned)threads);
  int started = 0;
  for (; started < threads; started++) {
    parts[started].start = &start;
    if (pthread_create(&ids[started], NULL, work, &parts[started]) != 0) abort();
  }
  for (int t = 0; t < threads; t++) pthread_join(ids[t], NULL);
  pthread_barrier_destroy(&start);
  double began = parts[0].began, ended = parts[0].ended;
  for (int t = 1; t < threads; t++) {
    if (parts[t].began < began) began = parts[t].began;
    if (parts[t].ended > ended) ended = parts[t].ended;
  }
  return ended - began;
}

/* The best of some short runs: on a busy machine long ones are interrupted. */
static double measure(int threads, const instruction_set *instructions) {
  enum { SHORT_RUNS = 10, LOOPS = 1000 * 1000 }; /* 2 to 8 ms */
  double best = 0;
  for (int i = 0; i < SHORT_RUNS; i++) {
    part parts[threads];
    for (int t = 0; t < threads; t++)
      parts[t] = (part){.instructions = instructions, .loops = LOOPS};
    const double seconds = run_threads(threads, multiply, parts);
    const double rate = 2.0 * instructions->lanes * CHAINS * LOOPS * threads / seconds;
    if (rate > best) best = rate;
  }
  return best;
}

double cnn_peak_fma(int threads, const char **name) {
  static const instruction_set baseline = {"baseline", 4, loop_baseline};
  double best = measure(threads, &baseline);
  *name = baseline.name;
#if defined(__x86_64__)
  static const instruction_set avx2 = {"AVX2", 8, loop_avx2}, avx512 = {"AVX-512", 16, loop_avx512};
  const instruction_set *wide[2];
  int count = 0;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) wide[count++] = &avx2;
  if (__builtin_cpu_supports("avx512f")) wide[count++] = &avx512;
  for (int i = 0; i < count; i++) {
    const double rate = measure(threads, wide[i]);
    if (rate <= best) continue;
    best = rate;
    *name = wide[i]->name;
  }
#endif
  return best;
}

double cnn_peak_bandwidth(int threads) {
  enum { WORDS = 1 << 25 }; /* 256 MiB */
  uint64_t *words = malloc(WORDS * sizeof *words);
  if (!words) return 0;
  memset(words, 1, WORDS * sizeof *words);
  part parts[threads];
  for (int t = 0; t < threads; t++) {
    const size_t first = (size_t)WORDS * t / threads, end = (size_t)WORDS * (t + 1) / threads;
    parts[t] = (part){.words = words + first, .count = end - first};
  }
  const double seconds = run_threads(threads, read_words, parts);
  free(words);
  return WORDS * sizeof *words / seconds;
}

const char *cnn_processor_name(void) {
  static char name[128] = "unknown processor";
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':')) continue;
    line[strcspn(line, "\n")] = '\0';
    snprintf(name, sizeof name, "%s", strchr(line, ':') + 2);
    break;
  }
  if (file) fclose(file);
  return name;
}
