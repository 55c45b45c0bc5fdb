/* What the race computes from the times of its rounds. */
#ifndef CNNC_STATISTICS_H
#define CNNC_STATISTICS_H

/* The most numbers of median and spread. */
enum { ROUNDS_MAX = 101 };

/* Of 1 to ROUNDS_MAX numbers; of an even count the mean of the two in the middle. */
double median(const double *numbers, int count);

/* The interquartile range divided by the median, so that one disturbed round does not count.
   Quantiles between two numbers are interpolated linearly (method 7 of Hyndman and Fan, "Sample
   Quantiles in Statistical Packages", 1996). */
double spread(const double *numbers, int count);

/* The geometric mean of numbers that come one by one. */
typedef struct GeometricMean {
  double log_sum;
  int count;
} GeometricMean;

/* Numbers that are not above 0 stand for a race that did not run, and are left out. */
void geometric_mean_add(GeometricMean *mean, double number);

/* 0 if no number was added. */
double geometric_mean(const GeometricMean *mean);

#endif
