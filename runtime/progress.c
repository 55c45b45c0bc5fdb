#include "progress.h"

#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 24 };
static const double REDRAW_SECONDS = 0.1;

const char *cnn_duration(char text[32], double seconds) {
  long s = (long)(seconds + 0.5);
  if (s >= 3600)
    snprintf(text, 32, "%ld h %ld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(text, 32, "%ld min %ld s", s / 60, s % 60);
  else
    snprintf(text, 32, "%ld s", s);
  return text;
}

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images) {
  *progress = (cnn_progress){
      .bar = isatty(STDOUT_FILENO), .epochs = epochs, .images = images, .start = cnn_seconds()};
}

/* Seconds to the end of the training if it goes on as it went so far. */
static double remaining(const cnn_progress *progress, int epoch, int64_t seen) {
  double done = (double)(epoch - 1) * (double)progress->images + (double)seen;
  double all = (double)progress->epochs * (double)progress->images;
  return done > 0 ? (cnn_seconds() - progress->start) * (all - done) / done : 0;
}

void cnn_progress_step(cnn_progress *progress, int epoch, int64_t seen, double loss,
                       double accuracy, double images_per_s) {
  double now = cnn_seconds();
  if (!progress->bar || now - progress->drawn < REDRAW_SECONDS) return;
  progress->drawn = now;
  char bar[BAR + 1], left[32];
  int full = (int)(seen * BAR / progress->images);
  memset(bar, '#', (size_t)full);
  memset(bar + full, '.', (size_t)(BAR - full));
  bar[BAR] = '\0';
  printf("\r\033[Kepoch %*d/%d [%s] loss %.4f  accuracy %.2f %%  %.0f images/s  %s left",
         progress->epochs > 9 ? 2 : 1, epoch, progress->epochs, bar, loss, 100 * accuracy,
         images_per_s, cnn_duration(left, remaining(progress, epoch, seen)));
  fflush(stdout);
}

void cnn_progress_epoch(cnn_progress *progress, const cnn_metrics *row) {
  if (progress->bar) printf("\r\033[K");
  printf("epoch %*d/%d  loss %.4f  accuracy %.2f %%  test loss %.4f  test accuracy %.2f %%  "
         "%.0f images/s\n",
         progress->epochs > 9 ? 2 : 1, row->epoch, progress->epochs, row->train_loss,
         100 * row->train_accuracy, row->test_loss, 100 * row->test_accuracy, row->images_per_s);
  fflush(stdout);
}
