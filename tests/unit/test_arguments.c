/* Arguments of options: what is accepted, and the message and exit code of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "commands/arguments.h"
#include "scratch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 3, USAGE = 2 };

typedef struct parsed {
  int64_t integer;
  double number;
  int word, list[ROOM], count;
} parsed;

static error_t parse(int key, char *text, struct argp_state *state) {
  static const char *const WORDS[] = {"red", "green", "blue", NULL};
  parsed *p = state->input;
  switch (key) {
  case 'i':
    p->integer = cnn_argument_integer(state, "--integer", text, -5, 7);
    return 0;
  case 'x':
    p->number = cnn_argument_number(state, "--number", text, 0, 1);
    return 0;
  case 'w':
    p->word = cnn_argument_word(state, "--word", text, WORDS);
    return 0;
  case 'o':
    cnn_argument_renamed(state, "--old", "--list"); /* fall through */
  case 'l':
    p->count = cnn_argument_list(state, "--list", text, 1, 9, p->list, ROOM);
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static parsed run(char *option, char *text) {
  static const struct argp_option options[] = {{"integer", 'i', "N", 0, NULL, 0},
                                               {"number", 'x', "X", 0, NULL, 0},
                                               {"word", 'w', "W", 0, NULL, 0},
                                               {"list", 'l', "L", 0, NULL, 0},
                                               {"old", 'o', "L", OPTION_HIDDEN, NULL, 0},
                                               {0}};
  static const struct argp argp = {.options = options, .parser = parse};
  char *arguments[] = {"program", option, text, NULL};
  parsed p = {0};
  argp_err_exit_status = USAGE;
  argp_parse(&argp, 3, arguments, 0, NULL, &p);
  return p;
}

/* Runs in a process of its own, whose standard error has to contain `message`. */
static void expect(char *option, char *text, int code, const char *message) {
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (!freopen("errors", "w", stderr)) _exit(99);
    run(option, text);
    fflush(stderr);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  char *errors = scratch_read("errors", NULL);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code || !strstr(errors, message))
    fail_msg("%s %s: status %x, '%s' does not contain '%s'", option, text, (unsigned)status, errors,
             message);
  free(errors);
}

static void good_arguments(void **state) {
  (void)state;
  assert_int_equal(run("-i", "-5").integer, -5);
  assert_int_equal(run("-i", "7").integer, 7);
  assert_true(run("-x", "0.25").number == 0.25);
  assert_true(run("-x", "1").number == 1);
  assert_int_equal(run("-w", "blue").word, 2);
  parsed p = run("-l", "9,1,3");
  assert_int_equal(p.count, 3);
  assert_int_equal(p.list[0], 9);
  assert_int_equal(p.list[2], 3);
  assert_int_equal(run("-l", "4").count, 1);
}

static void bad_integers(void **state) {
  (void)state;
  char *bad[] = {"8", "-6", "", "1x", "one", "1.5", "99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect("-i", bad[i], USAGE, ": must be a whole number from -5 to 7");
}

static void bad_numbers(void **state) {
  (void)state;
  char *bad[] = {"1.01", "-1e-9", "", "nan", "inf", "0.5x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect("-x", bad[i], USAGE, ": must be a number from 0 to 1");
}

static void bad_words(void **state) {
  (void)state;
  char *bad[] = {"", "Red", "red,green"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect("-w", bad[i], USAGE, ": give red, green or blue");
}

static void bad_lists(void **state) {
  (void)state;
  char *bad[] = {"", "0", "10", "1,", ",1", "1,,2", "1;2", "1,2,3,4"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect("-l", bad[i], USAGE,
           ": must be at most 3 whole numbers from 1 to 9, with commas between");
}

static void old_names_work(void **state) {
  (void)state;
  expect("--old", "1,2", 0, "program: --old is now --list\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_arguments), cmocka_unit_test(bad_integers),
      cmocka_unit_test(bad_numbers),    cmocka_unit_test(bad_words),
      cmocka_unit_test(bad_lists),      cmocka_unit_test(old_names_work),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
