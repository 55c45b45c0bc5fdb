#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <png.h>

enum { HEIGHT = 11, WIDTH = 13, SAMPLES = WIDTH * 4 };

static const uint8_t GREEN[3] = {10, 200, 30}; /* a background */

/* Sample k of row y, below 2^bits; large and small numbers. */
static unsigned sample(int y, int k, int bits) {
  return ((unsigned)(y * 7919 + k * 4241) * 2654435761u >> 11) & ((1u << bits) - 1);
}

/* Rows as PNG has them: samples of `bits` bits, the first in the upper ones. */
static void pack(uint8_t *rows, int bits, int channels) {
  const int samples = WIDTH * channels, row = (samples * bits + 7) / 8;
  memset(rows, 0, (size_t)row * HEIGHT);
  for (int y = 0; y < HEIGHT; y++)
    for (int k = 0; k < samples; k++)
      for (int bit = 0; bit < bits; bit++) {
        const int at = k * bits + bit;
        if (sample(y, k, bits) >> (bits - 1 - bit) & 1)
          rows[y * row + at / 8] |= (uint8_t)(128 >> at % 8);
      }
}

static int channels_of(int colour) {
  return colour == PNG_COLOR_TYPE_RGB          ? 3
         : colour == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
         : colour == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                               : 1;
}

/* The pixel as red, green, blue and alpha. */
static void pixel_of(const encode_image *image, int y, int x, uint8_t rgba[4]) {
  const int channels = channels_of(image->colour), bits = image->bits;
  unsigned v[4] = {0};
  for (int c = 0; c < channels; c++) v[c] = sample(y, x * channels + c, bits);
  bool is_key = image->key != NULL;
  for (int c = 0; image->key && c < channels; c++) is_key = is_key && v[c] == image->key[c];
  if (image->palette) {
    memcpy(rgba, image->palette + (size_t)3 * v[0], 3);
    rgba[3] = image->alphas ? image->alphas[v[0]] : 255;
    return;
  }
  uint8_t b[4];
  for (int c = 0; c < 4; c++)
    b[c] = (uint8_t)(bits == 16 ? v[c] >> 8 : v[c] * 255 / ((1u << bits) - 1));
  for (int c = 0; c < 3; c++) rgba[c] = channels < 3 ? b[0] : b[c];
  rgba[3] = is_key ? 0 : channels % 2 ? 255 : b[channels - 1];
}

static void expect_pixels(const encode_image *image, int channels) {
  cnn_bytes bytes = encode_png(image);
  cnn_picture picture = {0};
  cnn_image_options options = encode_options(channels);
  memcpy(options.background, GREEN, 3);
  encode_decode(&bytes, &options, &picture);
  assert_int_equal(picture.height, HEIGHT);
  assert_int_equal(picture.width, WIDTH);
  for (int i = 0; i < HEIGHT * WIDTH; i++) {
    uint8_t rgba[4];
    double mixed[3];
    pixel_of(image, i / WIDTH, i % WIDTH, rgba);
    const double alpha = rgba[3] / 255.0;
    for (int c = 0; c < 3; c++) mixed[c] = rgba[c] * alpha + GREEN[c] * (1 - alpha);
    const double grey = 0.299 * mixed[0] + 0.587 * mixed[1] + 0.114 * mixed[2];
    for (int c = 0; c < channels; c++) {
      const double wanted = channels == 1 ? grey : mixed[c], got = picture.pixels[i * channels + c];
      /* A blend is rounded once, or before and after it becomes grey. */
      if (got < wanted - (channels == 1 ? 1.1 : 0.51) ||
          got > wanted + (channels == 1 ? 1.1 : 0.51))
        fail_msg("%d bits, colour type %d: pixel %d is %g, not %g", image->bits, image->colour, i,
                 got, wanted);
    }
  }
  cnn_picture_release(&picture);
  cnn_bytes_release(&bytes);
}

static void expect_kind(const encode_image *image, const char *kind) {
  cnn_bytes bytes = encode_png(image);
  cnn_image_info info;
  cnn_error error = {0};
  assert_true(cnn_image_header(&(cnn_encoded){"a", bytes.at, bytes.size}, &info, &error));
  assert_string_equal(info.kind, kind);
  cnn_bytes_release(&bytes);
}

/* With and without interlacing, in colour and grey. */
static void expect_all(encode_image *image) {
  for (int i = 0; i < 4; i++) {
    image->interlaced = i / 2;
    expect_pixels(image, i % 2 ? 3 : 1);
  }
}

static void all_kinds_are_read(void **state) {
  (void)state;
  static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
  static const char *const kinds[] = {"grey", "grey and alpha", "RGB", "RGBA"};
  uint8_t rows[HEIGHT * SAMPLES * 2];
  char kind[48];
  for (int k = 0; k < 4; k++)
    for (int bits = k ? 8 : 1; bits <= 16; bits *= 2) {
      encode_image image = {
          .height = HEIGHT, .width = WIDTH, .pixels = rows, .colour = colours[k], .bits = bits};
      pack(rows, bits, channels_of(colours[k]));
      expect_all(&image);
      snprintf(kind, sizeof kind, "interlaced %d-bit %s PNG", bits, kinds[k]);
      expect_kind(&image, kind);
      if (k % 2) continue; /* has alpha */
      const int channels = channels_of(colours[k]);
      const uint16_t key[] = {(uint16_t)sample(5, 3 * channels, bits),
                              (uint16_t)sample(5, 3 * channels + 1, bits),
                              (uint16_t)sample(5, 3 * channels + 2, bits)};
      image.key = key;
      expect_all(&image);
    }
}

