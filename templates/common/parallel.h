/* Threads: the team of a kernel, its work items, and barriers. */
#ifndef CNN_PARALLEL_H
#define CNN_PARALLEL_H

#include "attributes.h"
#include "integers.h"

#include <cnn.h>

#include <stdint.h>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* PARALLEL(threads) { ... } runs its block once in every thread. Without OpenMP there is one. */
#if defined(_OPENMP)
#define PARALLEL(threads) PRAGMA(omp parallel num_threads(threads))
enum { THREADS_MAX = 4096 };
#else
#define PARALLEL(threads)
enum { THREADS_MAX = 1 };
#endif

/* Who works: this thread of `threads`, on a batch of `groups` images (channel-blocked) or groups of
   LANES images (batch-blocked). */
typedef struct team {
  int thread;
  int threads;
  int groups;
} team;

/* This thread's part of the work items: contiguous, the same in every call. */
static inline span work_range(int items, team t) {
  return (span){(int)((int64_t)items * t.thread / t.threads),
                (int)((int64_t)items * (t.thread + 1) / t.threads)};
}

static inline void barrier(void) {
#if defined(_OPENMP)
#pragma omp barrier
#endif
}

/* Between a kernel and the next: waits until every thread has arrived, and until the observer, if
   any, has returned. */
static inline void next(team t, const cnn_state *state) {
  barrier();
  if (!state->observe) return;
  if (t.thread == 0) state->observe(state->observer);
  barrier();
}

/* Behind each kernel of a step. */
#define NEXT next(t, state)

/* The team of a parallel region, called inside it. Denormal numbers count as 0 from here on: they
   carry nothing that training needs, and many processors take a hundred cycles for each. */
static inline team join_team(int groups) {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
  team t = {0, 1, groups};
#if defined(_OPENMP)
  t.thread = omp_get_thread_num();
  t.threads = omp_get_num_threads();
#endif
  return t;
}

#endif
