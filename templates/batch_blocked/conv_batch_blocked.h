/* Batch-blocked convolutions, forward and backward data: the register tile, and the loops around
   it. */
#ifndef CNN_CONV_BATCH_BLOCKED_H
#define CNN_CONV_BATCH_BLOCKED_H

#include "batch_conv.h"
#include "outer_product.h"

#include <math.h>

/* --- the register tile ------------------------------------------------------------------------ */

/* A loop of a sum: its length, and its steps in what is read and in the weights. */
typedef struct sum_loop {
  int count;
  ptrdiff_t x;
  ptrdiff_t w;
} sum_loop;

/* The sum behind an output: three loops, over channels, kernel rows and taps. Channels are the
   innermost loop where a row has few taps. */
typedef struct conv_sum {
  sum_loop outer;
  sum_loop middle;
  sum_loop inner;
  ptrdiff_t x_pixel; /* reals between inputs of neighbouring outputs */
  ptrdiff_t w_oc;    /* of output channels in the weights */
} conv_sum;

/* Where a register tile is stored, and its epilogue. */
typedef struct tile_output {
  real *to;
  const real *relu_mask; /* an activation, or NULL: the result is 0 where it is 0 */
  const real *bias;      /* one a channel, or NULL */
  ptrdiff_t oc_step;     /* reals between channels */
  ptrdiff_t ow_step;     /* reals between pixels */
  vec least;             /* of all results: 0 for relu */
} tile_output;

/* Stores pixel ow of channel oc. */
static inline void store_output(const tile_output *t, int oc, int ow, vec a) {
  const ptrdiff_t at = oc * t->oc_step + ow * t->ow_step;
  a = vmax(t->least, t->bias ? vadd(a, vbroadcast(t->bias + oc)) : a);
  vstore(t->to + at, t->relu_mask ? vkeep(vgt(vload(t->relu_mask + at), vzero()), a) : a);
}

/* A tile of `channels` x `pixels`, both constants. x, w: where the sum of the first output
   begins. */
ALWAYS_INLINE void convolve_tile(const conv_sum *s, const real *restrict x, const real *restrict w,
                                 const tile_output *to, int channels, int pixels) {
  vec sum[TILE_SUMS_MAX];
  const ptrdiff_t x_pixel = s->x_pixel;
  const ptrdiff_t w_oc = s->w_oc;
  UNROLLED
  for (int i = 0; i < channels * pixels; i++) sum[i] = vzero();
  for (int i = 0; i < s->outer.count; i++) {
    const real *xk = x + i * s->outer.x;
    const real *wk = w + i * s->outer.w;
    for (int k = 0; k < s->middle.count; k++, xk += s->middle.x, wk += s->middle.w) {
      const real *xt = xk;
      const real *wt = wk;
      for (int n = 0; n < s->inner.count; n++, xt += s->inner.x, wt += s->inner.w) {
        compiler_barrier();
        add_outer_product(sum, wt, w_oc, xt, x_pixel, channels, pixels);
      }
    }
  }
  UNROLLED
  for (int i = 0; i < channels * pixels; i++) store_output(to, i / pixels, i % pixels, sum[i]);
}

/* --- a row ------------------------------------------------------------------------------------ */

/* Some outputs of a stride phase of a row, for one tile of channels. Output j of the phase is pixel
   phase + j * phase_out_step. */
typedef struct row_part {
  const conv_axis *axis;
  int phase;
  span ow;        /* of the outputs of the phase */
  tap_range taps; /* of output 0 of the phase */
  conv_sum sum;   /* convolve_row sets the count of kw */
  int kw_outer;   /* kw is the outer loop of the sum, not the inner one */
  ptrdiff_t w_kw;
  const real *x; /* the row that is read */
  const real *w;
  tile_output to; /* pixel 0 of the row */
  int last_oc;    /* the tile has the last channels of a group */
} row_part;

/* Constants: channels x pixels of a register tile; oc_tail: channels of the last tile of a group, 0
   if all are whole. A pixel that a tap is clipped of, or that fills no tile, has a tile of its
   own. */
