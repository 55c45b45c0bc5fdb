/* The best epoch of a training, by its validation. */
#ifndef CNN_BEST_H
#define CNN_BEST_H

#include <stdbool.h>

/* accuracy: the highest, and of equal ones that with the lower loss. loss: the lowest. The earlier
   of epochs that are equal in both. */
typedef enum cnn_best_by { CNN_BEST_ACCURACY, CNN_BEST_LOSS } cnn_best_by;
extern const char *const cnn_best_words[]; /* "accuracy", "loss", NULL */

typedef struct cnn_best {
  int epoch; /* from 1; 0: there is none yet */
  double loss, accuracy;
} cnn_best;

/* Whether an epoch is better than all before it; it is then the best. */
bool cnn_best_update(cnn_best *best, cnn_best_by by, const cnn_best *epoch);

/* Whether the last `patience` epochs were all no better than the best; 0: never. */
bool cnn_best_is_stale(const cnn_best *best, int epochs_done, int patience);

#endif
