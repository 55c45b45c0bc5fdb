#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The number that a fraction (0 to 1) of the numbers does not exceed. */
static double quantile(const double *numbers, int count, double fraction) {
  double sorted[ROUNDS_MAX];
  memcpy(sorted, numbers, (size_t)count * sizeof *sorted);
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  const double position = fraction * (count - 1);
  const int lower = (int)position, upper = lower + 1 < count ? lower + 1 : lower;
  return sorted[lower] + (position - lower) * (sorted[upper] - sorted[lower]);
}

double median(const double *numbers, int count) {
  return quantile(numbers, count, 0.5);
}

double spread(const double *numbers, int count) {
  return (quantile(numbers, count, 0.75) - quantile(numbers, count, 0.25)) / median(numbers, count);
}

void geometric_mean_add(GeometricMean *mean, double number) {
  if (!(number > 0)) return;
  mean->log_sum += log(number);
  mean->count++;
}

double geometric_mean(const GeometricMean *mean) {
  return mean->count ? exp(mean->log_sum / mean->count) : 0;
}
