/* The compiler and the runtime know nothing of each other, but have the same exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/cnn.h"
#include "data/dataset.h"
#include "driver/diag.h"
#include "core/error.h"
#include "ir/graph.h"

static void both_sides_have_the_same_exit_codes(void **state) {
  (void)state;
  assert_int_equal(EXIT_DONE, CNN_EXIT_DONE);
  assert_int_equal(EXIT_FAILED, CNN_EXIT_FAILED);
  assert_int_equal(EXIT_USAGE, CNN_EXIT_USAGE);
  assert_int_equal(EXIT_INTERRUPTED, CNN_EXIT_INTERRUPTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_sides_have_the_same_exit_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
