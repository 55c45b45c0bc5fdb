#include "report/progress.h"

#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_LEAST = 4, BAR_MOST = 24, COUNT_COLUMNS = 11 };
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

void cnn_progress_flush(void) {
  if (fflush(stdout) == 0 || errno != EPIPE) return;
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  dup2(nowhere, STDOUT_FILENO);
  close(nowhere);
  clearerr(stdout);
  fflush(stdout); /* what the reader missed */
}

/* A loss in ten columns, however large it is. */
static const char *loss_text(char text[16], double loss) {
  snprintf(text, 16, fabs(loss) < 99999 ? "%.4f" : "%.3e", loss);
  return text;
}

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images, int64_t before) {
  *progress = (cnn_progress){.bar = isatty(STDOUT_FILENO),
                             .epochs = epochs,
                             .images = images,
                             .before = before,
                             .start = cnn_seconds()};
  printf("%9s  %10s  %9s  %10s  %9s  %9s\n", "epoch", "train loss", "accuracy", "test loss",
         "accuracy", "images/s");
  cnn_progress_flush();
}

/* Seconds to the end of the training at the present speed. */
static double remaining(const cnn_progress *progress, int epoch, int64_t seen) {
  double done = (double)(epoch - 1) * (double)progress->images + (double)seen;
  double all = (double)progress->epochs * (double)progress->images;
  double since = done - (double)progress->before;
  return since > 0 ? (cnn_seconds() - progress->start) * (all - done) / since : 0;
}

static int terminal_columns(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* "[###....] ", as long as fits into `columns`; nothing if that is too short. */
static void draw_bar(char text[BAR_MOST + 4], int columns, int64_t seen, int64_t all) {
  int length = columns - 3 < BAR_MOST ? columns - 3 : BAR_MOST;
  text[0] = '\0';
  if (length < BAR_LEAST) return;
  int full = (int)(seen * length / all);
  text[0] = '[';
  memset(text + 1, '#', (size_t)full);
  memset(text + 1 + full, '.', (size_t)(length - full));
  snprintf(text + 1 + length, 3, "] ");
}

void cnn_progress_step(cnn_progress *progress, int epoch, int64_t seen, double loss,
                       double accuracy, double images_per_s) {
  double now = cnn_seconds();
  if (!progress->bar || now - progress->drawn < REDRAW_SECONDS) return;
  progress->drawn = now;
  char count[24], text[128], bar[BAR_MOST + 4], left[32], number[16];
  snprintf(count, sizeof count, "%d/%d", epoch, progress->epochs);
  cnn_duration(left, remaining(progress, epoch, seen));
  int length = snprintf(text, sizeof text, "loss %s  accuracy %.2f %%  %.0f images/s  %s left",
                        loss_text(number, loss), 100 * accuracy, images_per_s, left);
  int columns = terminal_columns() - 1; /* in the last column the cursor would wrap */
  draw_bar(bar, columns - COUNT_COLUMNS - length, seen, progress->images);
  printf("\r\033[K%*s  %s%.*s", COUNT_COLUMNS - 2, count, bar,
         columns > COUNT_COLUMNS ? columns - COUNT_COLUMNS : 0, text);
  cnn_progress_flush();
}

void cnn_progress_epoch(cnn_progress *progress, const cnn_metrics *row) {
  char count[24], train[16], test[16], average[16];
  cnn_progress_end(progress);
  snprintf(count, sizeof count, "%d/%d", row->epoch, progress->epochs);
  printf("%*s  %10s  %7.2f %%  %10s  %7.2f %%  %9.0f", COUNT_COLUMNS - 2, count,
         loss_text(train, row->train_loss), 100 * row->train_accuracy,
         loss_text(test, row->test_loss), 100 * row->test_accuracy, row->images_per_s);
  if (cnn_metrics_is_part(row))
    printf("  after %lld of %lld updates", (long long)row->updates, (long long)row->all_updates);
  if (row->averaged)
    printf("  averaged weights %s  %.2f %%", loss_text(average, row->average_loss),
           100 * row->average_accuracy);
  printf("\n");
  cnn_progress_flush();
}

void cnn_progress_end(cnn_progress *progress) {
  if (progress->bar) printf("\r\033[K");
}