ALWAYS_INLINE void convolve_row(row_part *p, int channels, int oc_tail, int pixels) {
  const conv_axis *const a = p->axis;
  const int out_step = phase_out_step(a);
  const int in_step = phase_in_step(a);
  const int count = phase_outputs(a, p->phase);
  const span whole = unclipped_outputs(a, p->taps, count);
  sum_loop *const kw = p->kw_outer ? &p->sum.outer : &p->sum.inner;
  /* Blocks of pixels begin and end with whole tiles behind the first clipped ones. */
  const int last = p->ow.end < count ? min_int(count, p->ow.end + whole.begin) : count;
  for (int j = p->ow.begin > 0 ? p->ow.begin + whole.begin : 0; j < last;) {
    tile_output to = p->to;
    to.to += (p->phase + j * out_step) * LANES;
    if (to.relu_mask) to.relu_mask += (p->phase + j * out_step) * LANES;
    const real *x = p->x + (p->taps.from + j * in_step) * LANES;
    if (pixels > 1 && j >= whole.begin && j + pixels <= min_int(last, whole.end)) {
      kw->count = p->taps.count;
      if (oc_tail && p->last_oc)
        convolve_tile(&p->sum, x, p->w, &to, oc_tail, pixels);
      else
        convolve_tile(&p->sum, x, p->w, &to, channels, pixels);
      j += pixels;
      continue;
    }
    tap_range here = p->taps;
    here.from += j * in_step;
    if (j < whole.begin || j >= whole.end) here = clip_taps(a, here);
    kw->count = here.count;
    x = p->x + here.from * LANES;
    const real *w = p->w + (here.first - p->taps.first) * p->w_kw;
    if (oc_tail && p->last_oc)
      convolve_tile(&p->sum, x, w, &to, oc_tail, 1);
    else
      convolve_tile(&p->sum, x, w, &to, channels, 1);
    j++;
  }
}

/* convolve_row with its constants. */
typedef void convolve_row_function(row_part *p);

/* --- all rows --------------------------------------------------------------------------------- */

/* y = x convolved. b: bias, or NULL; relu_mask: y is 0 where it is 0, or NULL. */
NOINLINE static void conv_batch_blocked(team t, const batch_conv *c, convolve_row_function *row,
                                        const real *restrict x, const real *restrict w,
                                        const real *restrict b, const real *restrict relu_mask,
                                        real *restrict y) {
  const int tiles = divide_up(c->oc, c->oc_unroll);
  const int blocks = divide_up(tiles, c->oc_block);
  const int out_step = phase_out_step(&c->w);
  const ptrdiff_t x_channel = c->w.in * LANES;
  const ptrdiff_t y_channel = c->w.out * LANES;
  const ptrdiff_t x_row = batch_row_in(c);
  const ptrdiff_t y_row = batch_row_out(c);
  const ptrdiff_t w_tile = c->w_tile ? c->w_tile : c->oc_unroll * c->w_oc;
  /* A work item: a row of a group of images, a group of channels, a block of tiles of channels. */
  const span items = work_range(t.groups * c->h.out * c->groups * blocks, t);
  for (int i = items.begin; i < items.end; i++) {
    const int block = i % blocks;
    const int group = i / blocks % c->groups;
    const int line = i / (blocks * c->groups);
    const int n = line / c->h.out;
    const tap_range h = clip_taps(&c->h, taps_of(&c->h, line % c->h.out));
    const real *const xr =
        x + ((ptrdiff_t)n * c->h.in + h.from) * x_row + group * c->ic * x_channel;
    const real *const wr = w + group * c->w_group + h.first * c->w_kh;
    for (int phase = 0; phase < stride_phases(&c->w); phase++) {
      const tap_range taps = taps_of(&c->w, phase);
      const sum_loop ic = {c->ic, x_channel, c->w_ic};
      const sum_loop kh = {h.count, h.from_step * x_row, h.step * c->w_kh};
      const sum_loop kw = {taps.count, taps.from_step * LANES, taps.step * c->w_kw};
      row_part p = {.axis = &c->w, .phase = phase, .taps = taps, .w_kw = c->w_kw, .x = xr};
      p.kw_outer = taps.count <= 2;
      p.sum = (conv_sum){p.kw_outer ? kw : ic, kh, p.kw_outer ? ic : kw,
                         phase_in_step(&c->w) * LANES, c->w_oc};
      for (int ow = 0; ow * out_step < c->w.out; ow += c->ow_block) {
        p.ow = (span){ow, ow + c->ow_block};
        for (int tile = block * c->oc_block; tile < min_int(tiles, (block + 1) * c->oc_block);
             tile++) {
          const int oc = group * c->oc + tile * c->oc_unroll;
          const ptrdiff_t at = line * y_row + oc * y_channel;
          p.to = (tile_output){
              y + at,           relu_mask ? relu_mask + at : NULL, b ? b + oc : NULL, y_channel,
              out_step * LANES, vset(c->relu ? 0 : -INFINITY)};
          p.w = wr + tile * w_tile + taps.first * c->w_kw;
          p.last_oc = tile == tiles - 1;
          row(&p);
        }
      }
    }
  }
}

#endif
