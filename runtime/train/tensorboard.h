/* What a training writes for TensorBoard. Steps are updates done, in all tags, so that a resumed
   run goes on where it was. */
#ifndef CNN_TENSORBOARD_H
#define CNN_TENSORBOARD_H

#include "report/event_file.h"
#include "report/metrics.h"

typedef struct cnn_tensorboard {
  cnn_event_file file;
  int every; /* updates */
} cnn_tensorboard;

/* updates: those done before. every: write step/loss and step/lr after so many. */
bool cnn_tensorboard_open(cnn_tensorboard *board, const char *folder, uint64_t updates, int every,
                          cnn_error *error);

/* All do nothing if no file is open. */
bool cnn_tensorboard_step(cnn_tensorboard *board, uint64_t updates, double loss, double lr,
                          cnn_error *error);
/* loss/train, loss/test, accuracy/train, accuracy/test, lr, epoch and so on. */
bool cnn_tensorboard_epoch(cnn_tensorboard *board, uint64_t updates, const cnn_metrics *row,
                           cnn_error *error);
bool cnn_tensorboard_close(cnn_tensorboard *board, cnn_error *error);

#endif
