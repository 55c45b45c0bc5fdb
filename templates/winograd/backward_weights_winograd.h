/* The gradient of the weights with Winograd convolution. */
#ifndef CNN_BACKWARD_WEIGHTS_WINOGRAD_H
#define CNN_BACKWARD_WEIGHTS_WINOGRAD_H

#include "backward_weights.h"
#include "winograd_batches.h"

#include <string.h>

/* G' u G of the sums of all parts; to: taps that are `tap` reals apart. */
ALWAYS_INLINE void inverse_transform_kernel(winograd_transform *transform, int taps,
                                            const real *restrict from, int split_k, ptrdiff_t part,
                                            ptrdiff_t element, real *restrict to, ptrdiff_t tap) {
  vec d[WINOGRAD_TAPS_MAX][WINOGRAD_INPUT_TILE];
  UNROLLED
  for (int j = 0; j < WINOGRAD_INPUT_TILE; j++) {
    vec domain[WINOGRAD_INPUT_TILE];
    vec column[WINOGRAD_TAPS_MAX];
    UNROLLED
    for (int i = 0; i < WINOGRAD_INPUT_TILE; i++) {
      const real *at = from + (i * WINOGRAD_INPUT_TILE + j) * element;
      domain[i] = vload(at);
      for (int k = 1; k < split_k; k++) domain[i] = vadd(domain[i], vload(at + k * part));
    }
    transform(domain, column);
    UNROLLED
    for (int i = 0; i < taps; i++) d[i][j] = column[i];
  }
  UNROLLED
  for (int i = 0; i < taps; i++) {
    vec row[WINOGRAD_TAPS_MAX];
    transform(d[i], row);
    UNROLLED
    for (int j = 0; j < taps; j++) vstore(to + (i * taps + j) * tap, row[j]);
  }
}

/* A function that does so. */
typedef void winograd_kernel_inverse(const real *restrict from, int split_k, ptrdiff_t part,
                                     ptrdiff_t element, real *restrict to, ptrdiff_t tap);

NOINLINE static void inverse_transform_kernel_3x3(const real *restrict from, int split_k,
                                                  ptrdiff_t part, ptrdiff_t element,
                                                  real *restrict to, ptrdiff_t tap) {
  inverse_transform_kernel(winograd_dw_3, 3, from, split_k, part, element, to, tap);
}

NOINLINE static void inverse_transform_kernel_5x5(const real *restrict from, int split_k,
                                                  ptrdiff_t part, ptrdiff_t element,
                                                  real *restrict to, ptrdiff_t tap) {
  inverse_transform_kernel(winograd_dw_5, 5, from, split_k, part, element, to, tap);
}

/* The transforms of a kernel size. */
typedef struct winograd_gradient {
  winograd_batch_transform *transform_dy;
  winograd_kernel_inverse *inverse_transform;
} winograd_gradient;

static const winograd_gradient winograd_gradient_3x3 = {transform_dy_tiles_4x4,
                                                        inverse_transform_kernel_3x3};

static const winograd_gradient winograd_gradient_5x5 = {transform_dy_tiles_2x2,
                                                        inverse_transform_kernel_5x5};

/* What the steps of a kernel share. Distances are in reals. */
typedef struct winograd_gradient_plan {
  const backward_weights *g;
  const winograd_gradient *kernel;
  winograd_tiles tiles;
  channel_rows x_rows;
  channel_rows dy_rows;
  int ic_blocks;
  int oc_tile_count;
  ptrdiff_t vector;    /* a tile batch of a vector of channels */
  ptrdiff_t x_batch;   /* of tile batches of x at an element */
  ptrdiff_t dy_batch;  /* the same of dy */
  ptrdiff_t x_element; /* of elements */
  ptrdiff_t dy_element;
  ptrdiff_t tile_sums;    /* of the sums of a tile of channels of dy at an element */
  ptrdiff_t element_sums; /* of all tiles at an element */
} winograd_gradient_plan;

/* Transforms `batches` tile batches of x and dy, from number `first` on. A work item: a vector of
   channels of a tile batch. */
static void transform_gradient_batches(team t, const winograd_gradient_plan *w, int first,
                                       int batches, const real *restrict x, const real *restrict dy,
                                       real *restrict x_domain, real *restrict dy_domain) {
  const backward_weights *g = w->g;
  const int vectors = w->ic_blocks + divide_up(g->oc, LANES);
  const span items = work_range(batches * vectors, t);
  for (int i = items.begin; i < items.end; i++) {
    const int batch = i / vectors;
    const int v = i % vectors;
    if (v < w->ic_blocks) {
      transform_input_tiles(&w->tiles, &w->x_rows, g->h.padding, g->w.padding, first + batch, v, x,
                            x_domain + batch * w->x_batch + v * w->vector, w->x_element);
    } else {
      const int dy_vector = v - w->ic_blocks;
      w->kernel->transform_dy(&w->tiles, &w->dy_rows, 0, 0, first + batch, dy_vector, dy,
                              dy_domain + batch * w->dy_batch + dy_vector * w->vector,
                              w->dy_element);
    }
  }
}

/* Adds the products of `batches` tile batches at all elements to the sums, which begin with 0 at
   the first ones. A work item: a tile of channels of dy at an element. */
