/* What a training prints while it runs: a table with a line an epoch, and where it is within the
   epoch. On a terminal that is a last line that is redrawn, as wide as the terminal is at the
   moment; without one (or with TERM=dumb) a line now and then. There are no colours. */
#ifndef CNN_PROGRESS_H
#define CNN_PROGRESS_H

#include "report/metrics.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct cnn_progress {
  bool live; /* the last line is redrawn */
  int epochs;
  int64_t images;          /* of one epoch */
  int64_t before;          /* images seen before the start, in a resumed run */
  double start, drawn;     /* seconds */
  double interval;         /* seconds between two lines */
  unsigned table, columns; /* a bit for each cell of the table; characters of its lines at most */
} cnn_progress;

/* Of the epoch at hand. */
typedef struct cnn_standing {
  int epoch;    /* from 1 */
  int64_t seen; /* of its images */
  double loss, accuracy, lr, images_per_s;
} cnn_standing;

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images, int64_t before);

/* Redraws the last line, or adds one, if it is time. */
void cnn_progress_step(cnn_progress *progress, const cnn_standing *standing);

/* Redraws the last line, if it is time: of the evaluation after an epoch, `seen` of `images`. */
void cnn_progress_evaluation(cnn_progress *progress, int epoch, int64_t seen, int64_t images);

/* Prints the line of a finished epoch. */
void cnn_progress_epoch(cnn_progress *progress, const cnn_metrics *row);

/* Flushes standard output. If its reader is gone (`| head`), what follows goes nowhere. SIGPIPE
   must be ignored. */
void cnn_progress_flush(void);

/* Removes the last line. */
void cnn_progress_end(cnn_progress *progress);

/* "1 h 2 min", "3 min 4 s", "5 s". */
const char *cnn_duration(char text[32], double seconds);

#endif
