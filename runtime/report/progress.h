/* What a training prints while it runs: a table with a line an epoch; and on a terminal a last line
   that is redrawn. */
#ifndef CNN_PROGRESS_H
#define CNN_PROGRESS_H

#include "report/metrics.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct cnn_progress {
  bool bar; /* standard output is a terminal */
  int epochs;
  int64_t images;      /* of one epoch */
  int64_t before;      /* images seen before the start, in a resumed run */
  double start, drawn; /* seconds */
} cnn_progress;

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images, int64_t before);

/* Redraws the last line, in epoch `epoch` (from 1) after `seen` of its images. */
void cnn_progress_step(cnn_progress *progress, int epoch, int64_t seen, double loss,
                       double accuracy, double images_per_s);

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
