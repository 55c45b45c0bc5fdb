#include "data/resize.h"

#include <math.h>
#include <stdlib.h>

/* A line of `from` pixels becomes one of `whole`, of which the `made` in the middle are wanted; of
   an odd remainder, the even half is cut off in front, as Python rounds. */
static bool open_windows(cnn_resize_windows *w, int from, int64_t whole, int made) {
  const double scale = (double)from / (double)whole, reach = fmax(scale, 1);
  const double skipped = nearbyint((double)(whole - made) / 2);
  w->most = (int)(2 * reach) + 2;
  w->first = malloc(2 * (size_t)made * sizeof *w->first);
  w->weights = malloc((size_t)made * (size_t)w->most * sizeof *w->weights);
  if (!w->first || !w->weights) return false;
  w->count = w->first + made;
  for (int i = 0; i < made; i++) {
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

static void close_windows(cnn_resize_windows *w) {
  free(w->first);
  free(w->weights);
}

bool cnn_resize_open(cnn_resize *resize, int picture_height, int picture_width, int channels,
                     int shorter, int height, int width) {
  const int64_t least = picture_height < picture_width ? picture_height : picture_width;
  *resize = (cnn_resize){.channels = channels, .height = height, .width = width};
  cnn_resize_windows *down = &resize->down;
  if (!open_windows(&resize->along, picture_width, shorter * (int64_t)picture_width / least,
                    width) ||
      !open_windows(down, picture_height, shorter * (int64_t)picture_height / least, height))
    return false;
  const int rows = down->first[height - 1] + down->count[height - 1] - down->first[0];
  resize->narrow = malloc((size_t)rows * (size_t)width * (size_t)channels);
  return resize->narrow != NULL;
}

/* One channel of a pixel, through window i: pixels of the line stand `apart` bytes from each other,
   the first of them is pixel `begin`. */
static uint8_t look_through(const cnn_resize_windows *w, int i, const uint8_t *line, int begin,
                            size_t apart) {
  const float *weights = &w->weights[(size_t)i * (size_t)w->most];
  const uint8_t *at = line + (size_t)(w->first[i] - begin) * apart;
  float sum = 0.5f;
  for (int k = 0; k < w->count[i]; k++) sum += weights[k] * at[(size_t)k * apart];
  return (uint8_t)fminf(sum, UINT8_MAX);
}

void cnn_resize_row(cnn_resize *resize, const uint8_t *row) {
  const cnn_resize_windows *down = &resize->down;
  const int last = resize->height - 1, y = resize->read++;
  if (y < down->first[0] || y >= down->first[last] + down->count[last]) return;
  const size_t channels = (size_t)resize->channels, width = (size_t)resize->width;
  uint8_t *to = resize->narrow + (size_t)(y - down->first[0]) * width * channels;
  for (size_t x = 0; x < width; x++)
    for (size_t c = 0; c < channels; c++)
      *to++ = look_through(&resize->along, (int)x, row + c, 0, channels);
}

void cnn_resize_take(const cnn_resize *resize, uint8_t *to) {
  const size_t channels = (size_t)resize->channels, width = (size_t)resize->width;
  for (size_t c = 0; c < channels; c++)
    for (int y = 0; y < resize->height; y++)
      for (size_t x = 0; x < width; x++)
        *to++ = look_through(&resize->down, y, resize->narrow + x * channels + c,
                             resize->down.first[0], width * channels);
}

void cnn_resize_close(cnn_resize *resize) {
  close_windows(&resize->along);
  close_windows(&resize->down);
  free(resize->narrow);
}
