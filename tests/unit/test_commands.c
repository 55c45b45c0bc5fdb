#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_model.h"
#include "scratch.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command line of a program, from outside. Every test starts in a folder with a data set "d" of
   95 training and 41 test images: neither is a multiple of the batch. */
static int fresh(void **state) {
  (void)state;
  if (system("rm -rf *") != 0) return -1;
  scratch_dataset("d", 95, 41);
  return 0;
}

/* Runs the program, its output to "output". Returns the exit code. */
static int run(const char *arguments) {
  char command[1024];
  snprintf(command, sizeof command, "%s %s >output 2>&1", FAKE_PROGRAM, arguments);
  int status = system(command);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs and expects an exit code, and words in the output. */
static void expect(int code, const char *arguments, const char *words) {
  int got = run(arguments);
  char *output = scratch_read("output", NULL);
  if (got != code) fail_msg("%s: exit %d instead of %d: %s", arguments, got, code, output);
  if (!strstr(output, words)) fail_msg("%s: '%s' does not contain '%s'", arguments, output, words);
  free(output);
}

static void expect_same_files(const char *one, const char *other) {
  size_t size, other_size;
  char *a = scratch_read(one, &size), *b = scratch_read(other, &other_size);
  assert_int_equal(size, other_size);
  assert_memory_equal(a, b, size);
  free(a);
  free(b);
}

static void help_is_everywhere(void **state) {
  (void)state;
  expect(0, "--help", "gradcheck");
  expect(2, "", "Usage: fake COMMAND");
  static const char *const commands[] = {"train",   "lr-find", "eval",      "predict",
                                         "filters", "summary", "gradcheck", "gradflow",
                                         "bench",   "profile", "trace"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    char arguments[64], usage[64];
    snprintf(arguments, sizeof arguments, "%s --help", commands[i]);
    snprintf(usage, sizeof usage, "Usage: fake %s [OPTION...]", commands[i]);
    expect(0, arguments, usage);
    snprintf(arguments, sizeof arguments, "%s --nonsense", commands[i]);
    expect(2, arguments, "--help");
  }
}

static void mistakes_of_usage(void **state) {
  (void)state;
  expect(2, "tarin d", "unknown command 'tarin'; `fake --help` lists the commands");
  expect(2, "train", "name the folder of the data set");
  expect(2, "train d --epochs 0", "--epochs 0: must be a whole number from 1");
  expect(2, "train d --epochs 3x", "--epochs 3x");
  expect(2, "train d --lr nan", "--lr nan");
  expect(2, "train d --batch 0", "--batch 0");
  expect(2, "eval d --batch 31", "compile the model with --batch 31");
  expect(2, "train d --threads 0", "--threads 0");
  expect(2, "predict", "name the folder");
  expect(2, "bench --work sleep", "give train or infer");
  expect(2, "bench --count 31", "--batch 31");
  expect(2, "trace", "--out FILE");
  static const char *const takers[] = {"train", "eval", "gradcheck", "gradflow"};
  for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
    char arguments[64];
    snprintf(arguments, sizeof arguments, "%s one two", takers[i]);
    expect(2, arguments, "one data set is enough: two");
  }
  static const char *const others[] = {"bench", "filters", "summary", "trace"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    char arguments[64];
    snprintf(arguments, sizeof arguments, "%s d", others[i]);
    expect(2, arguments, "unexpected argument: d");
  }
}

static void training_learns_and_leaves_a_run(void **state) {
  (void)state;
  expect(0, "train d --epochs 12 --lr 0.1", "test accuracy 100.00 % after 12 epochs");
  char *metrics = scratch_read("runs/fake/metrics.csv", NULL);
  assert_non_null(strstr(metrics, "\n12,"));
  free(metrics);
  assert_true(scratch_exists("runs/fake/curves.svg"));
  expect(0, "eval d", "41 test images, loss 0.");
  expect(0, "eval d", "accuracy 100.00 %");
  expect(0, "predict d --count 0", "right (is 7");
  expect(0, "predict d/t10k-images-idx3-ubyte --top 1", "the first 10 of 41 images");
  expect(0, "double eval d", "accuracy 100.00 %");
  expect(4, "eval \"$(printf 'no\\033[31mred')\"", "no\xef\xbf\xbd[31mred: No such file");
}

/* A data set "j" of three classes of grey, 12 training images each and a test image. */
static void write_greys(void) {
  static const char *const names[] = {"black", "grey", "white"};
  char path[64];
  assert_int_equal(system("mkdir -p j/train/black j/train/grey j/train/white j/test/black "
                          "j/test/grey j/test/white"),
                   0);
  for (int i = 0; i < 39; i++) {
    unsigned char tone = (unsigned char)(i % 3 * 120 + i / 3);
    snprintf(path, sizeof path, i < 36 ? "j/train/%s/%d.jpg" : "j/test/%s/%d.jpg", names[i % 3], i);
    scratch_jpeg(path, 28, (const unsigned char[]){tone, tone, tone});
  }
}

