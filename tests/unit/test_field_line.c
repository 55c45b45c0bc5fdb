#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "field_line.h"

static void fields_are_found(void **state) {
  (void)state;
  static const char text[] = "-- f {a = 1}\n"
                             "f {\n"
                             "  a = 1, b = {c = 1,\n"
                             "    d = 2},\n"
                             "  ['e'] = \"}, g = 1\", --[==[ }}\n"
                             "  , g = 2 ]==]\n"
                             "  g = [[ , h = 1\n"
                             "  ]], i == 3, x = y == 4; h = '\\'',\n"
                             "  k = function() local l = 1 end, l =\n"
                             "    7, m = more,\n"
                             "}, n = 3\n";
  static const struct {
    const char *outer, *field;
    int line;
  } cases[] = {{"", "a", 3},  {"", "b", 3},   {"", "c", 0}, {"b", "c", 3},
               {"b", "d", 4}, {"b", "e", 3},  {"", "e", 0}, {"", "g", 7},
               {"", "h", 8},  {"", "i", 0},   {"", "x", 8}, {"", "y", 0},
               {"", "l", 9},  {"m", "a", 10}, {"", "n", 0}, {"z", "a", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int line = field_line(text, 2, cases[i].outer, cases[i].field);
    if (line != cases[i].line)
      fail_msg("%s.%s: line %d instead of %d", cases[i].outer, cases[i].field, line, cases[i].line);
  }
}

/* Texts that end anywhere. */
static void cut_texts_end(void **state) {
  (void)state;
  static const char *const texts[] = {"",      "f",        "f {",   "f {a", "f {'",     "f {'\\",
                                      "f {[[", "f {--[=[", "f {[=", "f {[", "f {a = {", "f {a ="};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_int_equal(field_line(texts[i], 1, "", "b"), 0);
    assert_int_equal(field_line(texts[i], 9, "a", "b"), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_are_found),
      cmocka_unit_test(cut_texts_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
