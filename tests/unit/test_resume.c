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

/* All files of two complete runs, but for the columns of speed and time. */
static void expect_same_runs(void) {
  expect_same("whole/last.safetensors", "parts/last.safetensors");
  expect_same("whole/best.safetensors", "parts/best.safetensors");
  expect_same("whole/curves.svg", "parts/curves.svg");
  assert_int_equal(system("cut -d, -f1-5,7-8 whole/metrics.csv >a"), 0);
  assert_int_equal(system("cut -d, -f1-5,7-8 parts/metrics.csv >b"), 0);
  expect_same("a", "b");
}

static void stopped_anywhere_it_ends_the_same(void **state) {
  (void)state;
  static const char settings[] = "d --epochs 3 --seed 4 --lr 0.07 --batch 25 --limit 90";
  char arguments[256];
  snprintf(arguments, sizeof arguments, "%s --out whole --log-steps whole.csv", settings);
  train(0, arguments, "after 3 epochs");
  for (int steps = 1; steps < 12; steps++) { /* within epochs, and between them */
    snprintf(arguments, sizeof arguments,
             "%s --overwrite --out parts --log-steps parts.csv --steps %d", settings, steps);
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
  assert_int_equal(system("rm -rf parts"), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (!freopen("output", "w", stdout)) _exit(99);
    execl(FAKE_PROGRAM, "fake", "train", "d", "--epochs", "120", "--out", "parts", (char *)NULL);
    _exit(99);
  }
  for (int i = 0; i < 5000 && !scratch_exists("parts/metrics.csv"); i++) usleep(1000);
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
  train(0, "d --epochs 120 --out whole", "after 120 epochs");
  static const int signals[][2] = {{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}, {SIGKILL, 0}};
  for (int i = 0; i < 4; i++) {
    interrupt(signals[i][0], signals[i][1]);
    train(0, "d --resume --out parts", "after 120 epochs");
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
    train(0, "d --epochs 3 --overwrite --out parts --steps 6", "state.safetensors");
    snprintf(command, sizeof command, "%s parts/last.safetensors", damages[i]);
    assert_int_equal(system(command), 0);
    train(0, "d --resume --out parts", "after 3 epochs");
    expect_same_runs();
  }
  train(0, "d --epochs 3 --overwrite --out parts --steps 6", "state.safetensors");
  flip("parts/state.safetensors", 1000);
  train(4, "d --resume --out parts", "parts/state.safetensors: its numbers are damaged");
  train(0, "d --epochs 1 --overwrite --out parts", "after 1 epoch,"); /* from the start */
  scratch_write("parts/last.safetensors", "{}", 2);
  scratch_write("parts/state.safetensors", "{}", 2);
  train(4, "d --out parts",
        "--out parts: choose another folder, or move away what cannot be read: "
        "parts/last.safetensors: shorter than a header");
}

static void a_full_disk_is_reported(void **state) {
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

static void mistakes_are_reported(void **state) {
  (void)state;
  train(4, "d --resume", "runs/fake: no run to resume");
  assert_false(scratch_exists("runs"));
  assert_int_equal(system("mkdir -p runs/fake"), 0);
  train(4, "d --resume", "nothing has been saved there; train without --resume");
  train(0, "d --epochs 1", "written");
  assert_int_equal(remove("runs/fake/state.safetensors"), 0);
  train(4, "d --resume",
        "it has no state.safetensors; train on from its weights with --init "
        "runs/fake/last.safetensors and another --out");
  train(2, "d", "runs/fake: holds a run without its state; replace it with --overwrite, or choose");
  train(0, "d --epochs 3 --steps 5 --out r",
        "r/last.safetensors, best.safetensors, metrics.csv, curves.svg, state");
  train(2, "d --resume --batch 4 --out r", "settings of the run; leave out --batch");
  train(2, "d --resume --best loss --out r", "settings of the run; leave out --best");
  train(2, "d --resume --init r/last.safetensors --out r", "leave out --init");
  train(2, "d --resume --overwrite --out r", "--overwrite begins a new run; leave out --resume");
  scratch_dataset("other", 94, 41);
  train(4, "other --resume --out r", "other: not the images and classes that r was trained on");
  scratch_write("d/classes.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
  train(4, "d --resume --out r", "d: not the images and classes that r was trained on");
  assert_int_equal(remove("d/classes.txt"), 0);
  assert_int_equal(system(FAKE_PROGRAM " double train d --resume --out r >output 2>&1"), 4 << 8);
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "'parameters' is not what this program keeps"));
  free(output);
  assert_int_equal(system("sed -i 's/\"step\":\"5\"/\"step\":\"3\"/' r/state.safetensors"), 0);
  train(4, "d --resume --out r", "r/state.safetensors: its numbers contradict each other");
  assert_int_equal(system("cp r/last.safetensors r/state.safetensors"), 0);
  train(4, "d --resume --out r", "r/state.safetensors: the state of another model (unnamed)");
  train(2, "d --out r",
        "r: holds a run that cannot go on (r/state.safetensors: the state of another");
  scratch_write("r/state.safetensors", "{}", 2);
  train(4, "d --resume --out r", "r/state.safetensors: shorter than a header");
}

/* A forgotten --resume costs nothing. */
static void a_run_is_replaced_on_purpose_alone(void **state) {
  (void)state;
  train(0, "d --epochs 3 --steps 5 --out r", "written");
  train(2, "d --out r",
        "fake: r: holds an interrupted run, 1 of 3 epochs done, 5 updates in all; go on with "
        "--resume, "
        "replace it with --overwrite, or choose another folder with --out");
  train(0, "d --resume --out r", "after 3 epochs");
  train(
      2, "d --out r",
      "fake: r: holds a complete run of 3 epochs; go on with --resume --epochs N, replace it with "
      "--overwrite");
  train(0, "d --epochs 1 --overwrite --out r", "after 1 epoch,");
}

/* Killed before its first epoch has ended, a new run is what is resumed, and none before it. */
static void the_newest_run_is_resumed(void **state) {
  (void)state;
  train(0, "d --epochs 3 --seed 7 --steps 5 --out r", "written");
  train(1, "d --epochs 2 --seed 8 --overwrite --lr 1e6 --out r", "smaller learning rate");
  train(1, "d --resume --out r",
        "resumed after 0 of 4 updates of the first epoch: seed 8, rate 1e+06, batch 30, 2 epochs; "
        "sgd, cosine "
        "rate, best by accuracy");
}

static void complete_runs_go_on(void **state) {
  (void)state;
  train(0, "d --epochs 2 --lr 0.1 --out r", "after 2 epochs");
  train(2, "d --resume --out r",
        "r: the run is complete after 2 epochs; give the number of epochs that it is to have in "
        "all: --resume --epochs N");
  train(2, "d --resume --epochs 2 --out r",
        "--epochs 2: r has finished 2 epochs already; give a larger number");
  train(0, "d --resume --epochs 12 --out r", "test accuracy 100.00 % after 12 epochs");
  assert_int_equal(system("test $(wc -l <r/metrics.csv) = 13"), 0);
  /* The schedule of the longer run holds from there on, so this is not one of 12 epochs. */
  train(0, "d --epochs 3 --lr 0.1 --steps 6 --out s", "written");
  train(0, "d --resume --epochs 2 --out s", "after 2 epochs");
}

/* The rate 0 makes all epochs equal: the first is the best. */
static void patience_ends_a_run(void **state) {
  (void)state;
  train(0, "d --epochs 9 --lr 0 --patience 3 --out r",
        "stopped: no epoch was better than epoch 1 in the last 3 (--patience 3)\n"
        "test accuracy");
  assert_int_equal(system("test $(wc -l <r/metrics.csv) = 5"), 0);
  train(2, "d --out r", "r: holds a complete run of 4 epochs");
  train(2, "d --resume --out r",
        "r: no epoch was better than epoch 1 in the last 3, which ended the run; give a larger "
        "number: --resume --patience N");
  train(0, "d --resume --patience 5 --out r", "in the last 5 (--patience 5)");
  train(0, "d --resume --patience 9 --out r", "after 9 epochs");
  train(0, "d --epochs 5 --lr 0.1 --best loss --out s", "best: epoch 5, test loss ");
  expect_same("s/last.safetensors", "s/best.safetensors");
  train(2, "d --best time --out t", "--best time: give accuracy or loss");
}

static void time_limits_save(void **state) {
  (void)state;
  train(0, "d --epochs 100000 --time-limit 0.3s --save-every 100 --out r",
        "stopped by --time-limit after ");
  train(2, "d --out r", "r: holds an interrupted run");
  train(0, "d --epochs 3 --save-every 1h --out s", "after 3 epochs");
  train(0, "d --epochs 3 --save-every 0.00001s --out t", "after 3 epochs");
  expect_same("s/last.safetensors", "t/last.safetensors");
  train(2, "d --time-limit 5", "--time-limit 5: must be a time, such as 90s, 30m, 8h or 2d");
  train(2, "d --save-every never", "--save-every never: must be a time, such as 90s");
  train(2, "d --save-every 0", "--save-every 0: must be a whole number from 1");
}

/* Between two saves, a killed run loses what came after the last. */
static void saves_are_as_rare_as_wanted(void **state) {
  (void)state;
  train(0, "d --epochs 9 --save-every 4 --steps 25 --out r", "written");
  assert_int_equal(system("sed -i s/images_per_s/x/ r/metrics.csv"), 0);
  train(0, "d --resume --steps 29 --save-every 4 --out r", "after 29 updates");
  train(0, "d --epochs 9 --out whole", "after 9 epochs");
  train(0, "d --resume --out r", "after 9 epochs");
  expect_same("whole/last.safetensors", "r/last.safetensors");
}

static void a_reader_that_goes_away_ends_nothing(void **state) {
  (void)state;
  train(0, "d --epochs 100 --out whole", "after 100 epochs");
  assert_int_equal(
      system("{ " FAKE_PROGRAM
             " train d --epochs 100 --out parts 2>errors; echo $? >code; } | head -n 1 "
             ">output; test $(cat code) = 0 && ! grep -q write errors"),
      0);
  expect_same_runs();
}

/* As under nohup: a hang-up that was ignored at the start stays ignored. */
static void an_ignored_hangup_stays_ignored(void **state) {
  (void)state;
  assert_int_equal(system("(trap '' HUP; exec " FAKE_PROGRAM
                          " train d --epochs 60 --out r >output 2>&1) & "
                          "while ! test -e r/metrics.csv; do sleep 0.01; done; kill -HUP $!; "
                          "wait $!; test $? = 0"),
                   0);
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "after 60 epochs"));
  free(output);
}

