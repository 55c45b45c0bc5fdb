#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/resize.h"

#include <stdlib.h>
#include <string.h>

static void resize(const uint8_t *pixels, int height, int width, int channels, int shorter,
                   int made_height, int made_width, uint8_t *to) {
  cnn_resize resize = {0};
  const cnn_picture picture = {height, width, channels, (uint8_t *)pixels, 0};
  assert_true(cnn_resize_centre(&resize, &picture, shorter, made_height, made_width, to));
  cnn_resize_release(&resize);
}

static void constants_stay(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {2, 9}, {31, 7}, {64, 65}, {3, 300}};
  static uint8_t pixels[64 * 65 * 3], to[3 * 8 * 8];
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 64 * 65; k++) memcpy(pixels + 3 * k, (const uint8_t[]){0, 100, 255}, 3);
    memset(to, 7, sizeof to);
    resize(pixels, sizes[i][0], sizes[i][1], 3, 9, 8, 8, to);
    for (int k = 0; k < 64; k++) {
      assert_int_equal(to[k], 0);
      assert_int_equal(to[64 + k], 100);
      assert_int_equal(to[128 + k], 255);
    }
  }
}

/* Half the size: a triangle four pixels wide, whose ends are cut off at the edge: 3, 3, 1. */
static void halves_are_means_under_a_triangle(void **state) {
  (void)state;
  static const uint8_t row[4] = {0, 70, 140, 210};
  uint8_t pixels[16], to[4];
  for (int y = 0; y < 4; y++) memcpy(pixels + 4 * y, row, 4);
  resize(pixels, 4, 4, 1, 2, 2, 2, to);
  for (int y = 0; y < 2; y++) {
    assert_int_equal(to[2 * y], (3 * 0 + 3 * 70 + 140) / 7);
    assert_int_equal(to[2 * y + 1], (70 + 3 * 140 + 3 * 210) / 7);
  }
}

static void twice_the_size_is_interpolated(void **state) {
  (void)state;
  static const uint8_t pixels[4] = {0, 100, 0, 100}, wanted[4] = {0, 25, 75, 100};
  uint8_t to[16];
  resize(pixels, 2, 2, 1, 4, 4, 4, to);
  for (int y = 0; y < 4; y++) assert_memory_equal(to + 4 * y, wanted, 4);
}

/* The middle of the longer side; of an odd remainder, the even half is cut off in front. */
static void the_middle_is_cut_out(void **state) {
  (void)state;
  uint8_t pixels[2 * 7], to[4];
  for (int i = 0; i < 7; i++) pixels[2 * i] = pixels[2 * i + 1] = (uint8_t)(10 * i);
  resize(pixels, 7, 2, 1, 2, 2, 2, to);
  assert_memory_equal(to, ((const uint8_t[]){20, 20, 30, 30}), 4);
  for (int i = 0; i < 14; i++) pixels[i] = (uint8_t)(10 * (i % 7));
  resize(pixels, 2, 7, 1, 2, 2, 2, to);
  assert_memory_equal(to, ((const uint8_t[]){20, 30, 20, 30}), 4);
}

/* The longest pictures that a JPEG file can hold, scaled as far as a recipe can specify. */
static void extremes_stay_what_they_are(void **state) {
  (void)state;
  enum { LONGEST = 65500, SIDE = 4 };
  static uint8_t pixels[LONGEST], to[SIDE * SIDE];
  static const int shorter[] = {SIDE, 256, 65535};
  memset(pixels, 77, sizeof pixels);
  for (int i = 0; i < 3; i++)
    for (int tall = 0; tall < 2; tall++) {
      memset(to, 0, sizeof to);
      resize(pixels, tall ? LONGEST : 1, tall ? 1 : LONGEST, 1, shorter[i], SIDE, SIDE, to);
      for (int k = 0; k < SIDE * SIDE; k++) assert_int_equal(to[k], 77);
    }
}

/* Pixel (7 y y + 13 x + 31 c x) mod 256 of a picture of 13x17, by PyTorch's interpolate(mode =
   "bilinear", antialias = True), which does not round between rows and columns. */