/* The names of folders are those of classes, and go with the checkpoint. */
static void classes_keep_the_names_of_their_folders(void **state) {
  (void)state;
  write_greys();
  expect(0, "train j --epochs 30 --lr 0.02 --batch 6",
         "fake: j/train has 3 folders, one a class, but the model has 10 classes, of which the "
         "others will have no images");
  expect(0, "eval j", "    1  grey");
  assert_int_equal(system("mv j/train train"), 0);
  expect(0, "eval j", "    2  white                 1   100.00 %   100.00 %   100.00 %");
  expect(0, "predict j", "\nwhite/38.jpg  white ");
  expect(0, "predict j", " right (is white)");
  expect(0, "predict --top 1 j/test/grey j/test/black/36.jpg", "j/test/grey:\n37.jpg  grey ");
  expect(0, "predict --top 1 j/test/grey j/test/black/36.jpg", "\nj/test/black/36.jpg  black ");
  scratch_write("names", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
  expect(0, "predict --top 1 --classes names j/test/grey", "37.jpg  b ");
  scratch_jpeg("large.jpg", 30, (const unsigned char[]){0, 0, 0});
  expect(4, "predict large.jpg",
         "large.jpg: an image of 30x30 (height, width), but fake requires 28x28");
  expect(4, "predict j/absent.jpg", "j/absent.jpg: No such file");
  assert_int_equal(system("mv j/test/grey j/test/gray"), 0);
  expect(4, "eval j", "j/test/gray: no class of the training images has this name");
}

/* All figures of an evaluation, in the forms that are asked for. */
static void evaluations_are_files_too(void **state) {
  (void)state;
  expect(0, "train d --epochs 12 --lr 0.1", "written");
  expect(0,
         "eval d --json a.json --csv a.csv --confusion b.csv --calibration b.svg --logits "
         "l.safetensors --top 2",
         "accuracy 100.00 %, top-2 100.00 %");
  char *json = scratch_read("a.json", NULL), *csv = scratch_read("a.csv", NULL);
  assert_non_null(strstr(json, "\"accuracy\":\t1,"));
  assert_memory_equal(csv, "class,name,images,precision,recall,f1\n0,,5,1,1,1\n", 49);
  free(json);
  free(csv);
  char *logits = scratch_read("l.safetensors", NULL);
  assert_non_null(strstr(logits + 8, "\"logits\":{\"dtype\":\"F32\",\"shape\":[41,10]"));
  free(logits);
  expect(0, "eval d --confusion c.svg", "accuracy");
  char *svg = scratch_read("c.svg", NULL), *calibration = scratch_read("b.svg", NULL);
  assert_non_null(strstr(svg, "fake: confusion matrix of 41 images"));
  assert_non_null(strstr(calibration, "fake: accuracy by confidence, 41 images"));
  free(svg);
  free(calibration);
  expect(0, "eval d --csv -", "class,name,images,precision,recall,f1\n");
  char *output = scratch_read("output", NULL);
  assert_null(strstr(output, "test images"));
  free(output);
  expect(2, "eval d --confusion c.png",
         "--confusion c.png: the name must end in .csv (a table) or .svg (a picture)");
  expect(2, "eval d --calibration c.csv", "--calibration c.csv: the name must end in .svg");
  expect(2, "eval d --logits l", "--logits l: the name must end in .safetensors");
  expect(2, "eval d --json - --csv -", "-: two outputs cannot have one name");
  expect(2, "eval d --logits runs/fake/last.safetensors",
         "runs/fake/last.safetensors: would be written over runs/fake/last.safetensors, which");
  expect(1, "eval d --json no/a.json", "no/a.json: cannot write");
  expect(2, "eval d --top 0", "--top 0: must be a whole number from 1");
}

/* classes.txt in the folder of other files names the classes, too. */
static void checkpoints_keep_classes_txt(void **state) {
  (void)state;
  scratch_write("d/classes.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
  expect(0, "train d --epochs 12 --lr 0.1", "100.00 %");
  assert_int_equal(remove("d/classes.txt"), 0);
  expect(0, "eval d", "    7  h  ");
  expect(0, "predict d", "right (is h)");
  scratch_write("d/classes.txt", "a\n", 2);
  expect(4, "train d --overwrite",
         "d/classes.txt: names 1 classes, but fake has 10; give one name a line");
}

/* Weights for other classes, as many as these, are not taken for weights for these. */
static void other_classes_are_reported_apart(void **state) {
  (void)state;
  scratch_write("d/classes.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
  expect(0, "train d --epochs 1 --out r", "written");
  scratch_write("d/classes.txt", "a\nb\nc\nD\ne\nf\ng\nh\ni\nj\n", 20);
  static const char differ[] =
      "fake: d/classes.txt: class 3 is 'D', but 'd' in r/last.safetensors; if these are the same "
      "classes by other names, correct the file, else use weights and images of one data set";
  expect(4, "eval d --weights r/last.safetensors", differ);
  expect(4, "predict d --weights r/last.safetensors", differ);
  expect(0, "predict d --weights r/last.safetensors --classes d/classes.txt", "(is D)");
  expect(4, "train d --epochs 1 --init r/last.safetensors --out s",
         "fake: r/last.safetensors: trained on other classes: class 3 is 'd', but 'D' in d; "
         "initialise the last layer with --reinit fc, or, if they are the same classes, give them "
         "the same names");
  expect(0, "train d --epochs 1 --init r/last.safetensors --reinit fc --out s", "written");
  assert_int_equal(remove("d/classes.txt"), 0);
  expect(0, "train d --epochs 1 --init r/last.safetensors --out t", "written");
}

static void rates_are_suggested(void **state) {
  (void)state;
  expect(0, "lr-find d --batch 19", "fake: at most 100 updates, rates from 1e-07 to 10, batch 19");
  char *output = scratch_read("output", NULL);
  const char *suggestion = strstr(output, "suggested rate: ");
  assert_non_null(suggestion);
  const double rate = strtod(suggestion + strlen("suggested rate: "), NULL);
  assert_true(rate > 0.001 && rate < 1);
  assert_non_null(strstr(output, ") falls most steeply; the recipe's is 0.05\n"));
  assert_non_null(strstr(output, "written: runs/fake/lr-find.csv, runs/fake/lr-find.svg"));
  free(output);
  char *csv = scratch_read("runs/fake/lr-find.csv", NULL);
  assert_memory_equal(csv, "lr,loss,smooth_loss\n1e-07,", 26);
  free(csv);
  char *svg = scratch_read("runs/fake/lr-find.svg", NULL);
  assert_non_null(strstr(svg, "fake: loss by learning rate"));
  assert_non_null(strstr(svg, ">1e-05</text>"));
  assert_null(strstr(svg, "nan"));
  free(svg);
  expect(0, "train d --epochs 1", "written"); /* no run was there */
  expect(0, "lr-find d --init runs/fake/last.safetensors --csv a --svg b", "written: a, b");
  expect(2, "lr-find d --first 2 --last 1", "--first 2: must be above 0 and less than --last 1");
  expect(2, "lr-find d --reinit fc", "--reinit fc: without --init FILE all layers are initialised");
  expect(1, "lr-find d --first 1000 --last 100000 --csv a --svg b",
         "no rate to suggest: the loss did not fall in ");
}

/* More images an update than the program's batch: 60 and 35 of 95. */
static void large_batches_come_in_parts(void **state) {
  (void)state;
  expect(0, "train d --batch 60 --epochs 1 --log-steps log", "batch 60");
  char *log = scratch_read("log", NULL);
  int lines = 0;
  for (const char *c = log; *c; c++) lines += *c == '\n';
  assert_int_equal(lines, 3);
  assert_non_null(strstr(log, "\n1,"));
  free(log);
}

static void seeds_decide_all(void **state) {
  (void)state;
  expect(0, "train d --seed 5 --out a --log-steps a.csv", "written: a/last.safetensors");
  expect(0, "train d --seed 5 --out b --log-steps b.csv", "written");
  expect(0, "train d --seed 6 --out c --log-steps c.csv", "written");
  expect_same_files("a/last.safetensors", "b/last.safetensors");
  expect_same_files("a.csv", "b.csv");
  char *a = scratch_read("a.csv", NULL), *c = scratch_read("c.csv", NULL);
  assert_string_not_equal(a, c);
  assert_memory_equal(a, "step,loss,lr\n0,", 15);
  assert_non_null(strstr(a, "\n7,")); /* 95 images: 4 steps an epoch, 2 epochs */
  assert_null(strstr(a, "\n8,"));
  free(a);
  free(c);
}

/* Softmax regression does not care in what batches its test images come. */
static void partial_batches_count_rightly(void **state) {
  (void)state;
  expect(0, "train d --out a", "written");
  char one[256], many[256];
  assert_int_equal(run("eval d --weights a/last.safetensors --batch 1"), 0);
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "loss"));
  snprintf(one, sizeof one, "%.60s", strstr(output, "loss"));
  free(output);
  assert_int_equal(run("eval d --weights a/last.safetensors --batch 30"), 0);
  output = scratch_read("output", NULL);
  snprintf(many, sizeof many, "%.60s", strstr(output, "loss"));
  free(output);
  assert_string_equal(one, many);
}

static void steps_and_limits(void **state) {
  (void)state;
  expect(0, "train d --steps 3 --no-shuffle --log-steps s.csv", "  after 3 of 4 updates\n");
  expect(0, "train d --overwrite --steps 6", "% after 6 updates, ");
  char *metrics = scratch_read("runs/fake/metrics.csv", NULL);
  assert_non_null(strstr(metrics, "\n1,"));
  assert_non_null(strstr(metrics, "\n1.5,")); /* half of the second epoch */
  free(metrics);
  expect(0, "train d --overwrite --steps 4", "% after 1 epoch, ");
  char *log = scratch_read("s.csv", NULL);
  assert_non_null(strstr(log, "\n2,"));
  assert_null(strstr(log, "\n3,"));
  free(log);
  expect(0, "train d --overwrite --limit 10 --batch 10 --epochs 1",
         "10 training and 41 test images");
  char *output = scratch_read("output", NULL);
  assert_null(strstr(output, "so an update sees all"));
  free(output);
  expect(0, "train d --overwrite --batch 96 --epochs 1",
         "fake: --batch 96 is more than the 95 training images, so an update sees all");
}

static void a_warm_up_is_a_share_of_the_training(void **state) {
  (void)state;
  expect(0, "warm train d --epochs 1 --log-steps log --lr 1",
         "fake: the warm-up lasts 0.5 instead of 1.5 epochs, its share of the model's 3");
  char *log = scratch_read("log", NULL);
  assert_non_null(strstr(log, ",0.5\n2,")); /* half of the rate in the second of four updates */
  assert_non_null(strstr(log, ",1\n3,"));
  free(log);
  expect(0, "warm train d --out two --epochs 2", "after 2 epochs");
  expect(0, "warm train d --out three --steps 2", "after 2 updates");
}

/* What a link leads to is written, whether it is there or not; the link stays. */
static void links_stay(void **state) {
  (void)state;
  assert_int_equal(system("mkdir far near && ln -s ../far/trace near/link && ln -s near/link link"),
                   0);
  for (int i = 0; i < 2; i++) {
    expect(0, "trace --out link", "");
    assert_int_equal(system("test -L link && test -L near/link && test -s far/trace"), 0);
  }
  assert_int_equal(system("rm far/trace && ln -s $PWD/far/trace absolute"), 0);
  expect(0, "trace --out absolute", "");
  assert_int_equal(system("test -L absolute && test -s far/trace && test ! -e far/trace.partial"),
                   0);
  assert_int_equal(system("ln -s one two && ln -s two one && ln -s lost/trace away"), 0);
  expect(1, "trace --out one", "one: cannot write: Too many levels of symbolic links");
  expect(1, "trace --out away", "away: cannot write: No such file or directory");
  assert_int_equal(system("test -L one && test -L two && test -L away"), 0);
}

static void runs_start_from_checkpoints(void **state) {
  (void)state;
  expect(0, "train d --epochs 12 --lr 0.1 --out a", "written");
  expect(0, "train d --epochs 1 --lr 0 --init a/last.safetensors --out b", "100.00 %");
  expect(0, "train d --epochs 1 --lr 0 --init a/last.safetensors --reinit fc --out c", "written");
  expect(0, "train d --epochs 1 --lr 0 --init a/last.safetensors --fresh fc --out e",
         "fake train: --fresh is now --reinit");
  expect(2, "train d --reinit fc", "--reinit fc: without --init FILE all layers are initialised");
  expect(2, "train d --init a/last.safetensors --reinit f", "--reinit f: neither the model nor");
  expect(0, "gradcheck d --weights a/last.safetensors", "all within");
  assert_int_equal(system("mkdir foreign && echo mine >foreign/ema.safetensors"), 0);
  expect(2, "train d --out foreign", "holds ema.safetensors, which no training");
  scratch_write("bad.safetensors", "{}", 2);
  expect(4, "train d --init bad.safetensors", "bad.safetensors: shorter than a header");
  expect(0, "eval d --flip --weights a/last.safetensors", "accuracy");
  expect(0, "predict d --flip --weights a/last.safetensors", "right");
  expect(4, "eval d --weights absent", "absent: No such file or directory");
  expect(4, "train nowhere", "nowhere: No such file or directory");
}

static void a_loss_that_explodes_ends_it(void **state) {
  (void)state;
  expect(1, "train d --lr 1e6 --log-steps s.csv", "try a smaller learning rate than --lr 1e+06");
  assert_false(scratch_exists("runs/fake/last.safetensors"));
  assert_true(scratch_exists("s.csv")); /* shows what happened */
  assert_false(scratch_exists("s.csv.partial"));
}

static void help_that_is_lost_is_a_failure(void **state) {
  (void)state;
  static const char *const commands[] = {"--help", "train --help"};
  for (int i = 0; i < 2; i++) {
    char command[200];
    snprintf(command, sizeof command,
             FAKE_PROGRAM " %s 2>&1 >/dev/full | grep -q 'cannot write standard output'",
             commands[i]);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, FAKE_PROGRAM " %s >/dev/full 2>&1; test $? = 1", commands[i]);
    assert_int_equal(system(command), 0);
  }
}

