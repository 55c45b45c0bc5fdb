/* Worker processes and the line protocol they speak (docs/benchmarks.md). */
#ifndef CNNC_WORKERS_H
#define CNNC_WORKERS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { WORKER_LINE = 1024, WORKER_ARGUMENTS = 12, ROUNDS_MAX = 101 };

typedef struct Worker {
  const char *engine; /* engine_name */
  char mode[64];      /* as the engine says it */
  char version[256];
  const char *command[WORKER_ARGUMENTS]; /* NULL at the end */
  char log[4096];                        /* file of its standard error */

  pid_t process; /* 0: none */
  int to, from;  /* pipes to its input and from its output */
  char pending[WORKER_LINE];
  int pending_bytes;
  char failure[WORKER_LINE]; /* why it does not run, in words; empty while it does */

  int steps;                           /* of a timed run */
  double seconds_per_step[ROUNDS_MAX]; /* one a round */
  long peak_kb;
} Worker;

/* Settings of the OpenMP and BLAS libraries that all workers inherit: threads that wait spin for
   some tens of milliseconds, enough for the next parallel region of their own turn, then sleep. */
void workers_environment(void);

/* For workers started from now on: how many threads a library takes by itself. Workers are told in
   their command line, too. */
void workers_threads(int threads);

/* Starts the process and waits until it is ready; false with the reason in worker->failure. */
bool worker_start(Worker *worker);

/* Runs `steps` steps; false with the reason in worker->failure, and the process has ended. */
bool worker_run(Worker *worker, const char *work, int count, int steps, double *seconds_per_step);

void worker_stop(Worker *worker);

/* Runs a command to its end, its output in the file `log`; its exit code, or -1. */
int command_run(const char *const *command, const char *log);

/* The last line of a file that is not empty; "" if there is none. */
void last_line(const char *path, char *line, int size);

/* Set by the user's interrupt: everything ends at the next chance. */
extern volatile sig_atomic_t race_interrupted;

#endif
