/* One race: a network, a batch, a kind of work, a number of threads; all engines in turns. */
#ifndef CNNC_TURNS_H
#define CNNC_TURNS_H

#include "workers.h"

typedef struct Race {
  char net[128];
  const char *work; /* train or infer */
  int batch, threads, rounds;
  double flops; /* of an image */
  Worker *workers;
  int worker_count;
  double fma_peak[ROUNDS_MAX], bandwidth[ROUNDS_MAX]; /* a second; one a round */
  const char *instructions;                           /* of the peak */
} Race;

/* Between the quartiles of the rounds, in parts of their median. Beyond WARN a row is pointed at,
   beyond REFUSE the figures are not to be trusted. */
#define SPREAD_WARN 0.05
#define SPREAD_REFUSE 0.20

/* Starts the workers, gives each its turn round after round, ends them. While an engine spreads by
   more than SPREAD_REFUSE, all rounds are run again, at most `retries` times. Returns early if
   race_interrupted. */
void race_run(Race *race, double seconds, int retries);

double median(const double *numbers, int count);
double spread(const double *numbers, int count);

/* The largest spread of the race's engines. */
double race_noise(const Race *race);

double images_per_s(const Race *race, const Worker *worker);
double share_of_peak(const Race *race, const Worker *worker);

#endif
