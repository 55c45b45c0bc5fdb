/* What a training shows while it runs: a table with a line an epoch, and below it on a terminal one
   line that is drawn over and over. */
#ifndef CNN_PROGRESS_H
#define CNN_PROGRESS_H

#include "report/metrics.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct cnn_progress {
  bool bar; /* standard output is a terminal */
  int epochs;
  int64_t images;      /* of one epoch */
  int64_t before;      /* images seen before the start, by a run that goes on */
  double start, drawn; /* seconds */
} cnn_progress;

void cnn_progress_begin(cnn_progress *progress, int epochs, int64_t images, int64_t before);

/* In epoch `epoch` (from 1) after `seen` of its images. */
void cnn_progress_step(cnn_progress *progress, int epoch, int64_t seen, double loss,
                       double accuracy, double images_per_s);

/* The line of an epoch that is over. */
void cnn_progress_epoch(cnn_progress *progress, const cnn_metrics *row);

/* Takes the line of the epoch at hand away. */
void cnn_progress_end(cnn_progress *progress);

/* "1 h 2 min", "3 min 4 s", "5 s". */
const char *cnn_duration(char text[32], double seconds);

#endif