/* What standard output is appended to keeps what it had, and a file that is no log stays. */
static void a_log_overwrites_no_other_file(void **state) {
  (void)state;
  assert_int_equal(system("echo kept >all && " FAKE_PROGRAM
                          " train d --out appended --log-steps /dev/stdout >>all"),
                   0);
  char *all = scratch_read("all", NULL);
  assert_int_equal(strncmp(all, "kept\n", 5), 0);
  assert_non_null(strstr(all, "\nstep,loss,lr\n0,"));
  assert_non_null(strstr(all, "\nwritten: "));
  free(all);
  scratch_write("notes", "no log", 6);
  expect(2, "train d --out other --log-steps notes", "notes: there is a file that is no log");
  char *notes = scratch_read("notes", NULL);
  assert_string_equal(notes, "no log");
  free(notes);
  static const char other[] = "step,loss,lr\n0,2.5,0.1\nmy own words\n";
  scratch_write("notes", other, strlen(other));
  expect(2, "train d --out other --log-steps notes", "notes: there is a file that is no log");
  notes = scratch_read("notes", NULL);
  assert_string_equal(notes, other);
  free(notes);
  static const char *const others[] = {"0,my own words\n", "my own words", "1,2\n", "1,2,3,4\n"};
  for (int i = 0; i < 4; i++) {
    char text[64];
    int length = snprintf(text, sizeof text, "step,loss,lr\n%s", others[i]);
    scratch_write("notes", text, (size_t)length);
    expect(2, "train d --out other --log-steps notes", "notes: there is a file that is no log");
  }
  scratch_write("notes", other, 17); /* the last line is cut off, as by a crash */
  expect(0, "train d --out crashed --log-steps notes", "written");
  expect(2, "train d --out other --log-steps ./other/last.safetensors", "a file of its own there");
  assert_false(scratch_exists("other/last.safetensors"));
  expect(0, "train d --out other --log-steps other/steps.csv", "written");
  expect(0, "train d --overwrite --out other --log-steps other/steps.csv", "written");
}

