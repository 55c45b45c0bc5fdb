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

/* Who works: this thread of `threads`, on a batch of `groups` vectors of images. */
typedef struct team {
  int thread, threads, groups;
} team;

typedef struct span {
  int begin, end;
} span;

/* This thread's part of the pieces of work: contiguous, the same in every call. */
static inline span share(int pieces, team t) {
  return (span){(int)((int64_t)pieces * t.thread / t.threads),
                (int)((int64_t)pieces * (t.thread + 1) / t.threads)};
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

/* The team of a parallel region, from inside it. Denormal numbers count as 0 from here on: they
   carry nothing that training needs, and many processors take a hundred cycles for each. */
static inline team join_team(int images) {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
  team t = {0, 1, (images + LANES - 1) / LANES};
#if defined(_OPENMP)
  t.thread = omp_get_thread_num();
  t.threads = omp_get_num_threads();
#endif
  return t;
}

static inline int min_int(int a, int b) { return a < b ? a : b; }
static inline int max_int(int a, int b) { return a > b ? a : b; }

/* Images of a value with rank 4 lie row by row, the channels of a row behind each other:
   [N/LANES][height][channels][width][LANES]. */
typedef struct image {
  int channels, height, width;
} image;

/* What belongs to a batch_norm, as arguments: parameters and running statistics; statistics of the
   batch; gradients. */
#define NORM(bn) p + bn##_weight, p + bn##_bias, s + bn##_running_mean, s + bn##_running_var
#define STATISTICS(bn) a + bn##_mean, a + bn##_inverse
#define NORM_PLACES(bn, trained, running, size) \
  bn##_weight = trained, bn##_bias = trained + size, bn##_running_mean = running, bn##_running_var = running + size
#define NORM_GRADIENT(bn) d + bn##_weight, d + bn##_bias

/* The row of a channel: h counts through the rows of all groups of images. */
static inline size_t row_of(image s, int h, int c) {
  return ((size_t)h * s.channels + c) * s.width * LANES;
}

/* A convolution, forward or backward, as one sum: made[m, p, q] = sum over channels and taps of what
   is read, times weights. Channels are those of one group of `groups`. */
typedef struct conv {
  int groups;
  int channels, height, width;           /* read */
  int made, rows, columns;               /* made: channels, height, width */
  int kernel, stride, padding, dilation; /* down a column; along a row a kernel has its own */
  int kernel_step, row_step;             /* backward with a stride: of the taps that reach a row */
  int block, columns_block;              /* of work: tiles of channels, pixels of a row */
  int block_made, block_channels, block_kernel; /* of work on weights; `block` is then of rows */
  /* Distances in the weights: groups, channels made and read, kernel rows, taps of a row. */
  ptrdiff_t w_group, w_made, w_channel, w_row, w_tap;
  int relu;
} conv;

/* The kernel of a convolution; stride, padding and dilation are those down a column. */
typedef struct window {
  int height, width, stride, padding, dilation, groups;
} window;

/* Weights [y.channels, x.channels / groups, height, width]; `block` tiles of channels at a time. */
static inline conv conv_forward(image x, image y, window k, int block, int columns_block, int relu) {
  const int channels = x.channels / k.groups, made = y.channels / k.groups, taps = k.height * k.width;
  return (conv){.groups = k.groups, .channels = channels, .height = x.height, .width = x.width,
    .made = made, .rows = y.height, .columns = y.width, .kernel = k.height, .stride = k.stride,
    .padding = k.padding, .dilation = k.dilation, .block = block, .columns_block = columns_block,
    .w_group = (ptrdiff_t)made * channels * taps, .w_made = channels * taps, .w_channel = taps,
    .w_row = k.width, .w_tap = 1, .relu = relu};
}

/* dx from dy: made and read change places. With stride 1 it is the forward sum with the kernel turned
   round, so that the first weight is the last. */
static inline conv conv_backward(image x, image y, window k, int block, int columns_block) {
  conv s = conv_forward(y, x, k, block, columns_block, 0);
  s.w_made = k.height * k.width;
  s.w_channel = s.made * s.w_made;
  if (k.stride > 1 || columns_block == 0) { /* conv_strided_back */
    s.kernel_step = k.stride;
    s.row_step = k.dilation;
    for (int n = k.stride; n > 1; n--) {
      if (s.kernel_step % n || s.row_step % n) continue;
      s.kernel_step /= n;
      s.row_step /= n;
    }
  } else {
    s.padding = k.dilation * (k.height - 1) - k.padding;
    s.w_row = -k.width;
    s.w_tap = -1;
  }
  return s;
}

/* dw from x and dy, in blocks of rows, of filters, of channels and of kernel rows. */
static inline conv conv_filters(image x, image y, window k, int rows, int made, int channels, int kernel) {
  conv s = conv_forward(x, y, k, rows, 0, 0);
  s.block_made = made;
  s.block_channels = channels;
  s.block_kernel = kernel;
  return s;
}

/* No load moves across: a compiler that reads the weights of all taps ahead runs out of registers. */
static inline void in_order(void) { __asm__ volatile("" ::: "memory"); }

/* Where a register tile goes: channels are `plane` reals apart, pixels `step`. */
typedef struct target {
  real *to;
  const real *below; /* the activation there, or NULL: the result is 0 where it is 0 */
  const real *bias;  /* one a channel, or NULL */
  ptrdiff_t plane, step;
  vec least; /* of all results: 0 for relu */
} target;

/* Stores pixel j of channel r. */
static inline void put(const target *t, int r, int j, vec a) {
  const ptrdiff_t at = r * t->plane + j * t->step;
  a = vmax(t->least, t->bias ? vadd(a, vbroadcast(t->bias + r)) : a);
  vstore(t->to + at, t->below ? vkeep(vgt(vload(t->below + at), vzero()), a) : a);
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
