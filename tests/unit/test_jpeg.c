#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 16, WIDTH = 24 };

/* Pixels of one colour. */
static cnn_bytes one_colour(const uint8_t *colour, int channels, bool progressive, bool ycck) {
  static uint8_t pixels[HEIGHT * WIDTH * 4];
  for (int i = 0; i < HEIGHT * WIDTH; i++) memcpy(pixels + i * channels, colour, (size_t)channels);
  return encode_jpeg(&(encode_image){.height = HEIGHT,
                                     .width = WIDTH,
                                     .pixels = pixels,
                                     .channels = channels,
                                     .progressive = progressive,
                                     .ycck = ycck});
}

/* All pixels of the image are this colour, but for the rounding of JPEG. */
static void expect_colour(const cnn_bytes *bytes, int channels, const uint8_t *colour) {
  cnn_picture picture = {0};
  const cnn_image_options options = encode_options(channels);
  encode_decode(bytes, &options, &picture);
  assert_int_equal(picture.height, HEIGHT);
  assert_int_equal(picture.width, WIDTH);
  assert_int_equal(picture.channels, channels);
  for (int i = 0; i < HEIGHT * WIDTH * channels; i++)
    if (abs(picture.pixels[i] - colour[i % channels]) > 2)
      fail_msg("byte %d is %d", i, picture.pixels[i]);
  cnn_picture_release(&picture);
}

static void expect_header(const cnn_bytes *bytes, const char *kind, int scans) {
  cnn_image_info info;
  cnn_error error = {0};
  const cnn_encoded image = {"a", bytes->at, bytes->size};
  assert_true(cnn_image_header(&image, &info, &error));
  assert_int_equal(info.height, HEIGHT);
  assert_int_equal(info.width, WIDTH);
  assert_int_equal(info.orientation, 1);
  assert_int_equal(info.scans, scans);
  assert_int_equal(info.workspace > 0, scans > 1);
  assert_true(info.complete);
  assert_string_equal(info.kind, kind);
}

/* Inks are stored inverted: red is K - (255 - C) K / 255. */
static void all_colour_spaces_are_read(void **state) {
  (void)state;
  static const uint8_t colours[][4] = {{90}, {200, 30, 90}, {200, 100, 50, 220}};
  static const uint8_t rgb[][3] = {{90, 90, 90}, {200, 30, 90}, {173, 86, 43}};
  static const uint8_t grey[] = {90, 88, 107};
  static const char *const kinds[] = {"grey JPEG", "JPEG", "CMYK JPEG", "CMYK JPEG"};
  static const int scans[] = {6, 10, 18, 18}; /* of libjpeg's simple progression */
  for (int k = 0; k < 4; k++)
    for (int progressive = 0; progressive < 2; progressive++) {
      const int i = k < 3 ? k : 2, channels = i == 0 ? 1 : i + 2;
      char kind[48];
      cnn_bytes bytes = one_colour(colours[i], channels, progressive, k == 3);
      snprintf(kind, sizeof kind, "%s%s", progressive ? "progressive " : "", kinds[k]);
      expect_header(&bytes, kind, progressive ? scans[k] : 1);
      expect_colour(&bytes, 3, rgb[i]);
      expect_colour(&bytes, 1, &grey[i]);
      cnn_bytes_release(&bytes);
    }
}

static void truncated_images_are_errors(void **state) {
  (void)state;
  for (int progressive = 0; progressive < 2; progressive++) {
    cnn_bytes bytes = one_colour((const uint8_t[]){200, 30, 90}, 3, progressive, false);
    encode_expect_truncated_errors(&bytes);
    encode_append(&bytes, "more", 4);
    expect_colour(&bytes, 3, (const uint8_t[]){200, 30, 90});
    cnn_bytes_release(&bytes);
  }
}

/* Bytes without a meaning in front of the end marker. */
static void warnings_are_counted(void **state) {
  (void)state;
  cnn_bytes bytes = one_colour((const uint8_t[]){200, 30, 90}, 3, false, false);
  const cnn_image_options options = encode_options(3);
  cnn_picture picture = {0}, plain = {0};
  cnn_image_note note = {0};
  cnn_error error = {0};
  encode_decode(&bytes, &options, &plain);
  bytes.size -= 2;
  encode_append(&bytes, "no pixels are here, nor a marker\xff\xd9", 34);
  const cnn_encoded image = {"b", bytes.at, bytes.size};
  for (int i = 1; i <= 2; i++) {
    assert_true(cnn_image_decode(&image, &options, &picture, &note, &error));
    assert_int_equal(note.warnings, i);
    assert_memory_equal(note.first, "b: Corrupt JPEG data: ", 22);
    assert_non_null(strstr(note.first, " extraneous bytes before marker 0xd9"));
    assert_memory_equal(picture.pixels, plain.pixels, HEIGHT * WIDTH * 3);
  }
  cnn_picture_release(&picture);
  cnn_picture_release(&plain);
  cnn_bytes_release(&bytes);
}

