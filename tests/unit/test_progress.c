#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/progress.h"

#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const cnn_standing STANDING = {
    .epoch = 3, .seen = 500, .loss = 0.4322, .accuracy = 0.8213, .lr = 0.05, .images_per_s = 1234};
static const cnn_metrics ROW = {.epoch = 3,
                                .train_loss = 0.5,
                                .train_accuracy = 0.75,
                                .test_loss = 0.625,
                                .test_accuracy = 0.8125,
                                .images_per_s = 2345,
                                .averaged = 1,
                                .average_loss = 0.25,
                                .average_accuracy = 0.875};
static const char TITLES[] = "    epoch  train loss   accuracy   test loss   accuracy   images/s";

/* In a process whose standard output is `out`: an epoch, in whose middle the terminal becomes as
   wide as `then`, if that is not 0. */
static void show(int out, const char *kind, const char *columns, int then) {
  const char *const variables[][2] = {{"TERM", kind}, {"COLUMNS", columns}, {"NO_COLOR", "1"}};
  for (int i = 0; i < 3; i++)
    if (variables[i][1])
      setenv(variables[i][0], variables[i][1], 1);
    else
      unsetenv(variables[i][0]);
  dup2(out, STDOUT_FILENO);
  cnn_progress progress;
  cnn_progress_begin(&progress, 15, 1000, 0);
  progress.start -= 250; /* of 2,500 of 15,000 images: 100 ms each */
  progress.interval = 0;
  cnn_progress_step(&progress, &STANDING);
  struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)then};
  if (then > 0) ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
  cnn_progress_step(&progress, &STANDING);
  cnn_progress_evaluation(&progress, 3, 5, 10);
  cnn_progress_epoch(&progress, &ROW);
  cnn_progress_flush();
}

/* What that prints, on a terminal as wide as `columns`, or into a pipe for 0. */
static char *run(int columns, const char *kind, const char *variable, int then) {
  static char text[8192];
  int ends[2];
  struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
  if (columns > 0)
    assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, &size), 0);
  else
    assert_int_equal(pipe(ends), 0);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(ends[0]);
    show(ends[1], kind, variable, then);
    _exit(0);
  }
  close(ends[1]);
  size_t used = 0;
  ssize_t got;
  while ((got = read(ends[0], text + used, sizeof text - 1 - used)) > 0) used += (size_t)got;
  text[used] = '\0';
  close(ends[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  return text;
}

/* The longest line that is not longer than `columns`: all lines, and all states of the last one,
   must fit in front of the last column. There is no colour. */
static void expect_fit(const char *text, int columns) {
  int length = 0;
  for (const char *c = text; *c; c++) {
    if (*c == '\033') {
      assert_memory_equal(c, "\033[K", 3);
      c += 2;
    } else {
      length = *c == '\r' || *c == '\n' ? 0 : length + 1;
    }
    if (length > columns) fail_msg("more than %d columns: %s", columns, text);
  }
}

static void a_wide_terminal_shows_all(void **state) {
  (void)state;
  const char *text = run(120, "xterm", NULL, 0);
  expect_fit(text, 119);
  assert_memory_equal(text, TITLES, strlen(TITLES));
  assert_non_null(strstr(text, "\r\033[K     3/15  [############............] loss 0.4322  "
                               "accuracy 82.13 %  lr 0.05  1234 images/s  20 min 50 s left\r"));
  assert_non_null(strstr(text, "\r\033[K     3/15  [############............] evaluation\r"));
  assert_non_null(strstr(text, "\r\033[K     3/15      0.5000    75.00 %      0.6250    81.25 %"
                               "       2345  averaged weights 0.2500  87.50 %\r\n"));
}

/* Facts go away before they are cut, the least important first. */
static void narrow_terminals_show_what_fits(void **state) {
  (void)state;
  for (int columns = 24; columns < 120; columns++) {
    const char *text = run(columns, "xterm", NULL, 0);
    if (columns >= 45) expect_fit(text, columns);
    assert_non_null(strstr(text, "     3/15  "));
    assert_non_null(strstr(text, "  81.25 %"));
    if (columns >= 24) assert_non_null(strstr(text, "loss 0.4322"));
  }
  const char *text = run(50, "xterm", NULL, 0);
  assert_memory_equal(text, "    epoch  train loss   test loss   accuracy\r\n", 46);
  assert_non_null(strstr(text, "\r\033[K     3/15  [###...] loss 0.4322  20 min 50 s left\r"));
  assert_non_null(strstr(text, "\r\n           averaged weights 0.2500  87.50 %\r\n"));
}

static void the_width_is_that_of_the_moment(void **state) {
  (void)state;
  const char *text = run(120, "xterm", NULL, 50);
  const char *wide = strstr(text, "accuracy 82.13 %"),
             *narrow = strstr(text, "loss 0.4322  20 min 50 s left\r");
  assert_non_null(wide);
  assert_non_null(narrow);
  assert_true(narrow > wide);
  assert_null(strstr(wide + 1, "accuracy 82.13 %"));
  text = run(120, "xterm", "50", 0); /* COLUMNS */
  expect_fit(text, 50);
  text = run(50, "xterm", "120", 0);
  expect_fit(text, 50);
}

/* Calm lines: a line now and then, and nothing that a file should not contain. */
static void without_a_terminal_lines_are_added(void **state) {
  (void)state;
  static const char line[] = "\n     3/15   50 %  loss 0.4322  accuracy 82.13 %  lr 0.05  1234 "
                             "images/s  20 min 50 s left\n";
  for (int i = 0; i < 2; i++) {
    char *text = i ? run(40, "dumb", NULL, 0) : run(0, "xterm", "40", 0);
    assert_null(strchr(text, '\033'));
    char *to = text;
    for (const char *from = text; *from; from++)
      if (*from != '\r') *to++ = *from;
    *to = '\0';
    assert_memory_equal(text, TITLES, strlen(TITLES));
    assert_non_null(strstr(text, line));
    assert_null(strstr(text, "evaluation"));
  }
}

static void lines_have_their_time(void **state) {
  (void)state;
  cnn_progress progress;
  cnn_progress_begin(&progress, 15, 1000, 0);
  assert_false(progress.live); /* the tests' standard output */
  const double drawn = progress.drawn;
  cnn_progress_step(&progress, &STANDING);
  assert_true(progress.drawn == drawn); /* not yet */
  progress.drawn -= 61;
  cnn_progress_step(&progress, &STANDING);
  assert_true(progress.drawn >= drawn);
}

static void durations_have_two_units(void **state) {
  (void)state;
  char text[32];
  assert_string_equal(cnn_duration(text, 4.6), "5 s");
  assert_string_equal(cnn_duration(text, 184), "3 min 4 s");
  assert_string_equal(cnn_duration(text, 3720), "1 h 2 min");
}

int main(void) {
  if (isatty(STDOUT_FILENO) && !freopen("/dev/null", "w", stdout)) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wide_terminal_shows_all),
      cmocka_unit_test(narrow_terminals_show_what_fits),
      cmocka_unit_test(the_width_is_that_of_the_moment),
      cmocka_unit_test(without_a_terminal_lines_are_added),
      cmocka_unit_test(lines_have_their_time),
      cmocka_unit_test(durations_have_two_units),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
