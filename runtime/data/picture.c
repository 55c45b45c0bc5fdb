#include "data/picture.h"

#include <stdlib.h>
#include <string.h>

bool cnn_picture_shape(cnn_picture *picture, int height, int width, int channels) {
  const size_t bytes = (size_t)height * (size_t)width * (size_t)channels;
  if (bytes > picture->room) {
    free(picture->pixels);
    picture->pixels = malloc(bytes);
    picture->room = picture->pixels ? bytes : 0;
  }
  if (bytes > picture->room) height = width = channels = 0;
  picture->height = height;
  picture->width = width;
  picture->channels = channels;
  return bytes <= picture->room;
}

void cnn_picture_release(cnn_picture *picture) {
  free(picture->pixels);
  *picture = (cnn_picture){0};
}

void cnn_picture_planes(const cnn_picture *picture, uint8_t *to) {
  const size_t area = (size_t)picture->height * (size_t)picture->width;
  const size_t channels = (size_t)picture->channels;
  for (size_t c = 0; c < channels; c++)
    for (size_t i = 0; i < area; i++) to[c * area + i] = picture->pixels[i * channels + c];
}

void cnn_picture_put_row(cnn_picture *picture, int orientation, int y, const uint8_t *row) {
  const bool transposed = cnn_orientation_is_transposed(orientation);
  const bool mirrored_x = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool mirrored_y =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const ptrdiff_t height = transposed ? picture->width : picture->height; /* as stored */
  const ptrdiff_t width = transposed ? picture->height : picture->width;
  const ptrdiff_t channels = picture->channels;
  ptrdiff_t x_step = (transposed ? height : 1) * channels;
  const ptrdiff_t y_step = (transposed ? 1 : width) * channels;
  uint8_t *to = picture->pixels + (mirrored_y ? height - 1 - y : y) * y_step;
  if (orientation == 1) {
    memcpy(to, row, (size_t)(width * channels));
    return;
  }
  if (mirrored_x) {
    to += (width - 1) * x_step;
    x_step = -x_step;
  }
  for (ptrdiff_t x = 0; x < width; x++, to += x_step, row += channels)
    for (ptrdiff_t c = 0; c < channels; c++) to[c] = row[c];
}

/* --- rows ------------------------------------------------------------------------------------- */

/* x / 255, rounded, for x up to 255 * 255. */
static uint8_t divided_by_255(unsigned x) {
  x += 128;
  return (uint8_t)((x + (x >> 8)) >> 8);
}

/* A pixel of `colours` channels and alpha, in front of the background. */
static void drop_alpha(uint8_t *row, size_t width, size_t colours, const uint8_t *background) {
  const uint8_t *from = row;
  for (size_t x = 0; x < width; x++, from += colours + 1, row += colours) {
    const unsigned alpha = from[colours];
    for (size_t c = 0; c < colours; c++)
      row[c] = divided_by_255(from[c] * alpha + background[c] * (255 - alpha));
  }
}

static uint8_t grey_of(const uint8_t *rgb) {
  return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000) >> 16);
}

static void spread_grey(uint8_t *row, size_t width) {
  for (size_t x = width; x-- > 0;) row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = row[x];
}

void cnn_row_convert(uint8_t *row, int width, int from, int to, const uint8_t background[3]) {
  const size_t count = (size_t)width;
  if (from == 2) {
    const uint8_t grey = grey_of(background);
    const bool is_grey = background[0] == background[1] && background[1] == background[2];
    if (is_grey || to == 1) {
      drop_alpha(row, count, 1, &grey);
      from = 1;
    } else {
      for (size_t x = count; x-- > 0;) {
        const uint8_t g = row[2 * x], alpha = row[2 * x + 1];
        memcpy(row + 4 * x, (const uint8_t[]){g, g, g, alpha}, 4);
      }
      from = 4;
    }
  }
  if (from == 4) {
    drop_alpha(row, count, 3, background);
    from = 3;
  }
  if (from == 1 && to == 3) spread_grey(row, count);
  if (from == 3 && to == 1)
    for (size_t x = 0; x < count; x++) row[x] = grey_of(row + 3 * x);
}

void cnn_row_from_cmyk(uint8_t *row, int width) {
  const uint8_t *from = row;
  for (int x = 0; x < width; x++, from += 4, row += 3) {
    const uint8_t black = from[3];
    for (int c = 0; c < 3; c++)
      row[c] = (uint8_t)(black - divided_by_255((255u - from[c]) * black));
  }
}
