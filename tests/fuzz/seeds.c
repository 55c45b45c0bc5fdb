/* seeds FOLDER: writes images of all kinds into FOLDER/jpeg, png and webp, for fuzzers to begin
   with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "encode.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEIGHT = 9, WIDTH = 11 };

static uint8_t pixels[HEIGHT * WIDTH * 8];

static void save(const char *folder, const char *kind, int number, cnn_bytes bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s/seed%d", folder, kind, number);
  scratch_write(path, bytes.at, bytes.size);
  cnn_bytes_release(&bytes);
}

static void write_jpeg(const char *folder) {
  encode_image image = {.height = HEIGHT, .width = WIDTH, .pixels = pixels};
  for (int i = 0; i < 8; i++) {
    image.channels = (const int[]){1, 3, 4, 4}[i % 4];
    image.ycck = i % 4 == 3;
    image.progressive = i / 4;
    image.exif = 8 - i;
    save(folder, "jpeg", i, encode_jpeg(&image));
  }
}

static void write_png(const char *folder) {
  static const int colours[] = {0, 2, 3, 4, 6}, bits[] = {2, 16, 4, 8, 8};
  const uint16_t key[3] = {1, 2, 3};
  for (int i = 0; i < 10; i++) {
    const int k = i / 2;
    save(folder, "png", i,
         encode_png(&(encode_image){.height = HEIGHT,
                                    .width = WIDTH,
                                    .pixels = pixels,
                                    .colour = colours[k],
                                    .bits = bits[k],
                                    .palette = k == 2 ? pixels : NULL,
                                    .alphas = k == 2 ? pixels : NULL,
                                    .key = k < 2 ? key : NULL,
                                    .interlaced = i % 2,
                                    .exif = i % 8 + 1}));
  }
}

static void write_webp(const char *folder) {
  for (int i = 0; i < 4; i++)
    save(folder, "webp", i,
         encode_webp(&(encode_image){.height = HEIGHT,
                                     .width = WIDTH,
                                     .pixels = pixels,
                                     .channels = 3 + i / 2,
                                     .exif = i % 2 * 6}));
}

int main(int count, char **arguments) {
  if (count != 2) return EXIT_FAILURE;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i / 3);
  write_jpeg(arguments[1]);
  write_png(arguments[1]);
  write_webp(arguments[1]);
  return EXIT_SUCCESS;
}
