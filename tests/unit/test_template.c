#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emit/template.h"

static const EmbeddedFile FILES[] = {
    {"loop", "a\n$ for i = 1, N do\n  x${i} = ${i * 2.0};\n$ end\nb"},
    {"function", "$ local function tile(n)\n  {${n}}\n$ end\n$ tile(4)\n$\n$ tile(\"five\")\n"},
    {"quotes", "say \"${\"}\" .. '{'}\" \\n $5 ${ ({7})[1] }\n"},
    {"shared", "$ function twice(text)\n${text}${text}\n$ end\nshared text\n"},
    {"include", "$ include \"shared\"\n$ twice \"ab\"\n"},
    {"bool", "${flag and \"yes\" or \"no\"}\n"},
    {"number", "${N} ${N / 2} ${S}\n"},
    {"unknown", "one\ntwo ${missing}\n"},
    {"global", "one\n$ x = 3\n"},
    {"nil", "\n\n${nil}\n"},
    {"forgotten", "${flag and 1}\n"},
    {"assert", "$ -- parameters: N\n$ assert(N == 0)\n"},
    {"why", "$ assert(N == 0, \"N must be 0\")\n"},
    {"syntax", "one\n$ for i = 1 do\n$ end\n"},
    {"open", "one\ntwo ${N\n"},
    {"wrong_call", "$ include \"shared\"\n\n$ twice(nil)\n"},
    {"no_include", "$ include \"nothing\"\n"},
    {"no_pairs", "$ for k in pairs({}) do end\n"},
    {"no_io", "$ io.write(1)\n"},
    {"empty", ""},
    {NULL, NULL}};

typedef struct Fixture {
  Arena *arena;
  TemplateEngine *engine;
} Fixture;

static int set_up(void **state) {
  static Fixture fixture;
  fixture.arena = arena_new();
  fixture.engine = template_engine_new_from(fixture.arena, FILES);
  *state = &fixture;
  return 0;
}

static int tear_down(void **state) {
  Fixture *fixture = *state;
  template_engine_release(fixture->engine);
  arena_release(fixture->arena);
  return 0;
}

static const char *rendered(void **state, const char *name) {
  TemplateParam params[] = {param_int("N", 3), param_string("S", "text"),
                            param_bool("flag", false)};
  return template_render(((Fixture *)*state)->engine, name, params, 3);
}

static const char *failure(void **state, const char *name) {
  TemplateParam params[] = {param_int("N", 3), param_bool("flag", false)};
  const char *error = NULL;
  assert_null(template_try_render(((Fixture *)*state)->engine, name, params, 2, &error));
  assert_non_null(error);
  return error;
}

static void text_is_copied_and_expressions_replaced(void **state) {
  assert_string_equal(rendered(state, "loop"), "a\n  x1 = 2;\n  x2 = 4;\n  x3 = 6;\nb\n");
  assert_string_equal(rendered(state, "function"), "  {4}\n  {five}\n");
  assert_string_equal(rendered(state, "quotes"), "say \"}{\" \\n $5 7\n");
  assert_string_equal(rendered(state, "bool"), "no\n");
  assert_string_equal(rendered(state, "number"), "3 1.5 text\n");
  assert_string_equal(rendered(state, "empty"), "");
}

static void included_functions_are_known(void **state) {
  assert_string_equal(rendered(state, "include"), "shared text\nabab\n");
}

static void a_rendering_starts_afresh(void **state) {
  const char *error;
  assert_string_equal(rendered(state, "loop"), rendered(state, "loop"));
  TemplateParam two = param_int("N", 2);
  TemplateEngine *engine = ((Fixture *)*state)->engine;
  assert_string_equal(template_render(engine, "loop", &two, 1), "a\n  x1 = 2;\n  x2 = 4;\nb\n");
  rendered(state, "include"); /* its function twice is gone again */
  assert_null(template_try_render(engine, "number", &two, 1, &error));
  failure(state, "unknown");
  assert_string_equal(rendered(state, "bool"), "no\n");
}

static void errors_name_the_line(void **state) {
  static const struct {
    const char *name, *start;
  } CASES[] = {
      {"unknown", "templates/unknown:2: unknown name 'missing'"},
      {"global", "templates/global:2: assignment to the global 'x'"},
      {"nil", "templates/nil:3: a nil where"},
      {"forgotten", "templates/forgotten:1: a boolean where"},
      {"assert", "templates/assert:2: assertion failed"},
      {"why", "templates/why:1: N must be 0"},
      {"syntax", "templates/syntax:2: "},
      {"open", "templates/open:2: '${' without '}'"},
      {"wrong_call", "templates/shared:2: a nil where"},
      {"no_include", "templates/no_include:1: no template has the name 'nothing'"},
      {"no_pairs", "templates/no_pairs:1: unknown name 'pairs'"},
      {"no_io", "templates/no_io:1: unknown name 'io'"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    const char *error = failure(state, CASES[i].name);
    if (strncmp(error, CASES[i].start, strlen(CASES[i].start)) != 0) {
      fail_msg("'%s' does not start with '%s'", error, CASES[i].start);
    }
  }
  /* A mistake in a shared file shows who called it. */
  assert_non_null(strstr(failure(state, "wrong_call"), "templates/wrong_call:3:"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_copied_and_expressions_replaced),
      cmocka_unit_test(included_functions_are_known),
      cmocka_unit_test(a_rendering_starts_afresh),
      cmocka_unit_test(errors_name_the_line),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
