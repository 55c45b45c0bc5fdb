#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_model.h"
#include "scratch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A resumed training ends as an uninterrupted one. Every test starts in a folder
   with a data set "d" of 95 training and 41 test images: 4 updates an epoch. */
static int fresh(void **state) {
  (void)state;
  if (system("rm -rf *") != 0) return -1;
  scratch_dataset("d", 95, 41);
  return 0;
}

/* Runs `fake train`, its output to "output", and expects an exit code and words in the output. */
static void train(int code, const char *arguments, const char *words) {
  char command[1024];
  snprintf(command, sizeof command, "%s train %s >output 2>&1", FAKE_PROGRAM, arguments);
  int status = system(command);
  int got = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  char *output = scratch_read("output", NULL);
  if (got != code || !strstr(output, words))
    fail_msg("%s: exit %d, '%s' does not contain '%s'", arguments, got, output, words);
  free(output);
}

static void expect_same(const char *one, const char *other) {
  size_t size, other_size;
  char *a = scratch_read(one, &size), *b = scratch_read(other, &other_size);
  assert_int_equal(size, other_size);
  assert_memory_equal(a, b, size);
  free(a);
  free(b);
}

/* All files of two complete runs, but for the column images_per_s. */
static void expect_same_runs(void) {
  expect_same("whole/last.safetensors", "parts/last.safetensors");
  expect_same("whole/curves.svg", "parts/curves.svg");
  assert_int_equal(system("cut -d, -f1-5,7- whole/metrics.csv >a"), 0);
  assert_int_equal(system("cut -d, -f1-5,7- parts/metrics.csv >b"), 0);
  expect_same("a", "b");
  assert_false(scratch_exists("whole/state.safetensors"));
  assert_false(scratch_exists("parts/state.safetensors"));
}

static void stopped_anywhere_it_ends_the_same(void **state) {
  (void)state;
  static const char settings[] = "d --epochs 3 --seed 4 --lr 0.07 --batch 25 --limit 90";
  char arguments[256];
  snprintf(arguments, sizeof arguments, "%s --out whole --log-steps whole.csv", settings);
  train(0, arguments, "after 3 epochs");
  for (int steps = 1; steps < 12; steps++) { /* within epochs, and between them */
    snprintf(arguments, sizeof arguments, "%s --out parts --log-steps parts.csv --steps %d",
             settings, steps);
    train(0, arguments, "state.safetensors");
    if (steps % 3 == 0) { /* twice */
      snprintf(arguments, sizeof arguments,
               "d --resume --out parts --log-steps parts.csv --steps %d", steps + 1);
      train(0, arguments, "resumed after");
    }
    train(0, "d --resume --out parts --log-steps parts.csv", "after 3 epochs");
    expect_same_runs();
    expect_same("whole.csv", "parts.csv");
  }
}

/* Starts a long training, and ends it with a signal as soon as it has saved once. */
static void interrupt(int signal, int code) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (!freopen("output", "w", stdout)) _exit(99);
    execl(FAKE_PROGRAM, "fake", "train", "d", "--epochs", "400", "--out", "parts", (char *)NULL);
    _exit(99);
  }
  for (int i = 0; i < 5000 && !scratch_exists("parts/state.safetensors"); i++) usleep(1000);
  assert_int_equal(kill(child, signal), 0);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (code) {
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
    char *output = scratch_read("output", NULL);
    assert_non_null(strstr(output, "interrupted after"));
    free(output);
  } else {
    assert_true(WIFSIGNALED(status));
  }
}

static void signals_lose_nothing(void **state) {
  (void)state;
  train(0, "d --epochs 400 --out whole", "after 400 epochs");
  static const int signals[][2] = {{SIGINT, 130}, {SIGTERM, 143}, {SIGKILL, 0}};
  for (int i = 0; i < 3; i++) {
    interrupt(signals[i][0], signals[i][1]);
    train(0, "d --resume --out parts", "after 400 epochs");
    expect_same_runs();
  }
}

