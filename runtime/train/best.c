#include "train/best.h"

#include <stddef.h>

const char *const cnn_best_words[] = {"accuracy", "loss", NULL};

static bool is_better(const cnn_best *epoch, const cnn_best *best, cnn_best_by by) {
  if (by == CNN_BEST_LOSS || epoch->accuracy == best->accuracy) return epoch->loss < best->loss;
  return epoch->accuracy > best->accuracy;
}

bool cnn_best_update(cnn_best *best, cnn_best_by by, const cnn_best *epoch) {
  if (best->epoch > 0 && !is_better(epoch, best, by)) return false;
  *best = *epoch;
  return true;
}

bool cnn_best_is_stale(const cnn_best *best, int epochs_done, int patience) {
  return patience > 0 && best->epoch > 0 && epochs_done - best->epoch >= patience;
}