/* Neither a full disk nor a reader that goes away costs the training; the loss of the log is
   reported once. */
static void a_log_that_cannot_be_written_costs_no_training(void **state) {
  (void)state;
  expect(0, "train d --out whole", "written");
  expect(1, "train d --out full --log-steps /dev/full", "fake: the training is saved, but its log");
  char *output = scratch_read("output", NULL);
  const char *report =
      strstr(output, "--log-steps /dev/full: cannot write: No space left on device; "
                     "the training continues without its log");
  assert_non_null(report);
  assert_null(strstr(report + 1, "--log-steps"));
  assert_non_null(strstr(output, "after 2 epochs"));
  free(output);
  expect_same_files("whole/last.safetensors", "full/last.safetensors");
  assert_int_equal(system("mkfifo pipe && (: <pipe) & sleep 0.1"), 0);
  expect(1, "train d --out piped --log-steps pipe", "cannot write: Broken pipe");
  expect_same_files("whole/last.safetensors", "piped/last.safetensors");
  expect(1, "train d --out early --log-steps missing/log", "missing/log: cannot write");
  scratch_write("file", "", 0);
  expect(1, "train d --out early --tensorboard=file", "fake: file: not a folder");
  expect(2, "train d --tensorboard-every 2", "--tensorboard-every 2: give --tensorboard, too");
  assert_false(scratch_exists("early/last.safetensors"));
}

