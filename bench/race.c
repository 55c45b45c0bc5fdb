#include "race.h"

#include "affinity.h"
#include "report/peak.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 100, NOISE_PAUSE_MS = 5000, LARGE_KB = 1 << 20 };

double images_per_s(const Race *race, const Worker *worker) {
  return race->batch / median(worker->seconds_per_step, race->rounds);
}

double share_of_peak(const Race *race, const Worker *worker) {
  return images_per_s(race, worker) * race->flops / median(race->fma_peak, race->rounds);
}

double race_noise(const Race *race) {
  double worst = 0;
  for (int i = 0; i < race->worker_count; i++) {
    const Worker *worker = &race->workers[i];
    if (worker->failure[0]) continue;
    worst = fmax(worst, spread(worker->seconds_per_step, race->rounds));
  }
  return worst;
}

/* --- turns ------------------------------------------------------------------------------------ */

/* One line on standard error that the next one replaces; only on a terminal. */
__attribute__((format(printf, 1, 2))) static void progress(const char *format, ...) {
  if (!isatty(STDERR_FILENO)) return;
  va_list args;
  va_start(args, format);
  fputs("\r\033[K", stderr);
  vfprintf(stderr, format, args);
  va_end(args);
}

static void sleep_ms(int ms) {
  const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

/* The first step compiles and allocates. Then the number of steps is doubled until it is known
   how many steps fill a turn. */
static bool warm_up(const Race *race, Worker *worker, double seconds) {
  double step;
  if (!worker_run(worker, race->work, race->batch, 1, &step)) return false;
  int steps = 1;
  do {
    if (!worker_run(worker, race->work, race->batch, steps, &step)) return false;
    if (step * steps >= seconds / 4) break;
    steps *= 2;
  } while (steps < 1 << 24);
  worker->steps = (int)fmax(1, seconds / step);
  return true;
}

/* A worker that holds much memory releases it, so that the others have room. */
static void release_if_large(Worker *worker) {
  if (!worker->failure[0] && worker->peak_kb > LARGE_KB) worker_release(worker);
}

static void one_turn(const Race *race, Worker *worker, int round) {
  double ignored;
  const int warm = worker->steps / 20 + 1; /* warms caches and clock, wakes threads */
  if (worker_run(worker, race->work, race->batch, warm, &ignored))
    worker_run(worker, race->work, race->batch, worker->steps, &worker->seconds_per_step[round]);
}

static void run_rounds(Race *race) {
  for (int round = 0; round < race->rounds && !race_interrupted; round++) {
    sleep_ms(PAUSE_MS); /* the threads of the worker before fall asleep */
    race->fma_peak[round] = cnn_peak_fma(race->threads, &race->instructions);
    race->bandwidth[round] = cnn_peak_bandwidth(race->threads);
    progress("%s, batch %d, %s, %d threads: round %d of %d", race->net, race->batch, race->work,
             race->threads, round + 1, race->rounds);
    for (int i = 0; i < race->worker_count; i++) {
      Worker *worker = &race->workers[(i + round) % race->worker_count];
      if (worker->failure[0]) continue;
      sleep_ms(PAUSE_MS);
      one_turn(race, worker, round);
      release_if_large(worker);
    }
  }
}

void race_run(Race *race, double seconds, int retries) {
  use_processors(race->threads);
  workers_threads(race->threads);
  for (int i = 0; i < race->worker_count && !race_interrupted; i++) {
    Worker *worker = &race->workers[i];
    progress("%s, batch %d, %s, %d threads: %s %s warms up", race->net, race->batch, race->work,
             race->threads, worker->engine, worker->mode);
    if (worker_start(worker)) warm_up(race, worker, seconds);
    release_if_large(worker);
  }
  run_rounds(race);
  for (int i = 0; i < retries && race_noise(race) > SPREAD_REJECT && !race_interrupted; i++) {
    sleep_ms(NOISE_PAUSE_MS); /* the disturbance may be over */
    run_rounds(race);
  }
  progress("%s", "");
  for (int i = 0; i < race->worker_count; i++) worker_stop(&race->workers[i]);
  use_processors(processors());
}
