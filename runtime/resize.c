#include "resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What pixels of a scaled line are made of: pixel i of `first[i]` and the count[i] - 1 behind it,
   with the weights from weights[i * most] on. */
typedef struct windows {
  int most;
  int *first, *count; /* [made] */
  float *weights;     /* [made][most] */
} windows;

static void release(windows *w) {
  free(w->first);
  free(w->weights);
}

/* A line of `from` pixels becomes one of `whole`, of which `made` are wanted, from `skipped` on. */
static bool make_windows(windows *w, int from, int whole, int skipped, int made) {
  const double scale = (double)from / whole, reach = fmax(scale, 1);
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

/* One channel of a pixel: those that its window i sees stand `apart` bytes from each other. */
static uint8_t look_through(const windows *w, int i, const uint8_t *line, size_t apart) {
  const float *weights = &w->weights[(size_t)i * (size_t)w->most];
  const uint8_t *at = line + (size_t)w->first[i] * apart;
  float sum = 0.5f;
  for (int k = 0; k < w->count[i]; k++) sum += weights[k] * at[(size_t)k * apart];
  return (uint8_t)fminf(sum, UINT8_MAX);
}

/* Along the rows first, into `narrow` [picture's height][width][channels], then down the columns.
 */
static void scale(const cnn_picture *picture, const windows *along, const windows *down, int height,
                  int width, uint8_t *narrow, uint8_t *to) {
  const size_t channels = (size_t)picture->channels, row = (size_t)width * channels;
  const int begin = down->first[0], end = down->first[height - 1] + down->count[height - 1];
  for (int y = begin; y < end; y++) {
    const uint8_t *line = picture->pixels + (size_t)y * (size_t)picture->width * channels;
    for (size_t x = 0; x < (size_t)width; x++)
      for (size_t c = 0; c < channels; c++)
        narrow[(size_t)y * row + x * channels + c] =
            look_through(along, (int)x, line + c, channels);
  }
  for (size_t c = 0; c < channels; c++)
    for (int y = 0; y < height; y++)
      for (size_t x = 0; x < (size_t)width; x++)
        *to++ = look_through(down, y, narrow + x * channels + c, row);
}

/* How many pixels are cut off in front of the middle. */
static int cut_off(int whole, int kept) {
  return (int)nearbyint((whole - kept) / 2.0); /* a half goes to the even one, as in Python */
}

bool cnn_resize(const cnn_picture *picture, int shorter, int height, int width, uint8_t *to,
                cnn_error *error) {
  const bool is_tall = picture->height > picture->width;
  const int64_t least = is_tall ? picture->width : picture->height;
  const int64_t longer = shorter * (int64_t)(is_tall ? picture->height : picture->width) / least;
  const int whole_height = is_tall ? (int)longer : shorter;
  const int whole_width = is_tall ? shorter : (int)longer;
  windows along = {0}, down = {0};
  uint8_t *narrow = malloc((size_t)picture->height * (size_t)width * (size_t)picture->channels);
  bool good =
      narrow &&
      make_windows(&along, picture->width, whole_width, cut_off(whole_width, width), width) &&
      make_windows(&down, picture->height, whole_height, cut_off(whole_height, height), height);
  if (good)
    scale(picture, &along, &down, height, width, narrow, to);
  else
    cnn_fail(error, CNN_EXIT_FAILED, "no memory for an image of %dx%d pixels", picture->height,
             picture->width);
  free(narrow);
  release(&along);
  release(&down);
  return good;
}