/* What a link of /dev/fd leads to has no name of its own. */
static void results_go_through_pipes(void **state) {
  (void)state;
  expect(0, "trace --out named.safetensors", "");
  assert_int_equal(system(FAKE_PROGRAM " trace --out /dev/fd/3 3>&1 | cat >piped.safetensors"), 0);
  expect_same_files("named.safetensors", "piped.safetensors");
  /* A log that goes through one has no earlier lines to look for. */
  expect(0, "train d --out stopped --steps 1", "written");
  assert_int_equal(system(FAKE_PROGRAM
                          " train d --out stopped --resume --log-steps /dev/fd/3 3>&1 >/dev/null | "
                          "cat >log.csv"),
                   0);
  char *log = scratch_read("log.csv", NULL);
  assert_non_null(strstr(log, "step,loss,lr\n1,"));
  free(log);
}

static void a_start_that_fails_keeps_the_state_of_the_run_before(void **state) {
  (void)state;
  expect(0, "train d --out early --steps 1", "written");
  assert_true(scratch_exists("early/state.safetensors"));
  expect(1, "train d --overwrite --out early --log-steps missing/log", "missing/log: cannot write");
  expect(2, "train d --out early --resume --log-steps early/state.safetensors",
         "choose another name");
  expect(2, "train d --out early --resume --log-steps early/curves.svg", "choose another name");
  assert_int_equal(system("ulimit -f 1; " FAKE_PROGRAM " train d --overwrite --out early 2>errors"),
                   1 << 8);
  char *errors = scratch_read("errors", NULL);
  assert_non_null(strstr(errors, "File too large; the state saved before is intact"));
  free(errors);
  expect(2, "train d --out early --resume --steps 1", "has made 1 update already");
  expect(0, "train d --out early --resume", "resumed after");
}

