#include "integers.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"

/* PARALLEL(threads) { ... } runs its block once in every thread. Without OpenMP there is one. */
#define PRAGMA(text) _Pragma(#text)
#if defined(_OPENMP)
#define PARALLEL(threads) PRAGMA(omp parallel num_threads(threads))
enum { THREADS_MAX = 4096 };
#else
#define PARALLEL(threads)
enum { THREADS_MAX = 1 };
#endif

/* Who works: this thread of `threads`, on a batch of `groups` of images, as many as a vector has lanes; where
   channels are in the lanes, of single images. */
typedef struct team {
  int thread, threads, groups;
} team;

/* This thread's part of the work items: contiguous, the same in every call. */
static inline span work_range(int items, team t) {
  return (span){(int)((int64_t)items * t.thread / t.threads),
                (int)((int64_t)items * (t.thread + 1) / t.threads)};
}

static inline void barrier(void) {
#if defined(_OPENMP)
#pragma omp barrier
#endif
}

/* Between a kernel and the next: waits until every thread has come here, and until whoever looks on
   has looked. */
static inline void next(team t, const cnn_state *state) {
  barrier();
  if (!state->observe) return;
  if (t.thread == 0) state->observe(state->observer);
  barrier();
}

/* Behind each kernel of a step. */
#define NEXT next(t, state)

/* The team of a parallel region, from inside it. Denormal numbers count as 0 from here on: they
   carry nothing that training needs, and many processors take a hundred cycles for each. */
static inline team join_team(int groups) {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
  team t = {0, 1, groups};
#if defined(_OPENMP)
  t.thread = omp_get_thread_num();
  t.threads = omp_get_num_threads();
#endif
  return t;
}

static inline real at_least_0(real a) { return a < 0 ? 0 : a; }

/* For functions around one hot loop: inlined, the loops around it would take its registers. And for kernels: inlined,
   they would all be one function, over which compilers take minutes. */
#define NOINLINE __attribute__((noinline))

/* Asks for memory that is read soon; any address will do. */
static inline void prefetch(const real *at) { __builtin_prefetch(at); }
static inline void prefetch_to_write(const real *at) { __builtin_prefetch(at, 1); }

/* Images of a value with rank 4 lie row by row, the channels of a row behind each other: with images in the lanes
   [N/LANES][height][channels][width][LANES], with channels there [N][height][channels/LANES, rounded up][width][LANES]. */
typedef struct image {
  int channels, height, width;
} image;

/* What belongs to a batch_norm, as arguments: parameters and running statistics; statistics of the
   batch; parameters around these; gradients. */
#define NORM(bn) p + bn##_weight, p + bn##_bias, s + bn##_running_mean, s + bn##_running_var
#define STATISTICS(bn) a + bn##_mean, a + bn##_inverse
#define NORMED(bn) p + bn##_weight, a + bn##_mean, a + bn##_inverse, p + bn##_bias
#define NORM_PLACES(bn, trained, running, size) \
  bn##_weight = trained, bn##_bias = trained + size, \
  bn##_running_mean = running, bn##_running_var = running + size
#define STATISTICS_PLACES(bn, at, size) bn##_mean = at, bn##_inverse = at + size
#define NORM_GRADIENT(bn) d + bn##_weight, d + bn##_bias

/* The row of a channel: h counts through the rows of all groups of images. */
static inline size_t row_of(image s, int h, int c) {
  return ((size_t)h * s.channels + c) * s.width * LANES;
}

/* a^e, a lane at a time: for exponents that square roots do not give. */
static inline vec vpower(vec a, real e) {
  _Alignas(64) real lanes[LANES];
  vstore(lanes, a);
  for (int l = 0; l < LANES; l++) lanes[l] = (real)pow(lanes[l], e);
  return vload(lanes);
}

/* Random numbers that depend on their place alone: the key on seed, step and layer (SplitMix64),
   the number on key and counter (Wellons' lowbias32, the key's second half in the middle). */
static inline uint64_t random_key(uint64_t seed, uint64_t step, uint64_t layer) {
  uint64_t z = seed + 0x9e3779b97f4a7c15u * step + 0xd1b54a32d192ed03u * (layer + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static inline vint vrandom(uint64_t key, vint counter) {
  vint h = viadd(counter, viset((uint32_t)key));
  h = vimul(vixor(h, vishift(h, 16)), viset(0x7feb352d));
  h = viadd(h, viset((uint32_t)(key >> 32)));
  h = vimul(vixor(h, vishift(h, 15)), viset(0x846ca68b));
  return vixor(h, vishift(h, 16));
}
#pragma GCC diagnostic pop
