/* A worker: the process of an engine, and its line protocol (docs/benchmarks.md). */
#ifndef CNNC_WORKER_H
#define CNNC_WORKER_H

#include "statistics.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { WORKER_LINE = 1024, WORKER_ARGUMENTS = 12 };

typedef struct Worker {
  const char *engine; /* engine_name */
  char mode[64];      /* as the engine names it */
  char version[256];
  bool releases;                         /* knows the line `release` */
  const char *command[WORKER_ARGUMENTS]; /* NULL at the end */
  char log[4096];                        /* file of its standard error */

  pid_t process; /* 0: none */
  int to, from;  /* pipes to its input and from its output */
  char pending[WORKER_LINE];
  int pending_bytes;
  char failure[WORKER_LINE]; /* why it does not run; empty while it does */

  int steps;                           /* of a timed run */
  double seconds_per_step[ROUNDS_MAX]; /* one a round */
  long peak_kb;
} Worker;

/* Sets the environment that all workers inherit. Waiting threads of OpenMP and BLAS spin for some
   tens of milliseconds, enough for the next parallel region of their own turn, then sleep. malloc
   keeps freed memory. */
void workers_environment(void);

/* Sets the number of threads that libraries use by default in workers started from now on. The
   command line of a worker has the number, too. */
void workers_threads(int threads);

/* Starts the process and waits until it is ready; false with the reason in worker->failure. */
bool worker_start(Worker *worker);

/* Runs `steps` steps; false with the reason in worker->failure, and the process has ended. */
bool worker_run(Worker *worker, const char *work, int count, int steps, double *seconds_per_step);

/* A worker that knows how releases its memory until the next run; false as above. */
bool worker_release(Worker *worker);

void worker_stop(Worker *worker);

/* Set by the user's interrupt; everything ends at the next chance. */
extern volatile sig_atomic_t race_interrupted;

#endif
