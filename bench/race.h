/* One race: all engines in turns on one network, batch, kind of work and number of threads. */
#ifndef CNNC_RACE_H
#define CNNC_RACE_H

#include "statistics.h"
#include "worker.h"

typedef struct Race {
  char net[128];
  const char *work; /* train or infer */
  int batch, threads, rounds;
  double flops; /* of one image */
  Worker *workers;
  int worker_count;
  double fma_peak[ROUNDS_MAX];  /* FLOP/s, one a round */
  double bandwidth[ROUNDS_MAX]; /* bytes a second, one a round */
  const char *instructions;     /* instruction set of fma_peak */
} Race;

/* Limits of `spread` over the rounds of an engine. Above WARN its row is marked, above REJECT the
   figures are not used. */
#define SPREAD_WARN 0.05
#define SPREAD_REJECT 0.20

/* Starts the workers, runs each once a round for about `seconds`, stops them. While an engine's
   spread is above SPREAD_REJECT, all rounds are run again, at most `retries` times. Returns early
   if race_interrupted. */
void race_run(Race *race, double seconds, int retries);

/* The largest spread of the race's engines. */
double race_noise(const Race *race);

/* From the median of the rounds. */
double images_per_s(const Race *race, const Worker *worker);

/* Of the FMA peak, 0 to 1. */
double share_of_peak(const Race *race, const Worker *worker);

#endif
