#include "train/step_log.h"

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

/* A line of a log, "12,2.3,0.1". */
static bool read_line(const char *line, uint64_t *step) {
  char *end;
  *step = strtoull(line, &end, 10);
  for (int numbers = 0; numbers < 2; numbers++) {
    if (*end != ',' || end == line) return false;
    line = end + 1;
    strtod(line, &end);
  }
  return end != line && strcmp(end, "\n") == 0;
}

/* Whether it may be the beginning of such a line. */
static bool is_cut_off(const char *line) {
  return strspn(line, "0123456789,.+-einfa") == strlen(line);
}

/* How many bytes of an earlier log come before `first_step`; -1 if the file is none. Its last line
   may be cut off, as by a crash. */
static off_t kept_bytes(FILE *earlier, uint64_t first_step) {
  char line[LINE];
  off_t kept = -1;
  if (!fgets(line, sizeof line, earlier)) return 0;
  if (strcmp(line, HEADER) != 0) return -1;
  for (off_t before = ftello(earlier); fgets(line, sizeof line, earlier);
       before = ftello(earlier)) {
    uint64_t step;
    const bool whole = read_line(line, &step);
    if (!whole && !is_cut_off(line)) return -1;
    if (kept < 0 && (!whole || step >= first_step)) kept = before;
  }
  return kept < 0 ? ftello(earlier) : kept;
}

bool cnn_step_log_open(cnn_step_log *log, const char *path, uint64_t first_step, cnn_error *error) {
  off_t kept = 0;
  FILE *earlier = cnn_file_is_own(path) ? fopen(path, "re") : NULL;
  if (earlier) {
    kept = kept_bytes(earlier, first_step);
    fclose(earlier);
  }
  if (kept < 0)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--log-steps %s: there is a file that is no log of steps; choose another name, "
                    "or remove it",
                    path);
  log->open = cnn_file_extend(&log->file, path, kept, error);
  return log->open && (kept > 0 || add_line(log, HEADER, error));
}

bool cnn_step_log_add(cnn_step_log *log, uint64_t step, double loss, double lr, cnn_error *error) {
  char line[LINE];
  if (!log->open) return true;
  snprintf(line, sizeof line, "%llu,%.9g,%.9g\n", (unsigned long long)step, loss, lr);
  return add_line(log, line, error);
}

bool cnn_step_log_flush(cnn_step_log *log, cnn_error *error) {
  return !log->open || flush(log, error);
}

bool cnn_step_log_close(cnn_step_log *log, cnn_error *error) {
  return !log->open || (flush(log, error) && cnn_file_commit(&log->file, error));
}
