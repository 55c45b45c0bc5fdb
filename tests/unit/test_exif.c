#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/exif.h"
#include "encode.h"

#include <stdlib.h>
#include <string.h>

static void both_byte_orders_are_read(void **state) {
  (void)state;
  uint8_t block[ENCODE_EXIF];
  for (int orientation = -1; orientation <= 300; orientation++)
    for (int big_endian = 0; big_endian < 2; big_endian++) {
      encode_exif(block, orientation, big_endian);
      assert_int_equal(cnn_exif_orientation(block, sizeof block),
                       orientation >= 1 && orientation <= 8 ? orientation : 1);
    }
}

/* The directory may be anywhere, and have other entries in front. */
static void other_entries_are_skipped(void **state) {
  (void)state;
  uint8_t block[80] = "MM\0*\0\0\0\x14";
  memcpy(block + 20, "\0\2", 2);
  memcpy(block + 22, "\1\x0f\0\2\0\0\0\4Cam", 12);
  memcpy(block + 34, "\1\x12\0\3\0\0\0\1\0\6\0\0", 12);
  assert_int_equal(cnn_exif_orientation(block, sizeof block), 6);
  block[21] = 1;
  assert_int_equal(cnn_exif_orientation(block, sizeof block), 1);
  block[21] = 2;
  block[37] = 4; /* not a short */
  assert_int_equal(cnn_exif_orientation(block, sizeof block), 1);
}

/* Each byte is made 0 and 255 in turn, and each beginning is read alone. */
static void damaged_blocks_are_upright_or_valid(void **state) {
  (void)state;
  uint8_t block[ENCODE_EXIF];
  for (size_t size = 0; size <= sizeof block; size++)
    for (size_t k = 0; k < 2 * sizeof block; k++) {
      encode_exif(block, 7, size % 2);
      block[k / 2] = k % 2 ? 255 : 0;
      uint8_t *cut = malloc(size + 1); /* so that a sanitizer sees what is read behind the end */
      assert_non_null(cut);
      memcpy(cut + 1, block, size);
      assert_in_range(cnn_exif_orientation(cut + 1, size), 1, 8);
      free(cut);
    }
  assert_int_equal(cnn_exif_orientation(NULL, 0), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_byte_orders_are_read),
      cmocka_unit_test(other_entries_are_skipped),
      cmocka_unit_test(damaged_blocks_are_upright_or_valid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
