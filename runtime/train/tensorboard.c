#include "train/tensorboard.h"

bool cnn_tensorboard_open(cnn_tensorboard *board, const char *folder, uint64_t updates, int every,
                          cnn_error *error) {
  board->every = every;
  return cnn_event_file_open(&board->file, folder, (int64_t)updates + 1, error);
}

bool cnn_tensorboard_step(cnn_tensorboard *board, uint64_t updates, double loss, double lr,
                          cnn_error *error) {
  const cnn_scalar scalars[] = {{"step/loss", loss}, {"step/lr", lr}};
  if (!board->file.open || updates % (uint64_t)board->every != 0) return true;
  return cnn_event_file_add(&board->file, (int64_t)updates, scalars, 2, error);
}

bool cnn_tensorboard_epoch(cnn_tensorboard *board, uint64_t updates, const cnn_metrics *row,
                           cnn_error *error) {
  cnn_scalar scalars[CNN_SCALARS_MAX] = {{"loss/train", row->train_loss},
                                         {"loss/test", row->test_loss},
                                         {"accuracy/train", row->train_accuracy},
                                         {"accuracy/test", row->test_accuracy},
                                         {"lr", row->lr},
                                         {"epoch", cnn_metrics_epochs(row)},
                                         {"images_per_s", row->images_per_s},
                                         {"train_s", row->train_s},
                                         {"test_s", row->test_s}};
  int count = 9;
  if (row->has_top) scalars[count++] = (cnn_scalar){"accuracy/test_top5", row->top};
  if (row->averaged) {
    scalars[count++] = (cnn_scalar){"loss/test_ema", row->average_loss};
    scalars[count++] = (cnn_scalar){"accuracy/test_ema", row->average_accuracy};
  }
  return cnn_event_file_add(&board->file, (int64_t)updates, scalars, count, error);
}

bool cnn_tensorboard_close(cnn_tensorboard *board, cnn_error *error) {
  return cnn_event_file_close(&board->file, error);
}
