/* Copies of channels of images, in either layout of blocks. */
#ifndef CNN_CHANNELS_H
#define CNN_CHANNELS_H

#include "prelude.h"
#include "vec.h"

#include <string.h>

/* Rows of images: [C][W][LANES n] batch-blocked, [C/LANES, rounded up][W][LANES c]
   channel-blocked. */
typedef struct rows_with_channels {
  int channel_blocked;
  int count; /* of all images, or groups of LANES images */
  int width;
} rows_with_channels;

static inline rows_with_channels rows_with_channels_of(team t, image s, int channel_blocked) {
  return (rows_with_channels){channel_blocked, t.groups * s.height, s.width};
}

/* Vectors that `channels` channels have at each pixel of a row, and their reals in a row. */
static inline int channel_vectors(const rows_with_channels *r, int channels) {
  return r->channel_blocked ? divide_up(channels, LANES) : channels;
}

static inline size_t channel_reals(const rows_with_channels *r, int channels) {
  return (size_t)channel_vectors(r, channels) * r->width * LANES;
}

/* In a row: `count` channels from `from_c` on of `from` become those from `to_c` on of `to`. whole,
   a constant: both begin with a vector, and nothing follows the last vector's channels. Otherwise
   rows are channel-blocked, and single lanes are copied. */
ALWAYS_INLINE void copy_channels(const rows_with_channels *r, int whole, const real *restrict from,
                                 int from_c, real *restrict to, int to_c, int count) {
  if (whole) {
    memcpy(to + channel_reals(r, to_c), from + channel_reals(r, from_c),
           sizeof(real) * channel_reals(r, count));
    return;
  }
  const size_t plane = (size_t)r->width * LANES;
  for (int c = 0; c < count; c++) {
    const real *const x = from + (from_c + c) / LANES * plane + (from_c + c) % LANES;
    real *const y = to + (to_c + c) / LANES * plane + (to_c + c) % LANES;
    for (int w = 0; w < r->width; w++) y[w * LANES] = x[w * LANES];
  }
}

/* y = the channels of `count` inputs, one behind the other. channels: of each input; all: of y. A
   work item: a row. */
ALWAYS_INLINE void concat_channels(team t, rows_with_channels r, int whole, int count,
                                   const int *channels, const real *const *inputs, int all,
                                   real *restrict y) {
  const span rows = work_range(r.count, t);
  for (int h = rows.begin; h < rows.end; h++) {
    for (int k = 0, c = 0; k < count; c += channels[k], k++) {
      const real *const x = inputs[k] + h * channel_reals(&r, channels[k]);
      copy_channels(&r, whole, x, 0, y + h * channel_reals(&r, all), c, channels[k]);
    }
  }
}

/* y = `count` of the `all` channels of x, from `first` on. A work item: a row. */
ALWAYS_INLINE void slice_channels(team t, rows_with_channels r, int whole, int all, int first,
                                  int count, const real *restrict x, real *restrict y) {
  const size_t y_row = channel_reals(&r, count);
  const span rows = work_range(r.count, t);
  for (int h = rows.begin; h < rows.end; h++) {
    real *const to = y + h * y_row;
    if (!whole) memset(to, 0, sizeof(real) * y_row);
    copy_channels(&r, whole, x + h * channel_reals(&r, all), first, to, 0, count);
  }
}

/* y = the `channels` channels of x and zero channels behind them, `all` together. A work item: a
   row. */
ALWAYS_INLINE void append_zero_channels(team t, rows_with_channels r, int channels, int all,
                                        const real *restrict x, real *restrict y) {
  const size_t plane = (size_t)r.width * LANES;
  const int given = channel_vectors(&r, channels);
  const span rows = work_range(r.count, t);
  for (int h = rows.begin; h < rows.end; h++) {
    for (int v = 0; v < channel_vectors(&r, all); v++) {
      const vmask there = vfirst(r.channel_blocked ? channels - v * LANES : (channels - v) * LANES);
      const real *const from = x + h * channel_reals(&r, channels) + v * plane;
      real *const to = y + h * channel_reals(&r, all) + v * plane;
      for (size_t at = 0; at < plane; at += LANES)
        vstore(to + at, v < given ? vkeep(there, vload(from + at)) : vzero());
    }
  }
}

#endif