static void flip(const char *path, size_t from_the_end) {
  size_t size;
  char *bytes = scratch_read(path, &size);
  bytes[size - from_the_end] ^= 1;
  scratch_write(path, bytes, size);
  free(bytes);
}

static void one_damaged_file_does_not_spoil_the_other(void **state) {
  (void)state;
  train(0, "d --epochs 3 --out whole", "after 3 epochs");
  static const char *const damages[] = {"rm", "truncate -s 5", "truncate -s -1"};
  for (int i = 0; i < 3; i++) {
    char command[128];
    train(0, "d --epochs 3 --out parts --steps 6", "state.safetensors");
    snprintf(command, sizeof command, "%s parts/last.safetensors", damages[i]);
    assert_int_equal(system(command), 0);
    train(0, "d --resume --out parts", "after 3 epochs");
    expect_same_runs();
  }
  train(0, "d --epochs 3 --out parts --steps 6", "state.safetensors");
  flip("parts/state.safetensors", 1000);
  train(4, "d --resume --out parts", "parts/state.safetensors: its numbers are damaged");
  train(0, "d --epochs 1 --out parts", "after 1 epoch,"); /* from the start */
  scratch_write("parts/last.safetensors", "{}", 2);
  train(4, "d --out parts",
        "--out parts: choose another folder, or move away what cannot be read: "
        "parts/last.safetensors: shorter than a header");
}

static void a_full_disk_is_told(void **state) {
  (void)state;
  train(0, "d --epochs 9 --out r --steps 6", "state.safetensors");
  const char limited[] = "sh -c 'trap \"\" XFSZ; ulimit -f 4; exec " FAKE_PROGRAM
                         " train d %s' >output 2>&1; test $? -eq 1 && grep -q '%s' output";
  char command[1024];
  snprintf(command, sizeof command, limited, "--resume --out r",
           "cannot write: File too large; the state saved before is intact");
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, limited, "--out new",
           "cannot write: File too large; no state is saved that --resume could use");
  assert_int_equal(system(command), 0);
  train(0, "d --resume --out r", "after 9 epochs");
}

static void mistakes_are_told(void **state) {
  (void)state;
  train(4, "d --resume", "runs/fake: no run to resume");
  assert_false(scratch_exists("runs"));
  assert_int_equal(system("mkdir -p runs/fake"), 0); /* what a run leaves that is killed early */
  train(4, "d --resume", "nothing has been saved there, which happens after each epoch");
  train(0, "d --epochs 1", "written");
  train(4, "d --resume", "train on from its weights with --init runs/fake/last.safetensors; if");
  train(0, "d --epochs 3 --steps 5 --out r", "r/last.safetensors, metrics.csv, curves.svg, state");
  train(2, "d --resume --epochs 4 --out r", "settings of the run; leave out --epochs");
  train(2, "d --resume --init r/last.safetensors --out r", "leave out --init");
  scratch_dataset("other", 94, 41);
  train(4, "other --resume --out r", "other: not the images that r was trained on");
  assert_int_equal(system(FAKE_PROGRAM " double train d --resume --out r >output 2>&1"), 4 << 8);
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "'parameters' is not what this program keeps"));
  free(output);
  assert_int_equal(system("sed -i 's/\"step\":\"5\"/\"step\":\"3\"/' r/state.safetensors"), 0);
  train(4, "d --resume --out r", "r/state.safetensors: its numbers contradict each other");
  assert_int_equal(system("cp r/last.safetensors r/state.safetensors"), 0);
  train(4, "d --resume --out r", "r/state.safetensors: the state of another model (unnamed)");
  scratch_write("r/state.safetensors", "{}", 2);
  train(4, "d --resume --out r", "r/state.safetensors: shorter than a header");
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(stopped_anywhere_it_ends_the_same),
      TEST(signals_lose_nothing),
      TEST(one_damaged_file_does_not_spoil_the_other),
      TEST(a_full_disk_is_told),
      TEST(mistakes_are_told),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
