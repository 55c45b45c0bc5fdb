/* Pasting headers into the output, and pruning what a program does not use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/text.h"
#include "emit/paste.h"
#include "emit/prune.h"
#include "emit/tokens.h"

static int set_up(void **state) {
  *state = arena_new();
  return 0;
}

static int tear_down(void **state) {
  arena_release(*state);
  return 0;
}

/* What stays of the text for these roots. */
static const char *kept(void **state, const char *text, const char *roots) {
  Declarations *all = declarations_scan(*state, &text, 1);
  declarations_mark(all, roots);
  return declarations_kept(all, 0);
}

/* --- tokens ----------------------------------------------------------------------------------- */

static void tokens_leave_out_comments(void **state) {
  (void)state;
  Token token = token_first("/* a */ b->c // d\n 1e-3f \"e \\\" f\" '\\''");
  static const char *const WANTED[] = {"b", "->", "c", "1e-3f", "\"e \\\" f\"", "'\\''"};
  for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++, token = token_next(token))
    assert_true(token_is(token, WANTED[i]));
  assert_int_equal(token.kind, TOKEN_END);
  assert_int_equal(token_next(token).kind, TOKEN_END);
}

/* --- pruning ---------------------------------------------------------------------------------- */

static void what_nothing_names_goes(void **state) {
  assert_string_equal(kept(state,
                           "static int a(void) { return 1; }\n"
                           "static int b(void) { return a(); }\n"
                           "static int c(void) { return 2; }\n",
                           "b();"),
                      "static int a(void) { return 1; }\n"
                      "static int b(void) { return a(); }\n");
  assert_string_equal(kept(state, "static int a;\n", ""), "");
  assert_string_equal(kept(state, "", "a"), "");
}

static void comments_and_members_name_nothing(void **state) {
  const char *text = "static int a(void) { return 1; }\n";
  assert_string_equal(kept(state, text, "/* a */ \"a\" x.a y->a // a\n"), "");
  assert_string_equal(kept(state, text, "x = a()"), text);
}

static void every_kind_of_declaration_has_its_names(void **state) {
  static const struct {
    const char *text, *names;
  } CASES[] = {
      {"typedef float real;\n", "real"},
      {"typedef struct tag {\n  int a, b;\n} type;\n", "tag type"},
      {"struct tag {\n  int a;\n};\n", "tag"},
      {"enum { FIRST = 3, SECOND = (FIRST + 1), THIRD };\n", "FIRST SECOND THIRD"},
      {"typedef enum kind { FIRST, SECOND } kind;\n", "kind FIRST SECOND"},
      {"static const int table[2] = {\n    1,\n    2,\n};\n", "table"},
      {"static int number = 3;\n", "number"},
      {"typedef void (*callback)(int a, int b);\n", "callback"},
      {"typedef float row[6];\n", "row"},
      {"static inline struct tag make(int a) {\n  return (struct tag){a};\n}\n", "make"},
      {"__attribute__((noinline)) static void f(int a) {\n  (void)a;\n}\n", "f"},
      {"#define MACRO(a) \\\n  a + a\n", "MACRO"},
      {"#if X\n#define MACRO 1\n#else\nenum { MOST = 1 };\n#endif\n", "MACRO MOST"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    char names[40];
    snprintf(names, sizeof names, "%s", CASES[i].names);
    assert_string_equal(kept(state, CASES[i].text, "a b"), "");
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
      assert_string_equal(kept(state, CASES[i].text, name), CASES[i].text);
  }
}

static void what_declares_nothing_stays_with_what_it_names(void **state) {
  const char *text = "#define CHECK 1\n"
                     "#define OTHER 2\n"
                     "#if CHECK\n#include <immintrin.h>\n#endif\n";
  assert_string_equal(kept(state, text, ""),
                      "#define CHECK 1\n#if CHECK\n#include <immintrin.h>\n#endif\n");
}

static void an_assertion_stays_with_all_that_it_names(void **state) {
  const char *text = "enum { A = 1 };\nenum { B = 1 };\n_Static_assert(A == B, \"C\");\n";
  assert_string_equal(kept(state, text, "A"), "enum { A = 1 };\n");
  assert_string_equal(kept(state, text, "A B"), text);
}

static void comments_stay_with_what_they_describe(void **state) {
  const char *text = "/* The file. */\n\n"
                     "/* --- numbers --- */\n\n"
                     "/* Both. */\nstatic int a;\nstatic int b; /* the\n   second */\n"
                     "/* One. */\nstatic int c;\n\n\n"
                     "/* --- others --- */\n\n"
                     "static int d;\n";
  assert_string_equal(kept(state, text, "b"), "/* The file. */\n\n/* --- numbers --- */\n\n"
                                              "/* Both. */\nstatic int b; /* the\n   second */\n");
  assert_string_equal(kept(state, text, "d"),
                      "/* The file. */\n\n/* --- others --- */\n\nstatic int d;\n");
  assert_string_equal(kept(state, text, "c"),
                      "/* The file. */\n\n/* --- numbers --- */\n\n/* One. */\nstatic int c;\n");
}

static void texts_are_pruned_together(void **state) {
  const char *const texts[] = {"static int a;\nstatic int b;\n", "static int *c = &a;\n"};
  Declarations *all = declarations_scan(*state, texts, 2);
  assert_true(declarations_have(all, "c"));
  assert_false(declarations_have(all, "d"));
  assert_false(declarations_have(all, "static"));
  declarations_mark(all, "c");
  assert_string_equal(declarations_kept(all, 0), "static int a;\n");
  assert_string_equal(declarations_kept(all, 1), "static int *c = &a;\n");
}

/* --- pasting ---------------------------------------------------------------------------------- */

static const EmbeddedFile FILES[] = {
    {"vec_two.h", "typedef double real;\n"},
    {"low.h", "/* Low. */\n#ifndef LOW_H\n#define LOW_H\n\n#include <math.h>\n#include <omp.h>\n"
              "#if X\nint x;\n#endif\nint low;\n\n#endif\n"},
    {"high.h",
     "/* High,\n   behind low. */\n#pragma once\n#include \"vec.h\"\n#include \"../common/low.h\"\n"
     "#pragma GCC diagnostic push\nint high;\n"},
    {NULL, NULL}};

static void headers_are_pasted_once(void **state) {
  TemplateEngine *engine = template_engine_new_from(*state, FILES);
  Paster paster = {*state, engine, "vec_two.h", {0}};
  TextStream text;
  text_begin(&text);
  paste_text(&paster, text.out, "#include \"high.h\"\nint mine;\n#include \"low.h\"\n");
  assert_string_equal(text_done(&text, *state),
                      "typedef double real;\n\n"
                      "/* Low. */\n\n#include <omp.h>\n#if X\nint x;\n#endif\nint low;\n\n\n"
                      "/* High,\n   behind low. */\n\nint high;\n\n"
                      "int mine;\n");
  template_engine_release(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_leave_out_comments),
      cmocka_unit_test(what_nothing_names_goes),
      cmocka_unit_test(comments_and_members_name_nothing),
      cmocka_unit_test(every_kind_of_declaration_has_its_names),
      cmocka_unit_test(what_declares_nothing_stays_with_what_it_names),
      cmocka_unit_test(an_assertion_stays_with_all_that_it_names),
      cmocka_unit_test(comments_stay_with_what_they_describe),
      cmocka_unit_test(texts_are_pruned_together),
      cmocka_unit_test(headers_are_pasted_once),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
