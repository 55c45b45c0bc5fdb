#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/name_reader.h"
#include "scratch.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* `predict` from outside, in a folder with weights, and a folder "p" of 70 images, three batches,
   of which p/05.jpg is damaged and p/40.jpg is a text. */
static int fresh(void **state) {
  char path[32];
  if (scratch_open(state) != 0) return -1;
  scratch_dataset("d", 95, 41);
  if (system(FAKE_PROGRAM " train d >training 2>&1 && mkdir p empty") != 0) return -1;
  for (int i = 0; i < 70; i++) {
    const unsigned char tone = (unsigned char)(3 * i);
    snprintf(path, sizeof path, "p/%02d.jpg", i);
    scratch_jpeg(path, 28, (const unsigned char[]){tone, tone, tone});
  }
  scratch_write("p/40.jpg", "text", 4);
  return system("truncate -s 300 p/05.jpg");
}

/* Runs the program, its output to "output", its errors to "errors". Returns the output; free it. */
static char *run(int code, const char *arguments) {
  char command[1024];
  snprintf(command, sizeof command, "%s predict %s >output 2>errors", FAKE_PROGRAM, arguments);
  const int status = system(command);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
    fail_msg("%s: exit %d instead of %d: %s", arguments, WEXITSTATUS(status), code,
             scratch_read("errors", NULL));
  return scratch_read("output", NULL);
}

static void expect_errors(const char *words) {
  char *errors = scratch_read("errors", NULL);
  if (!strstr(errors, words)) fail_msg("'%s' does not contain '%s'", errors, words);
  free(errors);
}

static int lines_of(const char *text) {
  int lines = 0;
  for (; *text; text++) lines += *text == '\n';
  return lines;
}

/* The images behind a damaged one are predicted, and the exit code reports it. */
static void bad_files_among_many_cost_themselves_alone(void **state) {
  (void)state;
  char *text = run(4, "p --count 0");
  assert_int_equal(lines_of(text), 68);
  assert_null(strstr(text, "05.jpg"));
  assert_non_null(strstr(text, "\n06.jpg  "));
  assert_non_null(strstr(text, "\n69.jpg  "));
  free(text);
  expect_errors("fake: p/05.jpg: ");
  expect_errors("fake: p/40.jpg: ");
  expect_errors("\nfake: 2 of 70 images could not be predicted\n");
  text = run(4, "absent.jpg p/07.jpg --top 1");
  assert_int_equal(strncmp(text, "p/07.jpg  ", 10), 0);
  free(text);
  expect_errors("fake: absent.jpg: No such file or directory\n");
  text = run(4, "absent.jpg"); /* the reason alone */
  assert_string_equal(text, "");
  free(text);
  char *errors = scratch_read("errors", NULL);
  assert_null(strstr(errors, "could not be predicted"));
  free(errors);
  text = run(0, "p --count 5");
  assert_non_null(strstr(text, "\nthe first 5 of 70 images; --count 0 shows all\n"));
  free(text);
}

/* A part of a data set is read batch by batch, too; here each class has its own folder. */
static void labelled_images_are_read_one_by_one(void **state) {
  (void)state;
  assert_int_equal(system("mkdir -p s/test/0 s/test/1 && cp p/0*.jpg s/test/0 && cp p/1*.jpg "
                          "s/test/1 && for k in 0 1 2 3 4 5 6 7 8 9; do mkdir -p s/train/$k; done"),
                   0);
  char *text = run(4, "s --count 0 --top 1");
  assert_int_equal(lines_of(text), 19);
  assert_int_equal(strncmp(text, "0/00.jpg  ", 10), 0);
  assert_non_null(strstr(text, "\n1/10.jpg  "));
  assert_non_null(strstr(text, " (is 1)\n"));
  free(text);
  expect_errors("fake: s/test/0/05.jpg: ");
  text = run(0, "s --count 3 --json");
  assert_int_equal(lines_of(text), 3);
  assert_int_equal(strncmp(text, "{\"image\":\"s/test/0/00.jpg\",", 27), 0);
  assert_non_null(strstr(text, ",\"label\":1,\"right\":"));
  free(text);
  text = run(0, "s --count 3");
  assert_non_null(strstr(text, "\nthe first 3 of 20 images; --count 0 shows all\n"));
  free(text);
  assert_int_equal(system("mkdir s/test/z"), 0);
  free(run(4, "s"));
  expect_errors(
      "fake: s/test/z: no class of the training images has this name; those are 0 to 9\n");
}