static void add_gradient_batches(team t, const winograd_gradient_plan *w, gradient_tiles *add,
                                 int begin, int batches, const real *restrict x_domain,
                                 const real *restrict dy_domain, real *restrict sums) {
  const backward_weights *g = w->g;
  const int tile_oc = g->oc_vectors * LANES;
  gradient_strip s = {
      .images = 1,
      .pixels = w->tiles.tile_batch,
      .x_row = w->x_batch,
      .dy_row = w->dy_batch,
      .dy_vector = w->vector,
      .ic_sums = tile_oc,
  };
  const span items = work_range(WINOGRAD_ELEMENTS * w->oc_tile_count, t);
  for (int i = items.begin; i < items.end; i++) {
    const int element = i / w->oc_tile_count;
    const int tile = i % w->oc_tile_count;
    real *const to = sums + element * w->element_sums + tile * w->tile_sums;
    if (begin) memset(to, 0, sizeof(real) * (size_t)w->tile_sums);
    for (int batch = 0; batch < batches; batch += s.rows) {
      const real *xp = x_domain + element * w->x_element + batch * w->x_batch;
      const real *dyp = dy_domain + element * w->dy_element + batch * w->dy_batch +
                        tile * g->oc_vectors * w->vector;
      s.rows = min_int(g->oh_block, batches - batch);
      for (int block = 0; block < w->ic_blocks; block++)
        add(&s, xp + block * w->vector, dyp, to + block * LANES * tile_oc,
            min_int(LANES, g->ic - block * LANES), tile == w->oc_tile_count - 1);
    }
  }
}

static winograd_gradient_plan plan_winograd_gradient(const backward_weights *g,
                                                     const winograd_gradient *kernel, int images,
                                                     int tile_batch, int capacity) {
  const weights_shape s = summed_weights(g);
  const ptrdiff_t vector = tile_batch * LANES;
  const int blocks = divide_up(g->ic, LANES);
  winograd_gradient_plan w = {
      .g = g,
      .kernel = kernel,
      .tiles = winograd_tiles_of(g->h.kernel, images, g->h.out, g->w.out, tile_batch),
      .x_rows = {g->h.in, g->w.in, blocks},
      .dy_rows = {g->h.out, g->w.out, divide_up(g->oc_row, LANES)},
      .ic_blocks = blocks,
      .oc_tile_count = oc_tiles(s),
      .vector = vector,
      .x_batch = blocks * vector,
      .dy_batch = oc_tiles(s) * g->oc_vectors * vector,
      .tile_sums = (ptrdiff_t)g->ic * g->oc_vectors * LANES,
  };
  w.x_element = winograd_element_reals(LANES, capacity, w.x_batch);
  w.dy_element = winograd_element_reals(LANES, capacity, w.dy_batch);
  w.element_sums = w.oc_tile_count * w.tile_sums;
  return w;
}

/* dw: see backward_weights_of. Tiles of x and of dy are transformed, `capacity` tile batches at a
   time, and each element sums its products over all of them. A thread sums some parts, or several
   threads sum one part together: sums have the same order. sums: the workspace: sums of the parts
   in the transform domain, [part][element][oc tile][ic][oc of the tile]; sums of the taps; and for
   each part the tile batches of x, and of dy, in the transform domain. */
static void backward_weights_winograd(team t, const backward_weights *g,
                                      const winograd_gradient *kernel, int tile_batch, int capacity,
                                      gradient_tiles *add, const real *restrict x,
                                      const real *restrict dy, real *restrict sums,
                                      real *restrict dw) {
  const weights_shape shape = summed_weights(g);
  const winograd_gradient_plan w =
      plan_winograd_gradient(g, kernel, t.groups, tile_batch, capacity);
  const ptrdiff_t part_sums = WINOGRAD_ELEMENTS * w.element_sums;
  real *const tap_sums = sums + g->split_k * part_sums;
  real *const domain = tap_sums + gradient_sums_reals(shape);
  const int all = winograd_tile_batches(&w.tiles);
  const int each = max_int(1, t.threads / g->split_k); /* threads of a part */
  const int shared = each > 1;
  const int part_of_team = t.thread / each;
  const span part_range = !shared                     ? work_range(g->split_k, t)
                          : part_of_team < g->split_k ? (span){part_of_team, part_of_team + 1}
                                                      : (span){0, 0};
  const team together = {t.thread % each, each, t.groups};
  const int rounds = divide_up(divide_up(all, g->split_k), capacity); /* of the largest part */
  for (int part = part_range.begin; part < part_range.end; part++) {
    const span own = work_range(all, (team){part, g->split_k, 0});
    real *const x_domain = domain + part * WINOGRAD_ELEMENTS * (w.x_element + w.dy_element);
    real *const dy_domain = x_domain + WINOGRAD_ELEMENTS * w.x_element;
    for (int round = 0; round < rounds; round++) {
      const int first = own.begin + round * capacity;
      const int batches = max_int(0, min_int(capacity, own.end - first));
      transform_gradient_batches(together, &w, first, batches, x, dy, x_domain, dy_domain);
      if (shared) barrier(); /* all tiles are transformed */
      add_gradient_batches(together, &w, add, round == 0, batches, x_domain, dy_domain,
                           sums + part * part_sums);
      if (shared) barrier(); /* nobody reads the tiles any more */
    }
  }
  for (int i = 0; shared && part_of_team >= g->split_k && i < 2 * rounds; i++) barrier();
  barrier(); /* all parts are complete */
  /* A work item: a channel of x, for a tile of channels of dy. */
  const int tile_oc = g->oc_vectors * LANES;
  const span items = work_range(w.oc_tile_count * g->ic, t);
  for (int i = items.begin; i < items.end; i++) {
    for (int oc = 0; oc < tile_oc; oc += LANES) {
      const ptrdiff_t taps = (ptrdiff_t)i * g->h.kernel * g->w.kernel;
      kernel->inverse_transform(sums + (ptrdiff_t)i * tile_oc + oc, g->split_k, part_sums,
                                w.element_sums, tap_sums + taps * tile_oc + oc, tile_oc);
    }
  }
  store_weights_gradient(t, g, 1, tap_sums, dw);
}

#endif
