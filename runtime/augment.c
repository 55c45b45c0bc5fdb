#include "augment.h"

#include "random.h"

#include <string.h>

cnn_augmentation cnn_augmentation_draw(int crop, int flip, uint64_t seed, uint32_t epoch,
                                       uint32_t image) {
  cnn_random random = cnn_random_stream(seed, "augment", (uint64_t)epoch << 32 | image);
  cnn_augmentation how;
  how.down = (int)cnn_random_below(&random, 2 * (uint32_t)crop + 1) - crop;
  how.right = (int)cnn_random_below(&random, 2 * (uint32_t)crop + 1) - crop;
  how.flip = (int)cnn_random_below(&random, 2) && flip;
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

void cnn_augment(const cnn_augmentation *how, const int shape[3], const uint8_t *from,
                 uint8_t *to) {
  int height = shape[1], width = shape[2];
  for (int c = 0; c < shape[0]; c++) {
    for (int y = 0; y < height; y++) {
      int source = y - how->down;
      uint8_t *row = to + ((size_t)c * (size_t)height + (size_t)y) * (size_t)width;
      if (source < 0 || source >= height) {
        memset(row, 0, (size_t)width);
        continue;
      }
      move_row(from + ((size_t)c * (size_t)height + (size_t)source) * (size_t)width, row, width,
               how->right);
      if (how->flip) mirror_row(row, width);
    }
  }
}
