#include "report/progress.h"

#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_LEAST = 4, BAR_MOST = 24, COUNT_COLUMNS = 11, CELL = 48 };
static const double LIVE_SECONDS = 0.1, CALM_SECONDS = 60;

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

/* --- the terminal ----------------------------------------------------------------------------- */

static bool is_terminal(void) {
  const char *kind = getenv("TERM");
  return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

/* Its columns at the moment, or the variable COLUMNS, if that is less. */
static int terminal_columns(void) {
  enum { USUAL = 80 };
  const char *variable = getenv("COLUMNS");
  const long wanted = variable ? strtol(variable, NULL, 10) : 0;
  struct winsize size = {0};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const int columns = known ? size.ws_col : wanted > 0 ? INT32_MAX : USUAL;
  return wanted > 0 && wanted < columns ? (int)wanted : columns;
}

/* --- the table -------------------------------------------------------------------------------- */

typedef enum cell { EPOCH, TRAIN_LOSS, TRAIN_ACCURACY, TEST_LOSS, TEST_ACCURACY, SPEED } cell;
enum { CELLS = SPEED + 1, BETWEEN = 2 };
static const struct {
  const char *title;
  int width;
} TABLE[CELLS] = {{"epoch", COUNT_COLUMNS - BETWEEN},
                  {"train loss", 10},
                  {"accuracy", 9},
                  {"test loss", 10},
                  {"accuracy", 9},
                  {"images/s", 9}};

/* The cells that fit: the epoch and its test accuracy always. */
static unsigned choose_cells(int columns) {
  static const cell DROPPED[] = {SPEED, TRAIN_ACCURACY, TRAIN_LOSS, TEST_LOSS};
  unsigned cells = (1U << CELLS) - 1;
  int width = -BETWEEN;
  for (int i = 0; i < CELLS; i++) width += TABLE[i].width + BETWEEN;
  for (size_t i = 0; i < sizeof DROPPED / sizeof *DROPPED && width > columns; i++) {
    cells &= ~(1U << DROPPED[i]);
    width -= TABLE[DROPPED[i]].width + BETWEEN;
  }
  return cells;
}

/* Prints those of the cells that the table has, and returns the width of the line. */
static int print_line(const cnn_progress *progress, char text[CELLS][CELL]) {
  int width = 0;
  for (int i = 0; i < CELLS; i++)
    if (progress->table & 1U << i)
      width += printf("%*s%*s", i > 0 ? BETWEEN : 0, "", TABLE[i].width, text[i]);
  return width;
}

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images, int64_t before) {
  const bool live = is_terminal();
  const double now = cnn_seconds();
  const int columns = live ? terminal_columns() : INT32_MAX;
  *progress = (cnn_progress){.live = live,
                             .epochs = epochs,
                             .images = images,
                             .before = before,
                             .start = now,
                             .drawn = live ? 0 : now,
                             .interval = live ? LIVE_SECONDS : CALM_SECONDS,
                             .table = choose_cells(columns),
                             .columns = (unsigned)columns};
  char text[CELLS][CELL];
  for (int i = 0; i < CELLS; i++) snprintf(text[i], CELL, "%s", TABLE[i].title);
  print_line(progress, text);
  printf("\n");
  cnn_progress_flush();
}

/* What belongs to some lines alone stands behind the others, or on a line of its own. */
static void print_behind(const cnn_progress *progress, int *width, const char *text) {
  const int length = BETWEEN + (int)strlen(text);
  const bool fits = *width + length <= (int)progress->columns;
  printf("%s%*s%s", fits ? "" : "\n", fits ? BETWEEN : COUNT_COLUMNS, "", text);
  *width = fits ? *width + length : COUNT_COLUMNS - BETWEEN + length;
}

void cnn_progress_epoch(cnn_progress *progress, const cnn_metrics *row) {
  char text[CELLS][CELL], number[16], more[64];
  snprintf(text[EPOCH], CELL, "%d/%d", row->epoch, progress->epochs);
  snprintf(text[TRAIN_LOSS], CELL, "%s", loss_text(number, row->train_loss));
  snprintf(text[TRAIN_ACCURACY], CELL, "%.2f %%", 100 * row->train_accuracy);
  snprintf(text[TEST_LOSS], CELL, "%s", loss_text(number, row->test_loss));
  snprintf(text[TEST_ACCURACY], CELL, "%.2f %%", 100 * row->test_accuracy);
  snprintf(text[SPEED], CELL, "%.0f", row->images_per_s);
  cnn_progress_end(progress);
  int width = print_line(progress, text);
  if (cnn_metrics_is_part(row)) {
    snprintf(more, sizeof more, "after %lld of %lld updates", (long long)row->updates,
             (long long)row->all_updates);
    print_behind(progress, &width, more);
  }
  if (row->averaged) {
    snprintf(more, sizeof more, "averaged weights %s  %.2f %%",
             loss_text(number, row->average_loss), 100 * row->average_accuracy);
    print_behind(progress, &width, more);
  }
  printf("\n");
  cnn_progress_flush();
}