static void palettes_are_read(void **state) {
  (void)state;
  uint8_t rows[HEIGHT * SAMPLES], palette[3 * 256], alphas[256];
  for (int i = 0; i < 3 * 256; i++) palette[i] = (uint8_t)(i * 37);
  for (int i = 0; i < 256; i++) alphas[i] = (uint8_t)(255 - i * 91);
  for (int bits = 1; bits <= 8; bits *= 2) {
    encode_image image = {.height = HEIGHT,
                          .width = WIDTH,
                          .pixels = rows,
                          .colour = PNG_COLOR_TYPE_PALETTE,
                          .bits = bits,
                          .palette = palette};
    pack(rows, bits, 1);
    expect_all(&image);
    image.alphas = alphas;
    expect_all(&image);
  }
}

static void truncated_images_are_errors(void **state) {
  (void)state;
  uint8_t rows[HEIGHT * SAMPLES];
  pack(rows, 8, 3);
  for (int interlaced = 0; interlaced < 2; interlaced++) {
    cnn_bytes bytes = encode_png(&(encode_image){.height = HEIGHT,
                                                 .width = WIDTH,
                                                 .pixels = rows,
                                                 .colour = PNG_COLOR_TYPE_RGB,
                                                 .bits = 8,
                                                 .interlaced = interlaced,
                                                 .exif = 1});
    const cnn_image_options options = encode_options(3);
    encode_expect_truncated_errors(&bytes);
    bytes.at[bytes.size - 14] ^= 1; /* the sum over the pixels */
    encode_expect_error(&bytes, &options,
                        "a: not a good PNG image: IDAT: CRC error; fetch it again, or convert it");
    bytes.size -= 14;
    encode_expect_error(&bytes, &options,
                        "a: not a good PNG image: the file ends within the image; fetch it again, "
                        "or convert it");
    cnn_bytes_release(&bytes);
  }
}

/* Width and height in a header, and its sum. */
static void state_size(uint8_t *header, const char size[8]) {
  memcpy(header + 4, size, 8);
  const uint32_t sum = (uint32_t)crc32(0, header, 17);
  for (int i = 0; i < 4; i++) header[17 + i] = (uint8_t)(sum >> (24 - 8 * i));
}

/* A small file that states 50,000 x 70,000 pixels. */
static void huge_images_are_rejected(void **state) {
  (void)state;
  uint8_t rows[HEIGHT * SAMPLES] = {0}, *header;
  cnn_bytes bytes =
      encode_png(&(encode_image){.height = HEIGHT, .width = WIDTH, .pixels = rows, .bits = 8});
  const cnn_image_options options = encode_options(3);
  header = bytes.at + 12;
  state_size(header, "\0\1\x11\x70\0\0\xc3\x50");
  encode_expect_error(&bytes, &options,
                      "a: an image of 50000x70000 (height, width), more than the 100000000 pixels "
                      "that are read; make it smaller or remove it");
  state_size(header, "\0\x10\0\0\0\0\0\1"); /* a million is libpng's own limit */
  encode_expect_error(&bytes, &options,
                      "a: not a good PNG image: Invalid IHDR data (Image width exceeds user limit "
                      "in IHDR); fetch it again, or convert it");
  cnn_bytes_release(&bytes);
}

/* "ab" over "cd" over "ef", as each orientation shows it, in rows. */
static void orientation_is_obeyed(void **state) {
  (void)state;
  static const char *const shown[] = {"abcdef", "badcfe", "fedcba", "efcdab",
                                      "acebdf", "ecafdb", "fdbeca", "bdface"};
  const cnn_image_options options = encode_options(1);
  cnn_picture picture = {0};
  for (int i = 0; i < 8 * 4; i++) {
    const int orientation = i / 4 + 1;
    cnn_bytes bytes = encode_png(&(encode_image){.height = 3,
                                                 .width = 2,
                                                 .pixels = (const uint8_t *)"abcdef",
                                                 .bits = 8,
                                                 .interlaced = i & 1,
                                                 .exif = orientation,
                                                 .exif_behind = i & 2});
    encode_decode(&bytes, &options, &picture);
    assert_int_equal(picture.height, orientation > 4 ? 2 : 3);
    assert_int_equal(picture.width, orientation > 4 ? 3 : 2);
    assert_memory_equal(picture.pixels, shown[orientation - 1], 6);
    cnn_bytes_release(&bytes);
  }
  cnn_picture_release(&picture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_kinds_are_read),          cmocka_unit_test(palettes_are_read),
      cmocka_unit_test(truncated_images_are_errors), cmocka_unit_test(huge_images_are_rejected),
      cmocka_unit_test(orientation_is_obeyed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