static void folders_without_images_are_reported(void **state) {
  (void)state;
  free(run(4, "empty"));
  expect_errors("fake: empty: neither images nor a data set in it; name a folder that holds JPEG, "
                "PNG or WebP files itself, or the folder of a data set\n");
  char *text = run(4, "empty p/07.jpg");
  assert_non_null(strstr(text, "p/07.jpg  "));
  free(text);
}

/* A row for every image, in the order of the images, as JSON. */
static void rows_are_json(void **state) {
  (void)state;
  char *text = run(4, "p --json --top 2");
  assert_int_equal(lines_of(text), 70);
  char *line = text;
  for (int i = 0; i < 70; i++) {
    char name[32];
    char *end = strchr(line, '\n');
    *end = '\0';
    cJSON *row = cJSON_Parse(line);
    assert_non_null(row);
    snprintf(name, sizeof name, "p/%02d.jpg", i);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "image")), name);
    const bool bad = i == 5 || i == 40;
    assert_int_equal(cJSON_HasObjectItem(row, "error"), bad);
    const cJSON *classes = cJSON_GetObjectItem(row, "classes");
    assert_int_equal(cJSON_GetArraySize(classes), bad ? 0 : 2);
    if (!bad)
      assert_true(
          cJSON_IsNumber(cJSON_GetObjectItem(cJSON_GetArrayItem(classes, 1), "probability")));
    cJSON_Delete(row);
    line = end + 1;
  }
  free(text);
  text = run(0, "d --json=rows");
  assert_string_equal(text, "");
  free(text);
  char *rows = scratch_read("rows", NULL);
  assert_int_equal(lines_of(rows), 41);
  assert_int_equal(strncmp(rows, "{\"image\":\"d 0\",\"classes\":[{\"class\":", 34), 0);
  assert_non_null(strstr(rows, "],\"label\":0,\"right\":true}\n"));
  free(rows);
}

/* Names are any bytes; the output is UTF-8, and fields are quoted. */
static void rows_are_csv(void **state) {
  (void)state;
  assert_int_equal(system("cp p/07.jpg \"$(printf 'a,\"\\377\\n.jpg')\""), 0);
  scratch_write("classes", "a\nb\nc\nd\ne\nf\ng\nh\n\"i\"\nj\n", 22);
  char *text = run(4, "a,* p/40.jpg d --count 1 --classes classes --csv --top 1");
  assert_non_null(strstr(text, "image,error,label,class1,name1,probability1\n"
                               "\"a,\"\"\xef\xbf\xbd\xef\xbf\xbd.jpg\",,,"));
  assert_non_null(strstr(text, "\np/40.jpg,"));
  assert_non_null(strstr(text, ",,,,\nd 0,,0,"));
  free(text);
  free(run(2, "p --csv --json"));
  expect_errors("one of --json and --csv is enough; leave one out");
  free(run(2, "p/07.jpg --csv=p/07.jpg"));
  expect_errors("p/07.jpg: would be written over p/07.jpg, which is read");
  free(run(1, "p/07.jpg --csv=absent/rows"));
  expect_errors("absent/rows: cannot write: No such file or directory");
  free(run(1, "p/07.jpg --csv=/dev/full"));
  expect_errors("/dev/full: cannot write: No space left on device");
}

/* --- names on standard input ------------------------------------------------------------------ */

typedef struct coprocess {
  pid_t child;
  int in, out;
} coprocess;

static coprocess start(void) {
  int in[2], out[2];
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  fflush(NULL);
  const coprocess c = {fork(), in[1], out[0]};
  assert_true(c.child >= 0);
  if (c.child == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in[1]);
    close(out[0]);
    execl(FAKE_PROGRAM, "fake", "predict", "--json", "--top", "1", "-", (char *)NULL);
    _exit(99);
  }
  close(in[0]);
  close(out[1]);
  return c;
}

/* What is answered to `names`, within 20 seconds: `lines` lines. */
static void ask(const coprocess *c, const char *names, int lines, char *answer, size_t size) {
  assert_int_equal(write(c->in, names, strlen(names)), strlen(names));
  size_t used = 0;
  answer[0] = '\0';
  while (lines_of(answer) < lines) {
    struct pollfd state = {.fd = c->out, .events = POLLIN};
    assert_int_equal(poll(&state, 1, 20000), 1);
    const ssize_t got = read(c->out, answer + used, size - 1 - used);
    assert_true(got > 0);
    used += (size_t)got;
    answer[used] = '\0';
  }
  assert_int_equal(lines_of(answer), lines);
}