/* The last scan, again and again. */
static void endless_scans_are_rejected(void **state) {
  (void)state;
  cnn_bytes bytes = one_colour((const uint8_t[]){200, 30, 90}, 3, true, false), last = {0};
  size_t scan = bytes.size - 2;
  while (bytes.at[scan] != 0xff || bytes.at[scan + 1] != 0xda) scan--;
  encode_append(&last, bytes.at + scan, bytes.size - 2 - scan);
  bytes.size -= 2;
  for (int i = 0; i < 2990; i++) encode_append(&bytes, last.at, last.size);
  encode_append(&bytes, "\xff\xd9", 2);
  expect_header(&bytes, "progressive JPEG", 3000);
  const cnn_image_options options = encode_options(3);
  encode_expect_error(&bytes, &options,
                      "a: a JPEG image in 3000 scans, more than the 100 that are read; write it "
                      "again with a usual program or remove it");
  cnn_bytes_release(&last);
  cnn_bytes_release(&bytes);
}

static void limits_hold(void **state) {
  (void)state;
  cnn_bytes bytes = one_colour((const uint8_t[]){200, 30, 90}, 3, true, false);
  cnn_image_options options = encode_options(3);
  options.limits.memory = HEIGHT * WIDTH * 9 - 1; /* the picture, and two bytes a coefficient */
  encode_expect_error(&bytes, &options,
                      "a: decoding needs 3456 bytes of memory, more than the 3455 that it may; "
                      "make it smaller or remove it");
  options.limits.memory++;
  options.limits.pixels = HEIGHT * WIDTH - 1;
  encode_expect_error(&bytes, &options,
                      "a: an image of 16x24 (height, width), more than the 383 pixels that are "
                      "read; make it smaller or remove it");
  options.limits.pixels++;
  options.limits.bytes = 100;
  assert_in_range(bytes.size, 101, 999);
  char message[160];
  snprintf(
      message, sizeof message,
      "a: an image of %zu bytes, more than the 100 that are read; make it smaller or remove it",
      bytes.size);
  encode_expect_error(&bytes, &options, message);
  options.limits.bytes = (int64_t)bytes.size;
  cnn_picture picture = {0};
  encode_decode(&bytes, &options, &picture);
  cnn_picture_release(&picture);
  cnn_bytes_release(&bytes);
}

/* A small file that states 65,000 x 65,000 pixels. */
static void huge_images_are_rejected(void **state) {
  (void)state;
  cnn_bytes bytes = one_colour((const uint8_t[]){200, 30, 90}, 3, false, false);
  size_t frame = 0;
  while (bytes.at[frame] != 0xff || bytes.at[frame + 1] != 0xc0) frame++;
  memcpy(bytes.at + frame + 5, "\xfd\xe8\xfd\xe8", 4);
  const cnn_image_options options = encode_options(3);
  encode_expect_error(&bytes, &options,
                      "a: an image of 65000x65000 (height, width), more than the 100000000 pixels "
                      "that are read; make it smaller or remove it");
  cnn_bytes_release(&bytes);
}

static void damaged_images_are_errors(void **state) {
  (void)state;
  const cnn_image_options options = encode_options(3);
  cnn_bytes bytes = {0};
  encode_append(&bytes, "\xff\xd8\xff\xd9", 4);
  encode_expect_error(&bytes, &options,
                      "a: not a good JPEG image: JPEG datastream contains no image; fetch it "
                      "again, or convert it");
  bytes.size = 0;
  encode_expect_error(&bytes, &options, "a: empty; fetch it again or remove it");
  encode_append(&bytes, "GIF89a", 6);
  encode_expect_error(&bytes, &options,
                      "a: not a JPEG, PNG or WebP image; convert it or remove it");
  cnn_bytes_release(&bytes);
}

/* The corner that is stored first is dark. 1: top left, 2: top right, 3: bottom right, 4: bottom
   left, and the same transposed: 5: top left, 6: top right, 7: bottom right, 8: bottom left. */
static void orientation_is_obeyed(void **state) {
  (void)state;
  uint8_t pixels[HEIGHT * WIDTH];
  cnn_image_options options = encode_options(1);
  cnn_picture picture = {0};
  memset(pixels, 255, sizeof pixels);
  for (int y = 0; y < 8; y++) memset(pixels + y * WIDTH, 0, 8);
  for (int orientation = 1; orientation <= 8; orientation++)
    for (int obeyed = 0; obeyed < 2; obeyed++) {
      cnn_bytes bytes = encode_jpeg(&(encode_image){
          .height = HEIGHT, .width = WIDTH, .pixels = pixels, .channels = 1, .exif = orientation});
      const int shown = obeyed ? orientation : 1, corner = shown > 4 ? shown - 5 : shown - 1;
      options.exif_orientation = obeyed;
      encode_decode(&bytes, &options, &picture);
      assert_int_equal(picture.height, shown > 4 ? WIDTH : HEIGHT);
      assert_int_equal(picture.width, shown > 4 ? HEIGHT : WIDTH);
      for (int k = 0; k < 4; k++) {
        const int y = k >= 2 ? picture.height - 1 : 0;
        const int x = k == 1 || k == 2 ? picture.width - 1 : 0;
        assert_int_equal(picture.pixels[y * picture.width + x], k == corner ? 0 : 255);
      }
      cnn_bytes_release(&bytes);
    }
  cnn_picture_release(&picture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_colour_spaces_are_read),
      cmocka_unit_test(truncated_images_are_errors),
      cmocka_unit_test(warnings_are_counted),
      cmocka_unit_test(endless_scans_are_rejected),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(huge_images_are_rejected),
      cmocka_unit_test(damaged_images_are_errors),
      cmocka_unit_test(orientation_is_obeyed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
