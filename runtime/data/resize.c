#include "data/resize.h"

#include <math.h>
#include <stdlib.h>

/* A line of `from` pixels is scaled to `whole`, of which the `out` in the middle are kept; of
   an odd remainder, the even half is cut off in front, as Python rounds. */
static bool open_axis(cnn_resize_axis *w, int from, int64_t whole, int out) {
  const double scale = (double)from / (double)whole, reach = fmax(scale, 1);
  const double skipped = nearbyint((double)(whole - out) / 2);
  w->most = (int)(2 * reach) + 2;
  w->first = malloc(2 * (size_t)out * sizeof *w->first);
  w->weights = malloc((size_t)out * (size_t)w->most * sizeof *w->weights);
  if (!w->first || !w->weights) return false;
  w->count = w->first + out;
  for (int i = 0; i < out; i++) {
    const double centre = (skipped + i + 0.5) * scale;
    const int begin = (int)fmax(centre - reach + 0.5, 0);
    const int end = (int)fmin(centre + reach + 0.5, from);
    float *weights = &w->weights[(size_t)i * (size_t)w->most];
    double sum = 0;
    for (int k = begin; k < end; k++) sum += fmax(1 - fabs((k + 0.5 - centre) / reach), 0);
    for (int k = begin; k < end; k++)
      weights[k - begin] = (float)(fmax(1 - fabs((k + 0.5 - centre) / reach), 0) / sum);
    w->first[i] = begin;
    w->count[i] = end - begin;
  }
  return true;
}

static void close_axis(cnn_resize_axis *w) {
  free(w->first);
  free(w->weights);
}

bool cnn_resize_open(cnn_resize *resize, int picture_height, int picture_width, int channels,
                     int shorter, int height, int width) {
  const int64_t least = picture_height < picture_width ? picture_height : picture_width;
  *resize = (cnn_resize){.channels = channels, .height = height, .width = width};
  cnn_resize_axis *rows = &resize->h;
  if (!open_axis(&resize->w, picture_width, shorter * (int64_t)picture_width / least, width) ||
      !open_axis(rows, picture_height, shorter * (int64_t)picture_height / least, height))
    return false;
  const int kept = rows->first[height - 1] + rows->count[height - 1] - rows->first[0];
  resize->narrow = malloc((size_t)kept * (size_t)width * (size_t)channels);
  return resize->narrow != NULL;
}

/* One channel of output pixel i. `line` points to input pixel `begin`; the next pixel is `apart`
   bytes further. */
static uint8_t weighted_mean(const cnn_resize_axis *w, int i, const uint8_t *line, int begin,
                             size_t apart) {
  const float *weights = &w->weights[(size_t)i * (size_t)w->most];
  const uint8_t *at = line + (size_t)(w->first[i] - begin) * apart;
  float sum = 0.5f;
  for (int k = 0; k < w->count[i]; k++) sum += weights[k] * at[(size_t)k * apart];
  return (uint8_t)fminf(sum, UINT8_MAX);
}

void cnn_resize_row(cnn_resize *resize, const uint8_t *row) {
  const cnn_resize_axis *rows = &resize->h;
  const int last = resize->height - 1, y = resize->read++;
  if (y < rows->first[0] || y >= rows->first[last] + rows->count[last]) return;
  const size_t channels = (size_t)resize->channels, width = (size_t)resize->width;
  uint8_t *to = resize->narrow + (size_t)(y - rows->first[0]) * width * channels;
  for (size_t x = 0; x < width; x++)
    for (size_t c = 0; c < channels; c++)
      *to++ = weighted_mean(&resize->w, (int)x, row + c, 0, channels);
}

void cnn_resize_take(const cnn_resize *resize, uint8_t *to) {
  const size_t channels = (size_t)resize->channels, width = (size_t)resize->width;
  for (size_t c = 0; c < channels; c++)
    for (int y = 0; y < resize->height; y++)
      for (size_t x = 0; x < width; x++)
        *to++ = weighted_mean(&resize->h, y, resize->narrow + x * channels + c, resize->h.first[0],
                              width * channels);
}

void cnn_resize_close(cnn_resize *resize) {
  close_axis(&resize->w);
  close_axis(&resize->h);
  free(resize->narrow);
}