static void interrupts_save_and_exit_130(void **state) {
  (void)state;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (!freopen("output", "w", stdout) || !freopen("errors", "w", stderr)) _exit(99);
    execl(FAKE_PROGRAM, "fake", "train", "d", "--epochs", "1000000", "--out", "a", (char *)NULL);
    _exit(99);
  }
  for (int i = 0; i < 500 && !scratch_exists("a/curves.svg"); i++) usleep(10000);
  assert_int_equal(kill(child, SIGINT), 0);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 130);
  char *output = scratch_read("output", NULL);
  assert_non_null(strstr(output, "interrupted after "));
  assert_non_null(strstr(output, "; --resume continues"));
  free(output);
  output = scratch_read("errors", NULL);
  assert_non_null(strstr(output, "fake: stopping after this update; again quits without saving\n"));
  free(output);
  expect(0, "eval d --weights a/last.safetensors", "accuracy");
}

static void gradcheck_passes(void **state) {
  (void)state;
  expect(0, "gradcheck", "all within");
  expect(0, "double gradcheck --entries 30", "all within 1e-06");
}

/* A command with another model, in a process of its own; expects an exit code and words. */
static void expect_command(const cnn_model *model, const char *command, const char *option,
                           int code, const char *words) {
  char program[] = "fake", *arguments[] = {program, strdup(command), strdup(option), NULL, NULL};
  char *space = strchr(arguments[2], ' '); /* two options */
  if (space) *space = '\0', arguments[3] = space + 1;
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (!freopen("output", "w", stdout) || dup2(fileno(stdout), STDERR_FILENO) < 0) _exit(99);
    code = cnn_main(model, space ? 4 : 3, arguments);
    fflush(NULL);
    _exit(code);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  free(arguments[1]);
  free(arguments[2]);
  char *output = scratch_read("output", NULL);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code || !strstr(output, words))
    fail_msg("exit %d instead of %d, or '%s' does not contain '%s'", WEXITSTATUS(status), code,
             output, words);
  free(output);
}

/* Only the evaluation reports the last update of an epoch. */
static void infer_nothing(const cnn_state *state, const cnn_batch *batch, float *logits) {
  (void)state;
  for (int i = 0; i < batch->count * FAKE_CLASSES; i++) logits[i] = NAN;
}
static void a_loss_that_explodes_at_last_ends_it(void **state) {
  (void)state;
  cnn_model model = fake_model;
  model.infer = infer_nothing;
  expect_command(&model, "train", "d", 1, "the loss is not a number after");
  assert_false(scratch_exists("runs/fake/last.safetensors"));
}

/* Large numbers do not move the columns of the table. */
static void infer_badly(const cnn_state *state, const cnn_batch *batch, float *logits) {
  fake_model.infer(state, batch, logits);
  for (int i = 0; i < batch->count; i++) logits[i * FAKE_CLASSES] = (float)(i % 2 ? 1e20 : -1e20);
}
static void large_losses_keep_their_columns(void **state) {
  (void)state;
  cnn_model model = fake_model;
  model.infer = infer_badly;
  expect_command(&model, "train", "d", 0, "e+19  ");
  char *output = scratch_read("output", NULL);
  const char *header = strstr(output, "    epoch  train loss"), *row = strstr(output, "      1/2");
  assert_non_null(header);
  assert_non_null(row);
  assert_int_equal(strcspn(header, "\n"), strcspn(row, "\n"));
  free(output);
}

/* A signal saves; but not weights that the update before it has ruined. */
static void ruin(const cnn_state *state, const cnn_batch *batch) {
  fake_model.train_step(state, batch);
  if (state->step < 5) return;
  ((float *)state->parameters)[7] = NAN;
  raise(SIGINT);
}
static void ruined_weights_are_not_saved(void **state) {
  (void)state;
  cnn_model model = fake_model;
  model.train_step = ruin;
  expect_command(&model, "train", "d", 1,
                 "the weights are not finite after 6 updates; what was saved before stays; try a "
                 "smaller learning rate than --lr 0.05");
  expect(0, "eval d", "accuracy");
  expect(0, "train d --resume", "resumed after 1 epoch: seed 1");
}

/* As in PyTorch: expected more than one value a channel when training. */
static void batch_norm_needs_two_numbers(void **state) {
  (void)state;
  cnn_layer layers[] = {fake_model.layers[0], {.name = "bn2", .kind = "batch_norm+relu"}};
  cnn_model model = fake_model;
  layers[1].shape[0] = FAKE_CLASSES;
  layers[1].shape[1] = layers[1].shape[2] = 1;
  model.layers = layers;
  model.layer_count = 2;
  scratch_dataset("e", 91, 41); /* three batches of 30, and one image */
  expect_command(&model, "train", "e", 2,
                 "--batch 30: of 91 images, one would be normalised alone, and batch_norm 'bn2' "
                 "sees one number a channel; choose another --batch, or --limit 90");
  expect_command(&model, "train", "d", 0, "after 2 epochs");
  layers[1].shape[1] = 2;
  assert_int_equal(system("rm -r runs"), 0);
  expect_command(&model, "train", "e", 0, "after 2 epochs");
}