/* The program stays loaded, and answers each name at once. */
static void a_program_that_waits_answers_at_once(void **state) {
  (void)state;
  char answer[8192];
  const coprocess c = start();
  ask(&c, "p/07.jpg\n", 1, answer, sizeof answer);
  assert_int_equal(strncmp(answer, "{\"image\":\"p/07.jpg\",\"classes\":", 30), 0);
  ask(&c, "\n", 1, answer, sizeof answer);
  assert_string_equal(answer,
                      "{\"image\":\"\",\"error\":\"an empty name; give the name of an image "
                      "file\"}\n");
  ask(&c, "p/05.jpg\np/08.jpg\np/09.jpg\n", 3, answer, sizeof answer);
  assert_int_equal(strncmp(answer, "{\"image\":\"p/05.jpg\",\"error\":", 27), 0);
  assert_non_null(strstr(answer, "{\"image\":\"p/09.jpg\",\"classes\":"));
  ask(&c, "p", 0, answer, sizeof answer); /* half of a name */
  ask(&c, "/10.jpg\n", 1, answer, sizeof answer);
  assert_int_equal(strncmp(answer, "{\"image\":\"p/10.jpg\",\"classes\":", 30), 0);
  close(c.in);
  int status;
  assert_int_equal(waitpid(c.child, &status, 0), c.child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 4);
  close(c.out);
}

static void names_end_with_zeros_too(void **state) {
  (void)state;
  assert_int_equal(system("cp p/07.jpg \"$(printf 'two\\nlines.jpg')\""), 0);
  scratch_write("names", "two\nlines.jpg\0p/09.jpg", 22); /* the last without its end */
  char *text = run(0, "-0 --top 1 - <names");
  assert_int_equal(lines_of(text), 2);
  assert_int_equal(strncmp(text, "two\xef\xbf\xbdlines.jpg  ", 17), 0);
  assert_non_null(strstr(text, "\np/09.jpg  "));
  free(text);
  scratch_write("names", "p/07.jpg\np/08.jpg\np/09.jpg\n", 27);
  text = run(0, "--count 2 --top 1 - <names");
  assert_int_equal(lines_of(text), 2);
  free(text);
}

/* Names of any length, in pieces of any length. */
static void names_arrive_in_any_pieces(void **state) {
  (void)state;
  static cnn_name_reader reader;
  static char long_name[3 * PATH_MAX + 2];
  const char *name;
  cnn_error error = {0};
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  cnn_name_reader_open(&reader, ends[0], '\n');
  assert_int_equal(cnn_name_reader_next(&reader, false, &name, &error), CNN_NAME_LATER);
  assert_int_equal(write(ends[1], "ab", 2), 2);
  assert_int_equal(cnn_name_reader_next(&reader, false, &name, &error), CNN_NAME_LATER);
  assert_int_equal(write(ends[1], "c\nd\n\n", 5), 5);
  static const char *const names[] = {"abc", "d", ""};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(cnn_name_reader_next(&reader, false, &name, &error), CNN_NAME);
    assert_string_equal(name, names[i]);
  }
  memset(long_name, 'x', sizeof long_name);
  long_name[sizeof long_name - 2] = '\n';
  long_name[sizeof long_name - 1] = 'y';
  assert_int_equal(write(ends[1], long_name, sizeof long_name), sizeof long_name);
  assert_int_equal(cnn_name_reader_next(&reader, true, &name, &error), CNN_NAME_TOO_LONG);
  assert_int_equal(cnn_name_reader_next(&reader, false, &name, &error), CNN_NAME_LATER);
  close(ends[1]);
  assert_int_equal(cnn_name_reader_next(&reader, true, &name, &error), CNN_NAME);
  assert_string_equal(name, "y");
  assert_int_equal(cnn_name_reader_next(&reader, true, &name, &error), CNN_NAME_END);
  assert_int_equal(cnn_name_reader_next(&reader, true, &name, &error), CNN_NAME_END);
  close(ends[0]);
  cnn_name_reader_open(&reader, ends[0], '\n');
  assert_int_equal(cnn_name_reader_next(&reader, true, &name, &error), CNN_NAME_FAILED);
  assert_string_equal(error.message, "cannot read names from standard input: Bad file descriptor");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_files_among_many_cost_themselves_alone),
      cmocka_unit_test(labelled_images_are_read_one_by_one),
      cmocka_unit_test(folders_without_images_are_reported),
      cmocka_unit_test(rows_are_json),
      cmocka_unit_test(rows_are_csv),
      cmocka_unit_test(a_program_that_waits_answers_at_once),
      cmocka_unit_test(names_end_with_zeros_too),
      cmocka_unit_test(names_arrive_in_any_pieces),
  };
  return cmocka_run_group_tests(tests, fresh, scratch_close);
}
