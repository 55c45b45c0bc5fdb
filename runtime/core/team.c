#include "core/team.h"

#include "core/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

typedef struct answer {
  atomic_int threads;
  atomic_size_t stack; /* of the thread with the smallest */
} answer;

/* Bytes of this thread's stack; what a main thread may still get is counted. */
static size_t stack_bytes(void) {
  pthread_attr_t attributes;
  void *address;
  size_t bytes = SIZE_MAX;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return bytes;
  if (pthread_attr_getstack(&attributes, &address, &bytes) != 0) bytes = SIZE_MAX;
  pthread_attr_destroy(&attributes);
  return bytes;
}

static void ask(void *to, int thread, int threads) {
  answer *a = to;
  const size_t bytes = stack_bytes();
  size_t least = a->stack;
  if (thread == 0) a->threads = threads;
  while (bytes < least && !atomic_compare_exchange_weak(&a->stack, &least, bytes)) continue;
}

bool cnn_team_start(const cnn_model *model, cnn_state *state, cnn_error *error) {
  answer a = {1, SIZE_MAX};
  if (!model->in_team) return true;
  model->in_team(state, ask, &a);
  const int threads = a.threads;
  if (a.stack < CNN_STACK_BYTES)
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "a thread has a stack of %zu kB, but the kernels need %d kB; set "
                    "OMP_STACKSIZE=4M, and `ulimit -s` to at least 4096",
                    a.stack / 1024, CNN_STACK_BYTES / 1024);
  if (threads < state->threads)
    fprintf(stderr,
            "%s: OpenMP gives %d thread%s instead of %d; OMP_THREAD_LIMIT or OMP_DYNAMIC limits "
            "them\n",
            model->name, threads, cnn_plural(threads), state->threads);
  state->threads = threads;
  return true;
}
