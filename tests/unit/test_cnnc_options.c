#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/options.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 12 };

/* The arguments of a command line, which a string separates by spaces. */
static int split(char *line, char **argv) {
  int argc = 0;
  for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
  return argc;
}

static Options parse(Arena *arena, const char *line) {
  char **argv = ARENA_ARRAY(arena, char *, ARGUMENTS_MAX);
  const int argc = split(arena_strdup(arena, line), argv);
  return options_parse(arena, argc, argv);
}

/* The exit code of a command line that is wrong; its messages are dropped. */
static int code_of(const char *line) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout)) _exit(99);
    parse(arena_new(), line);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_model_is_compiled_by_default(void **state) {
  Arena *arena = *state;
  const Options options = parse(arena, "cnnc models/lenet5.lua --target avx2 --batch 7");
  assert_int_equal(options.command, COMMAND_COMPILE);
  assert_string_equal(options.model, "models/lenet5.lua");
  assert_ptr_equal(options.compile.target, &target_AVX2);
  assert_int_equal(options.dsl.batch, 7);
  assert_null(options.output);
  assert_false(options.target_is_native || options.compile.no_winograd || options.cflags);
}

static void definitions_keep_their_order(void **state) {
  Arena *arena = *state;
  const Options options = parse(arena, "cnnc summary net.lua -D depth=18 -D name=a=b");
  assert_int_equal(options.command, COMMAND_SUMMARY);
  assert_int_equal(options.dsl.definition_count, 2);
  assert_string_equal(options.dsl.definitions[0].name, "depth");
  assert_string_equal(options.dsl.definitions[0].value, "18");
  assert_string_equal(options.dsl.definitions[1].value, "a=b");
}

static void the_command_names_what_changes_the_program(void **state) {
  Arena *arena = *state;
  const Options options = parse(
      arena, "cnnc build /somewhere/net.lua --target scalar --real double --no-winograd -o p");
  assert_int_equal(options.command, COMMAND_BUILD);
  assert_true(options.compile.real_is_double && options.compile.no_winograd);
  assert_string_equal(options.output, "p");
  assert_non_null(strstr(options.compile.command, "net.lua"));
  assert_non_null(strstr(options.compile.command, "--no-winograd"));
  assert_null(strstr(options.compile.command, "/somewhere"));
}

static void an_old_name_works(void **state) {
  Arena *arena = *state;
  const Options options = parse(arena, "cnnc net.lua --direct");
  assert_true(options.compile.no_winograd);
}

static void mistakes_end_with_usage(void **state) {
  (void)state;
  static const char *const LINES[] = {
      "cnnc",
      "cnnc net.lua --batch 0",
      "cnnc net.lua --batch 3x",
      "cnnc net.lua --batch 99999999999",
      "cnnc net.lua --target mmx",
      "cnnc net.lua --real half",
      "cnnc net.lua --target avx2 --real double",
      "cnnc net.lua -D depth",
      "cnnc net.lua -D =3",
      "cnnc net.lua other.lua",
      "cnnc net.lua --unknown",
  };
  for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
    const int code = code_of(LINES[i]);
    if (code != EXIT_USAGE) print_error("%s: exit code %d\n", LINES[i], code);
    assert_int_equal(code, EXIT_USAGE);
  }
}

static int make_arena(void **state) {
  *state = arena_new();
  return 0;
}

static int release_arena(void **state) {
  arena_release(*state);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, release_arena)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_model_is_compiled_by_default),
      TEST(definitions_keep_their_order),
      TEST(the_command_names_what_changes_the_program),
      TEST(an_old_name_works),
      TEST(mistakes_end_with_usage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
