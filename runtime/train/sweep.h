/* The learning-rate range test (Smith, "Cyclical learning rates", 2017, section 3.3): updates at
   rates that grow exponentially, until the loss explodes. With the constants of fastai's lr_find
   and of Lightning's Tuner.lr_find. */
#ifndef CNN_SWEEP_H
#define CNN_SWEEP_H

#include <stdbool.h>

typedef struct cnn_sweep {
  double first, last; /* rates, above 0 */
  int most;           /* updates, at least 2 */
  double *loss;       /* [most], of the batch, before the update */
  double *smooth;     /* [most]: exponential moving average, corrected for its start at 0 */
  int count;          /* updates done */
  int best;           /* index of the least smooth loss */
} cnn_sweep;

/* The rate of update i: first * (last / first)^(i / (most - 1)). */
double cnn_sweep_rate(const cnn_sweep *sweep, int i);

/* Adds the loss of the next update. False: the sweep ends, because it is complete, the smooth loss
   is more than four times the best, or the loss is not finite (then it is not added). */
bool cnn_sweep_add(cnn_sweep *sweep, double loss);

/* The index where the smooth loss falls most steeply over the logarithm of the rate, without the
   first ten and the last update (Lightning's suggestion); -1: too few updates, or it never falls.
 */
int cnn_sweep_suggest(const cnn_sweep *sweep);

#endif
