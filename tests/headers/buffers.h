/* What tests of headers share: values in memory that ends at an unmapped page, small integers, and
   comparisons, whose failures are counted. */
#ifndef BUFFERS_H
#define BUFFERS_H

#include <cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "prelude.h"
#include "vec.h"

/* --- memory until free_buffers ---------------------------------------------------------------- */

enum { PAGE = 4096, BUFFERS_MAX = 8192 };

/* Of doubles (no map), or a mapping. */
static struct {
  void *at[BUFFERS_MAX];
  size_t map_bytes[BUFFERS_MAX];
  int count;
} buffers;

static inline void keep_buffer(void *at, size_t map_bytes) {
  if (!at || buffers.count == BUFFERS_MAX) abort();
  buffers.at[buffers.count] = at;
  buffers.map_bytes[buffers.count++] = map_bytes;
}

static inline void free_buffers(void) {
  while (buffers.count > 0) {
    const int i = --buffers.count;
    if (buffers.map_bytes[i] > 0)
      munmap(buffers.at[i], buffers.map_bytes[i]);
    else
      free(buffers.at[i]);
  }
}

/* Memory for `count` reals, all NaN, that ends at an unmapped page. */
static inline real *guarded(size_t count) {
  const size_t bytes = (count * sizeof(real) + 63) / 64 * 64;
  const size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
  char *map = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mprotect(map + pages, PAGE, PROT_NONE) != 0) abort();
  keep_buffer(map, pages + PAGE);
  real *at = (real *)(map + pages - bytes);
  for (size_t i = 0; i < count; i++) at[i] = (real)NAN;
  return at;
}

/* A small integer, the same in every run. */
static inline double draw(void) {
  static uint32_t seed = 1;
  seed = seed * 1664525 + 1013904223;
  return (double)(seed >> 24) / 32 < 4 ? (double)(seed >> 28) - 3 : (double)(seed >> 30);
}

static inline double *doubles(size_t count, int random) {
  double *at = calloc(count, sizeof *at);
  keep_buffer(at, 0);
  for (size_t i = 0; i < count && random; i++) at[i] = draw();
  return at;
}

/* These numbers as reals; NULL: NaN. */
static inline real *plain(const double *from, size_t count) {
  real *to = guarded(count);
  for (size_t i = 0; i < count && from; i++) to[i] = (real)from[i];
  return to;
}

static inline real *constant(double value, int count) {
  real *to = guarded((size_t)count);
  for (int i = 0; i < count; i++) to[i] = (real)value;
  return to;
}

/* --- images [n,c,h,w] in blocks of LANES ------------------------------------------------------ */

typedef struct dims {
  int n, c, h, w;
} dims;

static inline size_t plain_reals(dims d) {
  return (size_t)d.n * d.c * d.h * d.w;
}

static inline size_t image_reals(cnn_layout layout, dims d) {
  if (layout == CNN_BATCH_BLOCKED) d.n = divide_up(d.n, LANES) * LANES;
  if (layout == CNN_CHANNEL_BLOCKED) d.c = divide_up(d.c, LANES) * LANES;
  return plain_reals(d);
}

/* Where number i of [n,c,h,w] lies. */
static inline size_t place_of(cnn_layout layout, dims d, size_t i) {
  const size_t x = i % d.w;
  const size_t y = i / d.w % d.h;
  const size_t c = i / ((size_t)d.w * d.h) % d.c;
  const size_t n = i / ((size_t)d.w * d.h * d.c);
  if (layout == CNN_BATCH_BLOCKED)
    return (((n / LANES * d.h + y) * d.c + c) * d.w + x) * LANES + n % LANES;
  const size_t blocks = divide_up(d.c, LANES);
  return (((n * d.h + y) * blocks + c / LANES) * d.w + x) * LANES + c % LANES;
}

/* [n,c,h,w] in a layout; lanes without a channel or image are 0. NULL: all NaN. */
static inline real *image_in(cnn_layout layout, dims d, const double *from) {
  const size_t reals = image_reals(layout, d);
  real *to = guarded(reals);
  if (!from) return to;
  memset(to, 0, sizeof(real) * reals);
  for (size_t i = 0; i < plain_reals(d); i++) to[place_of(layout, d, i)] = (real)from[i];
  return to;
}

/* --- comparisons ------------------------------------------------------------------------------ */

static int failures;
static char tested[200]; /* what a message names: the shape, the number of threads */

static inline void compare(const char *what, double got, double want, double tolerance) {
  if (fabs(got - want) <= tolerance) return;
  if (failures++ < 10) printf("%s, %s: %.9g, expected %.9g\n", what, tested, got, want);
}

/* `count` numbers behind each other. */
static inline void compare_reals(const char *what, const real *got, const double *want,
                                 size_t count, double tolerance) {
  for (size_t i = 0; i < count; i++) compare(what, got[i], want[i], tolerance);
}

static inline void compare_image(const char *what, cnn_layout layout, dims d, const real *got,
                                 const double *want, double tolerance) {
  for (size_t i = 0; i < plain_reals(d); i++)
    compare(what, got[place_of(layout, d, i)], want[i], tolerance);
}

/* The lanes of a batch-blocked gradient that have no image are 0. */
static inline void compare_absent(const char *what, dims d, const real *got) {
  dims all = d;
  all.n = divide_up(d.n, LANES) * LANES;
  for (size_t i = plain_reals(d); i < plain_reals(all); i++)
    compare(what, got[place_of(CNN_BATCH_BLOCKED, all, i)], 0, 0);
}

#endif
