#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/team.h"
#include "fake_model.h"
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int given;           /* threads */
static size_t stack = 4096; /* kB of each */

typedef struct call {
  void (*work)(void *context, int thread, int threads);
  void *context;
  int thread;
} call;

static void *run(void *data) {
  const call *c = data;
  c->work(c->context, c->thread, given);
  return NULL;
}

/* As OpenMP: `given` threads, whatever is wanted. */
static void in_team(const cnn_state *state, void (*work)(void *context, int thread, int threads),
                    void *context) {
  (void)state;
  for (int i = 0; i < given; i++) {
    pthread_t thread;
    pthread_attr_t attributes;
    call c = {work, context, i};
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, stack * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, run, &c), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
  }
}

/* Starts a team of three, its messages to a file. */
static bool start(cnn_state *state, cnn_error *error) {
  cnn_model model = fake_model;
  model.in_team = in_team;
  *state = (cnn_state){.threads = 3};
  *error = (cnn_error){0};
  const int kept = dup(STDERR_FILENO);
  const int file = open("messages", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  dup2(file, STDERR_FILENO);
  const bool good = cnn_team_start(&model, state, error);
  dup2(kept, STDERR_FILENO);
  close(kept);
  close(file);
  return good;
}

static void expect_messages(const char *words) {
  char *messages = scratch_read("messages", NULL);
  assert_string_equal(messages, words);
  free(messages);
}

static void what_openmp_gives_is_used(void **test) {
  (void)test;
  cnn_state state;
  cnn_error error;
  given = 3;
  assert_true(start(&state, &error));
  assert_int_equal(state.threads, 3);
  expect_messages("");
  given = 1;
  assert_true(start(&state, &error));
  assert_int_equal(state.threads, 1);
  expect_messages(
      "fake: OpenMP gives 1 thread instead of 3; OMP_THREAD_LIMIT or OMP_DYNAMIC limits "
      "them\n");
}

static void small_stacks_are_an_error(void **test) {
  (void)test;
  cnn_state state;
  cnn_error error;
  given = 2;
  stack = 64;
  assert_false(start(&state, &error));
  assert_int_equal(error.code, CNN_EXIT_FAILED);
  assert_non_null(strstr(error.message, " kB, but the kernels need 1024 kB; set OMP_STACKSIZE=4M, "
                                        "and `ulimit -s` to at least 4096"));
  stack = 4096;
}

static void without_threads_nothing_is_asked(void **test) {
  (void)test;
  cnn_state state = {.threads = 1};
  cnn_error error = {0};
  assert_true(cnn_team_start(&fake_model, &state, &error));
  assert_int_equal(state.threads, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_openmp_gives_is_used),
      cmocka_unit_test(small_stacks_are_an_error),
      cmocka_unit_test(without_threads_nothing_is_asked),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
