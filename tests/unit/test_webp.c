#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "encode.h"

#include <stdlib.h>
#include <string.h>

#include <webp/encode.h>

enum { HEIGHT = 12, WIDTH = 10 };

static uint8_t pixels[HEIGHT * WIDTH * 4];

static int fill(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 2654435761u >> 13);
  return 0;
}

static encode_image image_of(int channels, int exif) {
  return (encode_image){
      .height = HEIGHT, .width = WIDTH, .pixels = pixels, .channels = channels, .exif = exif};
}

static void expect_kind(const cnn_bytes *bytes, const char *kind) {
  cnn_image_info info;
  cnn_error error = {0};
  assert_true(cnn_image_header(&(cnn_encoded){"a", bytes->at, bytes->size}, &info, &error));
  assert_string_equal(info.kind, kind);
  assert_int_equal(info.height, HEIGHT);
  assert_int_equal(info.width, WIDTH);
}

static void images_without_loss_are_exact(void **state) {
  (void)state;
  cnn_picture picture = {0};
  cnn_image_options options = encode_options(3);
  encode_image image = image_of(3, 0);
  cnn_bytes bytes = encode_webp(&image);
  expect_kind(&bytes, "lossless WebP");
  encode_decode(&bytes, &options, &picture);
  assert_memory_equal(picture.pixels, pixels, HEIGHT * WIDTH * 3);
  options.channels = 1;
  encode_decode(&bytes, &options, &picture);
  for (int i = 0; i < HEIGHT * WIDTH; i++) {
    const uint8_t *p = pixels + 3 * i;
    assert_int_equal(picture.pixels[i], (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16);
  }
  cnn_picture_release(&picture);
  cnn_bytes_release(&bytes);
}

static void alpha_is_over_the_background(void **state) {
  (void)state;
  cnn_picture picture = {0};
  cnn_image_options options = encode_options(3);
  encode_image image = image_of(4, 0);
  cnn_bytes bytes = encode_webp(&image);
  expect_kind(&bytes, "lossless WebP with alpha");
  options.background[1] = 40;
  encode_decode(&bytes, &options, &picture);
  for (int i = 0; i < HEIGHT * WIDTH * 3; i++) {
    const uint8_t *p = pixels + i / 3 * 4;
    const int blend = p[i % 3] * p[3] + (255 - p[3]) * options.background[i % 3];
    assert_int_equal(picture.pixels[i], (blend * 2 + 255) / 510);
  }
  cnn_picture_release(&picture);
  cnn_bytes_release(&bytes);
}

static void lossy_images_are_close(void **state) {
  (void)state;
  uint8_t grey[HEIGHT * WIDTH * 3], *file = NULL;
  cnn_picture picture = {0};
  const cnn_image_options options = encode_options(3);
  cnn_bytes bytes = {0};
  memset(grey, 130, sizeof grey);
  const size_t size = WebPEncodeRGB(grey, WIDTH, HEIGHT, WIDTH * 3, 90, &file);
  encode_append(&bytes, file, size);
  WebPFree(file);
  expect_kind(&bytes, "lossy WebP");
  encode_decode(&bytes, &options, &picture);
  for (size_t i = 0; i < sizeof grey; i++) assert_in_range(picture.pixels[i], 128, 132);
  encode_expect_truncated_errors(&bytes);
  cnn_picture_release(&picture);
  cnn_bytes_release(&bytes);
}

static void orientation_is_obeyed(void **state) {
  (void)state;
  cnn_picture picture = {0}, turned = {0};
  const cnn_image_options options = encode_options(3);
  for (int orientation = 1; orientation <= 8; orientation++) {
    encode_image image = image_of(3, orientation);
    cnn_bytes bytes = encode_webp(&image);
    encode_decode(&bytes, &options, &picture);
    const bool transposed = orientation > 4;
    assert_true(
        cnn_picture_shape(&turned, transposed ? WIDTH : HEIGHT, transposed ? HEIGHT : WIDTH, 3));
    for (int y = 0; y < HEIGHT; y++)
      cnn_picture_put_row(&turned, orientation, y, pixels + y * WIDTH * 3);
    assert_int_equal(picture.height, turned.height);
    assert_memory_equal(picture.pixels, turned.pixels, HEIGHT * WIDTH * 3);
    cnn_bytes_release(&bytes);
  }
  cnn_picture_release(&picture);
  cnn_picture_release(&turned);
}

static void truncated_images_are_errors(void **state) {
  (void)state;
  for (int channels = 3; channels <= 4; channels++)
    for (int exif = 0; exif < 2; exif++) {
      encode_image image = image_of(channels, exif);
      cnn_bytes bytes = encode_webp(&image);
      encode_expect_truncated_errors(&bytes);
      cnn_bytes_release(&bytes);
    }
}

static void some_images_are_rejected(void **state) {
  (void)state;
  const cnn_image_options options = encode_options(3);
  /* Of 16,384 x 16,384 pixels. */
  cnn_bytes bytes = {0};
  encode_append(&bytes, "RIFF\x14\0\0\0WEBPVP8L\x06\0\0\0\x2f\xff\xff\xff\x0f", 26);
  encode_append(&bytes, "\0\0", 2);
  encode_expect_error(&bytes, &options,
                      "a: an image of 16384x16384 (height, width), more than the 100000000 pixels "
                      "that are read; make it smaller or remove it");
  bytes.size = 0;
  encode_append(&bytes, "RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x07\0\0\x07\0\0", 30);
  encode_expect_error(&bytes, &options,
                      "a: not a good WebP image: it is animated; fetch it again, or convert it");
  cnn_bytes_release(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(images_without_loss_are_exact),
      cmocka_unit_test(alpha_is_over_the_background),
      cmocka_unit_test(lossy_images_are_close),
      cmocka_unit_test(orientation_is_obeyed),
      cmocka_unit_test(truncated_images_are_errors),
      cmocka_unit_test(some_images_are_rejected),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
