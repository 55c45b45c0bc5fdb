#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

bool cnn_fail(cnn_error *error, cnn_exit code, const char *format, ...) {
  if (error->code != CNN_EXIT_DONE) return false;
  error->code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return false;
}
