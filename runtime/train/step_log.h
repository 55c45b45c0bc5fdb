/* The CSV of a training with a line an update: step, loss, learning rate. */
#ifndef CNN_STEP_LOG_H
#define CNN_STEP_LOG_H

#include "core/text.h"
#include "data/files.h"

#include <stdint.h>

enum { CNN_STEP_LOG_BYTES = 1 << 16 };

typedef struct cnn_step_log {
  cnn_text text; /* what is not yet in the file; the caller gives CNN_STEP_LOG_BYTES */
  cnn_file file;
  bool open;
} cnn_step_log;

/* Lines are added to the file itself, so that a program that is killed leaves its log. Those of an
   earlier log at `path` that come before `first_step` stay: those of a resumed run. Another
   file than such a log is not touched. */
bool cnn_step_log_open(cnn_step_log *log, const char *path, uint64_t first_step, cnn_error *error);

/* Nothing if the log is not open. */
bool cnn_step_log_add(cnn_step_log *log, uint64_t step, double loss, double lr, cnn_error *error);
/* What is logged so far is in the file: with every state that is saved. */
bool cnn_step_log_flush(cnn_step_log *log, cnn_error *error);
bool cnn_step_log_close(cnn_step_log *log, cnn_error *error);

#endif