static void as_pytorch_has_it(void **state) {
  (void)state;
  static const uint8_t wanted[2][9] = {{152, 168, 149, 118, 126, 123, 99, 124, 144},
                                       {125, 147, 118, 118, 125, 124, 135, 129, 140}};
  uint8_t pixels[13 * 17 * 2], to[2 * 9];
  for (int y = 0; y < 13; y++)
    for (int x = 0; x < 17; x++)
      for (int c = 0; c < 2; c++)
        pixels[(y * 17 + x) * 2 + c] = (uint8_t)(7 * y * y + 13 * x + 31 * c * x);
  resize(pixels, 13, 17, 2, 5, 3, 3, to);
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < 9; i++) assert_in_range(to[9 * c + i] + 1, wanted[c][i], wanted[c][i] + 2);
}

/* Pixel (7 y y + 13 x + 31 c x) mod 256 of a picture of 13x17: its crop((3, 2, 3 + width, 2 +
   height)).resize((out_width, 3), BILINEAR) by Pillow 13.0. */
static void boxes_are_as_pillow_has_them(void **state) {
  (void)state;
  static const uint8_t smaller[] = {135, 149, 169, 160, 135, 118, 127, 125, 153, 97,  121, 144,
                                    147, 122, 150, 105, 119, 122, 125, 128, 126, 135, 130, 145,
                                    128, 113, 118, 136, 133, 110, 136, 139, 136, 134, 135, 127};
  static const uint8_t other[] = {
      77,  87,  98,  108, 119, 129, 127, 137, 148, 158, 169, 179, 195, 205, 216, 226, 193, 68,
      170, 203, 195, 125, 57,  90,  220, 157, 87,  70,  107, 140, 109, 84,  102, 138, 175, 208,
      187, 108, 126, 157, 130, 51,  57,  113, 176, 132, 45,  101, 125, 181, 139, 95,  113, 169};
  uint8_t pixels[13 * 17 * 3], to[54];
  const cnn_picture picture = {13, 17, 3, pixels, 0};
  cnn_resize resize = {0};
  for (int i = 0; i < 13 * 17; i++)
    for (int c = 0; c < 3; c++)
      pixels[i * 3 + c] = (uint8_t)(7 * (i / 17) * (i / 17) + 13 * (i % 17) + 31 * c * (i % 17));
  assert_true(cnn_resize_box(&resize, &picture, (cnn_box){2, 3, 9, 11}, 3, 4, to));
  for (int i = 0; i < 36; i++) assert_in_range(to[i] + 1, smaller[i], smaller[i] + 2);
  assert_true(cnn_resize_box(&resize, &picture, (cnn_box){2, 3, 4, 5}, 3, 6, to));
  for (int i = 0; i < 54; i++) assert_in_range(to[i] + 1, other[i], other[i] + 2);
  cnn_resize_release(&resize);
}

/* A box of the size that is wanted stays as it is; the whole picture is a box, too. */
static void boxes_are_cut_out(void **state) {
  (void)state;
  enum { HEIGHT = 6, WIDTH = 7 };
  uint8_t pixels[HEIGHT * WIDTH], to[9], whole[16], centre[16];
  const cnn_picture picture = {HEIGHT, WIDTH, 1, pixels, 0};
  cnn_resize resize = {0};
  for (int i = 0; i < HEIGHT * WIDTH; i++) pixels[i] = (uint8_t)(i * 89);
  for (int top = 0; top <= HEIGHT - 3; top++)
    for (int left = 0; left <= WIDTH - 3; left++) {
      assert_true(cnn_resize_box(&resize, &picture, (cnn_box){top, left, 3, 3}, 3, 3, to));
      for (int y = 0; y < 3; y++)
        assert_memory_equal(to + 3 * y, pixels + (top + y) * WIDTH + left, 3);
    }
  const cnn_picture square = {HEIGHT, HEIGHT, 1, pixels, 0};
  assert_true(cnn_resize_box(&resize, &square, (cnn_box){0, 0, HEIGHT, HEIGHT}, 4, 4, whole));
  assert_true(cnn_resize_centre(&resize, &square, 4, 4, 4, centre));
  assert_memory_equal(whole, centre, sizeof whole);
  cnn_resize_release(&resize);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constants_stay),
      cmocka_unit_test(halves_are_means_under_a_triangle),
      cmocka_unit_test(twice_the_size_is_interpolated),
      cmocka_unit_test(the_middle_is_cut_out),
      cmocka_unit_test(extremes_stay_what_they_are),
      cmocka_unit_test(as_pytorch_has_it),
      cmocka_unit_test(boxes_are_as_pillow_has_them),
      cmocka_unit_test(boxes_are_cut_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