/* --- within an epoch -------------------------------------------------------------------------- */

/* Seconds to the end of the training at the present speed; 0: not known yet. */
static double remaining(const cnn_progress *progress, const cnn_standing *standing) {
  double done = (double)(standing->epoch - 1) * (double)progress->images + (double)standing->seen;
  double all = (double)progress->epochs * (double)progress->images;
  double since = done - (double)progress->before;
  return since > 0 ? (cnn_seconds() - progress->start) * (all - done) / since : 0;
}

enum { LOSS, ACCURACY, RATE, IMAGES, LEFT, FACTS, FACTS_TEXT = FACTS * (CELL + BETWEEN) };

/* What is known of the epoch, without what does not fit into `columns`. Its length. */
static int join_facts(char line[FACTS_TEXT], const cnn_progress *progress,
                      const cnn_standing *standing, int columns) {
  static const int DROPPED[] = {ACCURACY, RATE, IMAGES, LEFT, LOSS};
  char text[FACTS][CELL], number[32];
  const double left = remaining(progress, standing);
  snprintf(text[LOSS], CELL, "loss %s", loss_text(number, standing->loss));
  snprintf(text[ACCURACY], CELL, "accuracy %.2f %%", 100 * standing->accuracy);
  snprintf(text[RATE], CELL, "lr %.3g", standing->lr);
  snprintf(text[IMAGES], CELL, "%.0f images/s", standing->images_per_s);
  snprintf(text[LEFT], CELL, "%s left", cnn_duration(number, left));
  if (left <= 0) *text[LEFT] = '\0';
  int length;
  for (int dropped = 0;; dropped++) {
    length = 0;
    *line = '\0';
    for (int i = 0; i < FACTS; i++)
      if (*text[i])
        length += snprintf(line + length, (size_t)(FACTS_TEXT - length), "%s%s",
                           length > 0 ? "  " : "", text[i]);
    if (length <= columns || dropped == FACTS) return length;
    *text[DROPPED[dropped]] = '\0';
  }
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

/* In the last column the cursor would wrap. */
static int live_columns(void) {
  const int columns = terminal_columns() - 1;
  return columns > COUNT_COLUMNS ? columns : COUNT_COLUMNS;
}

void cnn_progress_step(cnn_progress *progress, const cnn_standing *standing) {
  double now = cnn_seconds();
  if (now - progress->drawn < progress->interval) return;
  progress->drawn = now;
  char count[CELL], text[FACTS_TEXT], bar[BAR_MOST + 4];
  const int columns = progress->live ? live_columns() - COUNT_COLUMNS : FACTS_TEXT;
  const int length = join_facts(text, progress, standing, columns);
  snprintf(count, sizeof count, "%d/%d", standing->epoch, progress->epochs);
  if (progress->live) {
    draw_bar(bar, columns - length, standing->seen, progress->images);
    printf("\r\033[K%*s  %s%s", COUNT_COLUMNS - BETWEEN, count, bar, text);
  } else {
    printf("%*s  %3d %%  %s\n", COUNT_COLUMNS - BETWEEN, count,
           (int)(100 * standing->seen / progress->images), text);
  }
  cnn_progress_flush();
}

void cnn_progress_evaluation(cnn_progress *progress, int epoch, int64_t seen, int64_t images) {
  static const char text[] = "evaluation";
  const double now = cnn_seconds();
  char count[CELL], bar[BAR_MOST + 4];
  if (!progress->live || now - progress->drawn < progress->interval) return;
  progress->drawn = now;
  const int columns = live_columns() - COUNT_COLUMNS;
  snprintf(count, sizeof count, "%d/%d", epoch, progress->epochs);
  draw_bar(bar, columns - (int)strlen(text), seen, images);
  printf("\r\033[K%*s  %s%.*s", COUNT_COLUMNS - BETWEEN, count, bar, columns, text);
  cnn_progress_flush();
}

void cnn_progress_end(cnn_progress *progress) {
  if (progress->live) printf("\r\033[K");
}
