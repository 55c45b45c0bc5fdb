#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function" /* without a parallel region */
#ifdef _OPENMP
#include <omp.h>
#else
static inline int omp_get_thread_num(void) { return 0; }
static inline int omp_get_num_threads(void) { return 1; }
#endif
#pragma GCC diagnostic pop

/* Who works: this thread of `threads`, on a batch of `groups` vectors of images. */
typedef struct team {
  int thread, threads, groups;
} team;

typedef struct span {
  int begin, end;
} span;

/* This thread's part of the pieces of work: contiguous, the same in every call. */
static inline span share(int pieces, team t) {
  return (span){(int)((int64_t)pieces * t.thread / t.threads),
                (int)((int64_t)pieces * (t.thread + 1) / t.threads)};
}
