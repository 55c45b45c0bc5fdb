/* Values as kernels over channels see them: planes of vectors, in either layout of blocks. */
#ifndef CNN_PLANES_H
#define CNN_PLANES_H

#include "parallel.h"
#include "shape.h"
#include "vec.h"
#include "work_items.h"

/* Row h, counted through all images (or groups of LANES images), has `count` planes of `width`
   vectors behind each other. A plane has LANES channels of an image (channel-blocked) or one
   channel of LANES images (batch-blocked). */
typedef struct planes {
  int channel_blocked;
  int channels;
  int count;
  int images;
  int height;
  int rows;
  int width;
} planes;

/* Of `images` images of shape s. */
static inline planes planes_of(image s, int images, int channel_blocked) {
  const int blocks = channel_blocked ? images : divide_up(images, LANES);
  return (planes){
      .channel_blocked = channel_blocked,
      .channels = s.channels,
      .count = channel_blocked ? divide_up(s.channels, LANES) : s.channels,
      .images = images,
      .height = s.height,
      .rows = blocks * s.height,
      .width = s.width,
  };
}

/* Reals of a plane's row, and of a row of a value with so many channels: of this value, or of the
   one that it is a part of. */
static inline size_t plane_reals(const planes *v) {
  return (size_t)v->width * LANES;
}

static inline size_t row_reals(const planes *v, int channels) {
  const int count = v->channel_blocked ? divide_up(channels, LANES) : channels;
  return (size_t)count * v->width * LANES;
}

/* Pixels of a channel in all images, as a divisor. */
static inline real pixels_of_channel(const planes *v) {
  return (real)v->images * v->height * v->width;
}

/* The lanes of row h that hold an image. */
static inline vmask present_lanes(const planes *v, int h) {
  return vfirst(v->channel_blocked ? LANES : v->images - h / v->height * LANES);
}

/* A parameter of a plane's channels; 0 beyond the last. */
static inline vec load_channel(const planes *v, const real *p, int plane) {
  if (!v->channel_blocked) return vset(p[plane]);
  return vload_part(p + plane * LANES, v->channels - plane * LANES);
}

static inline void store_channel(const planes *v, real *p, int plane, vec a) {
  if (v->channel_blocked) {
    vstore_part(p + plane * LANES, a, v->channels - plane * LANES);
  } else {
    vstore_part(p + plane, a, 1);
  }
}

/* A sum over the pixels of a plane becomes one over its channel's, in all lanes. */
static inline vec reduce_lanes(const planes *v, vec sum) {
  return v->channel_blocked ? sum : vset(vsum(sum));
}

/* --- work items: parts of the rows of planes ------------------------------------------------- */

static inline int parts_of_planes(const planes *v) {
  return reduction_parts(v->count, v->rows, v->width);
}

/* The parts of a plane among the work items: part k of a plane is item plane * parts + k. */
static inline span own_parts(span items, int plane, int parts) {
  const int first = plane * parts;
  return (span){max_int(items.begin - first, 0), min_int(items.end - first, parts)};
}

/* The rows from part `begin` to before part `end`. */
static inline span rows_of_parts(const planes *v, span own, int parts) {
  return (span){(int)((int64_t)v->rows * own.begin / parts),
                (int)((int64_t)v->rows * own.end / parts)};
}

/* The first of these rows that belong to one image, or group of images. */
static inline span rows_of_image(const planes *v, span rows) {
  const int end = (rows.begin / v->height + 1) * v->height;
  return (span){rows.begin, min_int(end, rows.end)};
}

#endif
