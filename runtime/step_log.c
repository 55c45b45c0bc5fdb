#include "step_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 128 };
static const char HEADER[] = "step,loss,lr\n";

/* Writes out what the log holds. */
static bool flush(cnn_step_log *log, cnn_error *error) {
  size_t used = log->text.used;
  log->text.used = 0;
  log->open = cnn_file_add(&log->file, log->text.data, used, error);
  return log->open;
}

static bool add_line(cnn_step_log *log, const char *line, cnn_error *error) {
  cnn_text_add(&log->text, "%s", line);
  return log->text.used < CNN_STEP_LOG_BYTES - LINE || flush(log, error);
}

static bool keep_lines(cnn_step_log *log, FILE *earlier, uint64_t first_step, cnn_error *error) {
  char line[LINE], *end;
  if (!fgets(line, sizeof line, earlier) || strcmp(line, HEADER) != 0) return true;
  while (fgets(line, sizeof line, earlier)) {
    uint64_t step = strtoull(line, &end, 10);
    if (*end != ',' || step >= first_step) break;
    if (!add_line(log, line, error)) return false;
  }
  return true;
}

bool cnn_step_log_open(cnn_step_log *log, const char *path, uint64_t first_step, cnn_error *error) {
  log->open = cnn_file_begin(&log->file, path, error);
  if (!log->open) return false;
  if (!add_line(log, HEADER, error)) return false;
  FILE *earlier = first_step > 0 && !log->file.in_place ? fopen(log->file.path, "re") : NULL;
  if (!earlier) return true;
  bool good = keep_lines(log, earlier, first_step, error);
  fclose(earlier);
  return good;
}

bool cnn_step_log_add(cnn_step_log *log, uint64_t step, double loss, double lr, cnn_error *error) {
  char line[LINE];
  if (!log->open) return true;
  snprintf(line, sizeof line, "%llu,%.9g,%.9g\n", (unsigned long long)step, loss, lr);
  return add_line(log, line, error);
}

bool cnn_step_log_close(cnn_step_log *log, cnn_error *error) {
  return !log->open || (flush(log, error) && cnn_file_commit(&log->file, error));
}
