#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/augment.h"

#include <string.h>

static const int SHAPE[3] = {2, 2, 3};
static const uint8_t IMAGE[] = {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};

static const uint8_t BLANK[] = {77, 88};

static void expect(cnn_augmentation how, const uint8_t wanted[12]) {
  uint8_t got[12];
  memset(got, 99, sizeof got);
  cnn_augment(&how, SHAPE, BLANK, IMAGE, got);
  assert_memory_equal(got, wanted, sizeof got);
}

static void images_move_and_turn(void **state) {
  (void)state;
  expect((cnn_augmentation){0, 0, 0, 0, 0, 0}, IMAGE);
  expect((cnn_augmentation){1, 1, 0, 0, 0, 0},
         (const uint8_t[]){0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 11, 12});
  expect((cnn_augmentation){-1, -2, 0, 0, 0, 0},
         (const uint8_t[]){6, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0});
  expect((cnn_augmentation){0, 0, 1, 0, 0, 0},
         (const uint8_t[]){3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14});
  expect((cnn_augmentation){0, 1, 1, 0, 0, 0},
         (const uint8_t[]){2, 1, 0, 5, 4, 0, 12, 11, 0, 15, 14, 0});
}

static void squares_are_blanked(void **state) {
  (void)state;
  expect((cnn_augmentation){0, 0, 0, 0, 1, 1},
         (const uint8_t[]){1, 77, 3, 4, 5, 6, 11, 88, 13, 14, 15, 16});
  expect((cnn_augmentation){0, 0, 0, -1, 1, 2},
         (const uint8_t[]){1, 77, 77, 4, 5, 6, 11, 88, 88, 14, 15, 16});
  expect((cnn_augmentation){0, 0, 1, 1, -1, 2},
         (const uint8_t[]){3, 2, 1, 77, 5, 4, 13, 12, 11, 88, 15, 14});
  expect((cnn_augmentation){0, 0, 0, 1, 2, 2},
         (const uint8_t[]){1, 2, 3, 4, 5, 77, 11, 12, 13, 14, 15, 88});
  expect((cnn_augmentation){0, 0, 0, -1, -1, 1}, IMAGE);
}

static const int IMAGE_SHAPE[3] = {3, 5, 4};

/* All shifts and all positions of the square are equally likely, and half of the images turn. */
static void draws_are_fair(void **state) {
  (void)state;
  enum { CROP = 2, SIDE = 2 * CROP + 1, IMAGES = 25000 };
  const cnn_recipe recipe = {.crop = CROP, .flip = 1, .cutout = 3};
  int seen[SIDE * SIDE] = {0}, squares[5 * 4] = {0}, turned = 0;
  for (uint32_t i = 0; i < IMAGES; i++) {
    cnn_augmentation how = cnn_augmentation_draw(&recipe, IMAGE_SHAPE, 3, 7, i);
    assert_in_range(how.dy + CROP, 0, SIDE - 1);
    assert_in_range(how.dx + CROP, 0, SIDE - 1);
    seen[(how.dy + CROP) * SIDE + how.dx + CROP]++;
    assert_int_equal(how.side, 3);
    assert_in_range(how.top + 1, 0, 4);
    assert_in_range(how.left + 1, 0, 3);
    squares[(how.top + 1) * 4 + how.left + 1]++;
    turned += how.flip;
  }
  for (int i = 0; i < SIDE * SIDE; i++) assert_in_range(seen[i], 850, 1150); /* 1000 +- 5 sigma */
  for (int i = 0; i < 5 * 4; i++) assert_in_range(squares[i], 1080, 1420);   /* 1250 */
  assert_in_range(turned, IMAGES / 2 - 400, IMAGES / 2 + 400);
}

static void draws_depend_on_seed_epoch_and_image(void **state) {
  (void)state;
  const cnn_recipe both = {.crop = 4, .flip = 1}, moved = {.crop = 4}, turned = {.flip = 1};
  int differ[3] = {0};
  for (uint32_t i = 0; i < 100; i++) {
    cnn_augmentation how = cnn_augmentation_draw(&both, IMAGE_SHAPE, 3, 7, i);
    cnn_augmentation again = cnn_augmentation_draw(&both, IMAGE_SHAPE, 3, 7, i);
    assert_memory_equal(&how, &again, sizeof how);
    const cnn_augmentation others[] = {cnn_augmentation_draw(&both, IMAGE_SHAPE, 4, 7, i),
                                       cnn_augmentation_draw(&both, IMAGE_SHAPE, 3, 8, i),
                                       cnn_augmentation_draw(&both, IMAGE_SHAPE, 3, 7, i + 100)};
    for (int k = 0; k < 3; k++) differ[k] += memcmp(&how, &others[k], sizeof how) != 0;
    assert_int_equal(cnn_augmentation_draw(&moved, IMAGE_SHAPE, 3, 7, i).flip, 0);
    assert_int_equal(cnn_augmentation_draw(&turned, IMAGE_SHAPE, 3, 7, i).dy, 0);
  }
  for (int k = 0; k < 3; k++) assert_true(differ[k] > 90);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(images_move_and_turn),
      cmocka_unit_test(squares_are_blanked),
      cmocka_unit_test(draws_are_fair),
      cmocka_unit_test(draws_depend_on_seed_epoch_and_image),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
