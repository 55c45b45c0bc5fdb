#include "data/augment.h"

#include "core/random.h"

#include <string.h>

cnn_augmentation cnn_augmentation_draw(const cnn_recipe *recipe, const int shape[3], uint64_t seed,
                                       uint32_t epoch, uint32_t image) {
  cnn_random random = cnn_random_stream(seed, "augment", (uint64_t)epoch << 32 | image);
  uint32_t shifts = 2 * (uint32_t)recipe->crop + 1;
  cnn_augmentation how = {.side = recipe->cutout};
  how.dy = (int)cnn_random_below(&random, shifts) - recipe->crop;
  how.dx = (int)cnn_random_below(&random, shifts) - recipe->crop;
  how.flip = (int)cnn_random_below(&random, 2) && recipe->flip;
  how.top = (int)cnn_random_below(&random, (uint32_t)shape[1]) - how.side / 2;
  how.left = (int)cnn_random_below(&random, (uint32_t)shape[2]) - how.side / 2;
  return how;
}

static void move_row(const uint8_t *from, uint8_t *to, int width, int right) {
  int kept = width - (right < 0 ? -right : right);
  memset(to, 0, (size_t)width);
  if (kept > 0) memcpy(to + (right > 0 ? right : 0), from - (right < 0 ? right : 0), (size_t)kept);
}

static void mirror_row(uint8_t *row, int width) {
  for (int i = 0; i < width / 2; i++) {
    uint8_t held = row[i];
    row[i] = row[width - 1 - i];
    row[width - 1 - i] = held;
  }
}

/* Blanks the part of the square inside of an image of [C,H,W]. */
static void cut_out(const cnn_augmentation *how, const int shape[3], const uint8_t *blank,
                    uint8_t *image) {
  int height = shape[1], width = shape[2];
  int top = how->top < 0 ? 0 : how->top, left = how->left < 0 ? 0 : how->left;
  int bottom = how->top + how->side < height ? how->top + how->side : height;
  int right = how->left + how->side < width ? how->left + how->side : width;
  if (left >= right) return;
  for (int c = 0; c < shape[0]; c++)
    for (int y = top; y < bottom; y++)
      memset(image + ((size_t)c * (size_t)height + (size_t)y) * (size_t)width + left, blank[c],
             (size_t)(right - left));
}

void cnn_augment(const cnn_augmentation *how, const int shape[3], const uint8_t *blank,
                 const uint8_t *from, uint8_t *to) {
  int height = shape[1], width = shape[2];
  for (int c = 0; c < shape[0]; c++) {
    for (int y = 0; y < height; y++) {
      int source = y - how->dy;
      uint8_t *row = to + ((size_t)c * (size_t)height + (size_t)y) * (size_t)width;
      if (source < 0 || source >= height) {
        memset(row, 0, (size_t)width);
        continue;
      }
      move_row(from + ((size_t)c * (size_t)height + (size_t)source) * (size_t)width, row, width,
               how->dx);
      if (how->flip) mirror_row(row, width);
    }
  }
  if (how->side > 0) cut_out(how, shape, blank, to);
}