static void few_batches_are_learnt_by_heart(void **state) {
  (void)state;
  train(0, "d --epochs 60 --lr 0.3 --overfit-batch 2 --batch 20 --seed 3",
        "40 training and 40 test images");
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "overfitting: these images are not augmented, and are the test "
                                 "images, too"));
  assert_non_null(strstr(output, "test accuracy 100.00 % after 60 epochs"));
  assert_non_null(strstr(output, "written: runs/fake-overfit/last.safetensors"));
  free(output);
  train(0, "d --resume --epochs 61 --out runs/fake-overfit", "40 training and 40 test images");
  train(2, "d --overfit-batch 2 --limit 9", "sets the number of images; leave out --limit");
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(stopped_anywhere_it_ends_the_same),
      TEST(signals_lose_nothing),
      TEST(one_damaged_file_does_not_spoil_the_other),
      TEST(a_full_disk_is_reported),
      TEST(mistakes_are_reported),
      TEST(a_run_is_replaced_on_purpose_alone),
      TEST(the_newest_run_is_resumed),
      TEST(complete_runs_go_on),
      TEST(patience_ends_a_run),
      TEST(time_limits_save),
      TEST(saves_are_as_rare_as_wanted),
      TEST(a_reader_that_goes_away_ends_nothing),
      TEST(an_ignored_hangup_stays_ignored),
      TEST(few_batches_are_learnt_by_heart),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
