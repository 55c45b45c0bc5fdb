#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>

void cnn_text_add(cnn_text *text, const char *format, ...) {
  size_t room = text->used < text->size ? text->size - text->used : 0;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(room ? text->data + text->used : NULL, room, format, arguments);
  va_end(arguments);
  if (length > 0) text->used += (size_t)length;
}

const char *cnn_plural(long long count) {
  return count == 1 ? "" : "s";
}
