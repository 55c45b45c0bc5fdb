#include "train/sweep.h"

#include <math.h>

double cnn_sweep_rate(const cnn_sweep *sweep, int i) {
  return sweep->first * pow(sweep->last / sweep->first, (double)i / (sweep->most - 1));
}

bool cnn_sweep_add(cnn_sweep *sweep, double loss) {
  static const double memory = 0.98, explodes = 4;
  const int i = sweep->count;
  if (!isfinite(loss)) return false;
  const double before = i > 0 ? sweep->smooth[i - 1] * (1 - pow(memory, i)) : 0;
  sweep->loss[i] = loss;
  sweep->smooth[i] = (memory * before + (1 - memory) * loss) / (1 - pow(memory, i + 1));
  if (sweep->smooth[i] < sweep->smooth[sweep->best]) sweep->best = i;
  sweep->count++;
  return sweep->count < sweep->most && sweep->smooth[i] <= explodes * sweep->smooth[sweep->best];
}

int cnn_sweep_suggest(const cnn_sweep *sweep) {
  enum { SKIPPED_FIRST = 10, SKIPPED_LAST = 1 };
  const double *s = sweep->smooth;
  const int end = sweep->count - SKIPPED_LAST;
  int steepest = -1;
  double least = 0;
  for (int i = SKIPPED_FIRST; i < end && end - SKIPPED_FIRST > 1; i++) {
    /* numpy.gradient: central differences, one-sided at both ends */
    const int before = i > SKIPPED_FIRST ? i - 1 : i, after = i + 1 < end ? i + 1 : i;
    const double slope = (s[after] - s[before]) / (after - before);
    if (slope < least) least = slope, steepest = i;
  }
  return steepest;
}
