#include "data/resize.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* One axis of the scaling: a line of `from` pixels becomes one of `whole`, of which `out` are kept,
   from `skipped` on. Output pixel i is a mean over the count[i] input pixels from first[i] on, with
   weights[i * most + k] for the k-th of them. */
typedef struct axis {
  int from, out;
  int64_t whole;
  double skipped;
  int kept;           /* input pixels that contribute, at most */
  int most;           /* of them to one output pixel */
  int *first, *count; /* [out] */
  float *weights;     /* [out][most] */
} axis;

static axis make_axis(int from, int64_t whole, int out) {
  axis a = {.from = from, .whole = whole, .out = out};
  /* Of an odd remainder, the even half is cut off in front, as Python rounds. */
  a.skipped = nearbyint((double)(whole - out) / 2);
  const double scale = (double)from / (double)whole, reach = fmax(scale, 1);
  a.most = (int)(2 * reach) + 2;
  a.kept = (int)fmin(out * scale + 2 * reach + 2, from);
  return a;
}

/* In numbers of four bytes. */
static size_t axis_size(const axis *a) {
  return (size_t)a->out * ((size_t)a->most + 2);
}

static void weigh(axis *a, void *memory) {
  const double scale = (double)a->from / (double)a->whole, reach = fmax(scale, 1);
  a->first = memory;
  a->count = a->first + a->out;
  a->weights = (float *)(a->count + a->out);
  for (int i = 0; i < a->out; i++) {
    const double centre = (a->skipped + i + 0.5) * scale;
    const int begin = (int)fmax(centre - reach + 0.5, 0);
    const int end = (int)fmin(centre + reach + 0.5, a->from);
    float *weights = &a->weights[(size_t)i * (size_t)a->most];
    double sum = 0;
    for (int k = begin; k < end; k++) sum += fmax(1 - fabs((k + 0.5 - centre) / reach), 0);
    for (int k = begin; k < end; k++)
      weights[k - begin] = (float)(fmax(1 - fabs((k + 0.5 - centre) / reach), 0) / sum);
    a->first[i] = begin;
    a->count[i] = end - begin;
  }
}

static uint8_t rounded(float sum) { /* half was added before */
  return (uint8_t)(sum < UINT8_MAX ? sum : UINT8_MAX);
}

/* A row of the picture, from the box's first pixel on, to [out][channels]. */
static void scale_columns(const axis *w, size_t channels, const uint8_t *row, uint8_t *to) {
  for (int x = 0; x < w->out; x++) {
    const float *weights = &w->weights[(size_t)x * (size_t)w->most];
    const uint8_t *at = row + (size_t)w->first[x] * channels;
    for (size_t c = 0; c < channels; c++) {
      float sum = 0.5f;
      for (int k = 0; k < w->count[x]; k++) sum += weights[k] * at[(size_t)k * channels + c];
      *to++ = rounded(sum);
    }
  }
}

/* The sums of output row y over rows of `size` bytes, of which the first is first[0]. */
static void scale_rows(const axis *h, int y, const uint8_t *rows, size_t size, float *sums) {
  const uint8_t *row = rows + (size_t)(h->first[y] - h->first[0]) * size;
  for (size_t i = 0; i < size; i++) sums[i] = 0.5f;
  for (int k = 0; k < h->count[y]; k++, row += size) {
    const float weight = h->weights[(size_t)y * (size_t)h->most + (size_t)k];
    for (size_t i = 0; i < size; i++) sums[i] += weight * row[i];
  }
}

static bool reserve(cnn_resize *resize, size_t bytes) {
  if (bytes <= resize->room) return true;
  cnn_resize_release(resize);
  resize->memory = malloc(bytes);
  if (resize->memory) resize->room = bytes;
  return resize->memory != NULL;
}

/* The picture's pixels from (top, left) on, scaled by the axes. */
static bool scale(cnn_resize *resize, const cnn_picture *picture, int top, int left, axis *h,
                  axis *w, uint8_t *to) {
  const size_t channels = (size_t)picture->channels, width = (size_t)w->out;
  const size_t size = width * channels, stride = (size_t)picture->width * channels;
  const size_t numbers = axis_size(h) + axis_size(w) + size;
  if (!reserve(resize, numbers * 4 + (size_t)h->kept * size)) return false;
  float *sums = resize->memory;
  weigh(h, sums + size);
  weigh(w, sums + size + axis_size(h));
  uint8_t *narrow = (uint8_t *)(sums + numbers); /* the rows that contribute, scaled in w */
  const int begin = h->first[0], end = h->first[h->out - 1] + h->count[h->out - 1];
  const uint8_t *pixels = picture->pixels + (size_t)top * stride + (size_t)left * channels;
  for (int y = begin; y < end; y++)
    scale_columns(w, channels, pixels + (size_t)y * stride, narrow + (size_t)(y - begin) * size);
  for (int y = 0; y < h->out; y++) {
    scale_rows(h, y, narrow, size, sums);
    for (size_t c = 0; c < channels; c++)
      for (size_t x = 0; x < width; x++)
        to[(c * (size_t)h->out + (size_t)y) * width + x] = rounded(sums[x * channels + c]);
  }
  return true;
}

bool cnn_resize_box(cnn_resize *resize, const cnn_picture *picture, cnn_box box, int height,
                    int width, uint8_t *to) {
  assert(box.top >= 0 && box.height > 0 && box.top + box.height <= picture->height);
  assert(box.left >= 0 && box.width > 0 && box.left + box.width <= picture->width);
  axis h = make_axis(box.height, height, height), w = make_axis(box.width, width, width);
  return scale(resize, picture, box.top, box.left, &h, &w, to);
}

bool cnn_resize_centre(cnn_resize *resize, const cnn_picture *picture, int shorter, int height,
                       int width, uint8_t *to) {
  const int64_t least = picture->height < picture->width ? picture->height : picture->width;
  axis h = make_axis(picture->height, shorter * (int64_t)picture->height / least, height);
  axis w = make_axis(picture->width, shorter * (int64_t)picture->width / least, width);
  return scale(resize, picture, 0, 0, &h, &w, to);
}

void cnn_resize_release(cnn_resize *resize) {
  free(resize->memory);
  *resize = (cnn_resize){0};
}