/* No processor has both of the vectors that AMD made up for a while and Intel's. */
static void missing_instructions_are_named(void **state) {
  (void)state;
  const uint64_t all = ~UINT64_C(0) >> (64 - CNN_INSTRUCTION_COUNT);
  cnn_model model = fake_model;
  model.instructions = &all;
  expect_command(&model, "bench", "--seconds=0.01", 1, "fake: this processor does not have ");
  expect_command(
      &model, "bench", "--seconds=0.01", 1,
      ", which the C compiler was allowed to use (-march=native); compile the program on "
      "this machine, or build it with --target avx2, avx512 or scalar");
  model.instructions = &CNN_INSTRUCTIONS; /* of this test, which runs */
  expect_command(&model, "bench", "--seconds=0.01", 0, "a step");
}

/* Logits of such a loss are no probabilities. */
static void other_losses_have_no_calibration(void **state) {
  (void)state;
  expect(0, "train d --epochs 1", "written");
  cnn_model model = fake_model;
  model.loss = CNN_SQUARED_ERROR;
  expect_command(&model, "eval", "d", 0, "accuracy");
  char *output = scratch_read("output", NULL);
  assert_null(strstr(output, "calibration"));
  free(output);
  expect_command(&model, "eval", "d --calibration=c.svg", 2,
                 "fake: --calibration c.svg: the loss of this model makes no probabilities of "
                 "logits; leave the option out");
}

static void expect_gradcheck(const cnn_model *model, int code, const char *words) {
  expect_command(model, "gradcheck", "--threads=1", code, words);
}

/* One wrong entry among the gradients of a bias must be seen, in either precision. */
static void wrong_gradients(const cnn_model *right, const cnn_state *state,
                            const cnn_batch *batch) {
  right->gradients(state, batch);
  size_t at = right->parameters[1].offset + 3;
  if (right->real_bytes == 8)
    ((double *)state->gradients)[at] *= 1.00001;
  else
    ((float *)state->gradients)[at] *= 2;
}
static void wrong_float(const cnn_state *state, const cnn_batch *batch) {
  wrong_gradients(&fake_model, state, batch);
}
static void wrong_double(const cnn_state *state, const cnn_batch *batch) {
  wrong_gradients(&fake_model_double, state, batch);
}
static void gradcheck_sees_mistakes(void **state) {
  (void)state;
  cnn_model model = fake_model;
  model.gradients = wrong_float;
  expect_gradcheck(&model, 1, "gradient of fc.bias: relative error");
  expect_gradcheck(&model, 1, "a program made with `cnnc --real double` shows which");
  model = fake_model_double;
  model.gradients = wrong_double;
  expect_gradcheck(&model, 1, "steps of different sizes agree on another number");
}

/* The fake model with a kink of the loss in some entries of the bias, at a distance from where they
   are checked: + |w - kink|, whose derivative there is that of the right side. */
static int kinks;
static double kink_distance;
static void kinked(const cnn_state *state, const cnn_batch *batch) {
  static double at[FAKE_CLASSES];
  static bool placed;
  double *bias = (double *)state->parameters + fake_model_double.parameters[1].offset;
  double *gradient = (double *)state->gradients + fake_model_double.parameters[1].offset;
  fake_model_double.gradients(state, batch);
  for (int k = 0; k < FAKE_CLASSES && !placed; k++) at[k] = bias[k] + kink_distance;
  placed = true;
  for (int k = 0; k < kinks; k++) {
    gradient[k] += bias[k] >= at[k] ? 1 : -1;
    for (int n = 0; n < batch->count; n++)
      ((double *)state->loss)[n] += bias[k] >= at[k] ? bias[k] - at[k] : at[k] - bias[k];
  }
}

static void gradcheck_knows_kinks(void **state) {
  (void)state;
  cnn_model model = fake_model_double;
  model.gradients = kinked;
  kinks = 1;
  static const double near[] = {4e-6, 1e-6, -3e-6, 4e-7, 2e-5}; /* a smaller step decides */
  for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
    kink_distance = near[i];
    expect_gradcheck(&model, 0, "all within");
    expect_gradcheck(&model, 0, "fc.bias                              10          0 ");
  }
  kink_distance = 0; /* every difference is that of both sides: 1 less than the gradient */
  expect_gradcheck(&model, 0, "fc.bias                               9          1 ");
  kinks = 5;
  expect_gradcheck(&model, 0, "fc.bias                               5          5 ");
  kinks = 6;
  expect_gradcheck(&model, 1,
                   "fewer than half of the entries of 1 parameter could be decided: fc.bias");
}

static void bench_measures(void **state) {
  (void)state;
  expect(0, "bench --seconds 0.02 --count 3", "fake train, 3 images a step");
  expect(0, "bench --seconds 0.02 --work infer --json", "\"images_per_s\"");
  scratch_write("lines", "run train 30 2\nrun infer 31 1\nrun\nquit\nrun train 1 1\n", 49);
  expect(0, "bench --worker <lines", "ready {\"engine\": \"cnnc\", \"mode\": \"scalar\"");
  char *output = scratch_read("output", NULL);
  char *ok = strstr(output, "\nok "), *end;
  assert_non_null(ok);
  assert_true(strtod(ok + 4, &end) > 0);
  assert_true(strtol(end, NULL, 10) > 100); /* KB */
  assert_non_null(strstr(output, "\nerror COUNT is at most 30"));
  assert_non_null(strstr(output, "\nerror not a line of the form"));
  assert_null(strstr(ok + 1, "\nok ")); /* quit ends it */
  free(output);
}

