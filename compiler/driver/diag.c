#include "driver/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool diag_set(Diag *diag, ExitCode code, SourcePos pos, const char *format, ...) {
  if (diag->code != EXIT_DONE) return false;
  diag->code = code;
  int used = 0;
  if (pos.file) {
    used = snprintf(diag->message, sizeof diag->message, "%s:%d: ", pos.file, pos.line);
    if (used < 0 || used >= (int)sizeof diag->message) return false;
    for (char *at = diag->message; (at = strchr(at, '\n')) != NULL;) *at = '?'; /* of the name */
    diag->placed = true;
  }
  va_list args;
  va_start(args, format);
  vsnprintf(diag->message + used, sizeof diag->message - (size_t)used, format, args);
  va_end(args);
  return false;
}
