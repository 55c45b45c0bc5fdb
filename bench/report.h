/* What a race found: a table for the terminal, rows for a CSV file. */
#ifndef CNNC_REPORT_H
#define CNNC_REPORT_H

#include "workers.h"

#include <stdio.h>

/* One race: a network, a batch, a kind of work, a number of threads; all engines. */
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

double median(const double *numbers, int count);

void report_table(const Race *race, FILE *out);
void report_csv_header(FILE *out);
void report_csv(const Race *race, FILE *out);

/* The largest spread of the race's engines. */
double report_noise(const Race *race);

#endif