static void profiles_list_every_node(void **state) {
  (void)state;
  expect(0, "profile --seconds 0 --csv p.csv --svg p.svg", "fake: training step, 30 images");
  char *csv = scratch_read("p.csv", NULL), *svg = scratch_read("p.svg", NULL);
  assert_memory_equal(csv, "layer,op,pass,ms,share,flops,bytes,", 35);
  assert_non_null(strstr(csv, "\nfc,linear,forward,"));
  assert_non_null(strstr(csv, ",470400,56144,")); /* of 30 images */
  assert_non_null(strstr(csv, "\nfc,linear_backward_weights,backward weights,"));
  assert_non_null(strstr(csv, "\nupdate,update,update,"));
  assert_non_null(strstr(svg, "fc linear_backward_weights</text>"));
  assert_non_null(strstr(svg, "</svg>\n"));
  free(csv);
  free(svg);
  expect(0, "profile --seconds 0 --top 1", "2 others");
  expect(0, "profile --seconds 0", "A step without profiling: ");
  expect(0, "profile --seconds 0 --work infer --count 1", "fake: inference, 1 image, 1 thread");
  expect(2, "profile --top 0", "--top 0");
  expect(2, "profile --work sleep", "give train or infer");
  expect(1, "profile --seconds 0 --csv missing/p.csv", "missing/p.csv");
}

static void a_profile_counts_the_nodes(void **state) {
  (void)state;
  char program[] = "fake", command[] = "profile", seconds[] = "--seconds=0";
  char *arguments[] = {program, command, seconds, NULL};
  cnn_model model = fake_model;
  model.training_node_count = 2; /* the step has 3 */
  assert_int_equal(cnn_main(&model, 3, arguments), 1);
}

static void one_thread_is_reported(void **state) {
  (void)state;
  expect(0, "gradcheck --threads 4 --entries 1", "on 1 thread instead of 4");
  assert_int_equal(run("gradcheck --threads 1 --entries 1"), 0);
  char *output = scratch_read("output", NULL);
  assert_null(strstr(output, "instead"));
  free(output);
}

static void crowds_of_threads_are_reported(void **state) {
  (void)state;
  cnn_model model = fake_model;
  model.threads_max = 1024;
  expect_command(&model, "gradcheck", "--threads=1024", 0, "will mostly wait for each other; use ");
}

static void other_machines_and_runtimes_are_rejected(void **state) {
  (void)state;
  char program[] = "fake", command[] = "summary", *arguments[] = {program, command, NULL};
  cnn_model model = fake_model;
  model.abi = CNN_ABI + 1;
  assert_int_equal(cnn_main(&model, 2, arguments), 1);
#if !defined(__x86_64__)
  model = fake_model;
  model.target = CNN_AVX2;
  arguments[1] = command;
  assert_int_equal(cnn_main(&model, 2, arguments), 1);
#endif
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(help_is_everywhere),
      TEST(mistakes_of_usage),
      TEST(training_learns_and_leaves_a_run),
      TEST(classes_keep_the_names_of_their_folders),
      TEST(evaluations_are_files_too),
      TEST(checkpoints_keep_classes_txt),
      TEST(other_classes_are_reported_apart),
      TEST(rates_are_suggested),
      TEST(large_batches_come_in_parts),
      TEST(seeds_decide_all),
      TEST(partial_batches_count_rightly),
      TEST(steps_and_limits),
      TEST(a_warm_up_is_a_share_of_the_training),
      TEST(links_stay),
      TEST(runs_start_from_checkpoints),
      TEST(a_loss_that_explodes_ends_it),
      TEST(a_loss_that_explodes_at_last_ends_it),
      TEST(large_losses_keep_their_columns),
      TEST(ruined_weights_are_not_saved),
      TEST(batch_norm_needs_two_numbers),
      TEST(missing_instructions_are_named),
      TEST(help_that_is_lost_is_a_failure),
      TEST(a_log_overwrites_no_other_file),
      TEST(a_log_that_cannot_be_written_costs_no_training),
      TEST(results_go_through_pipes),
      TEST(a_start_that_fails_keeps_the_state_of_the_run_before),
      TEST(interrupts_save_and_exit_130),
      TEST(other_losses_have_no_calibration),
      TEST(gradcheck_passes),
      TEST(gradcheck_sees_mistakes),
      TEST(gradcheck_knows_kinks),
      TEST(bench_measures),
      TEST(profiles_list_every_node),
      TEST(a_profile_counts_the_nodes),
      TEST(one_thread_is_reported),
      TEST(crowds_of_threads_are_reported),
      TEST(other_machines_and_runtimes_are_rejected),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
