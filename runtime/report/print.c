#include "report/print.h"

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

void cnn_text_add_json(cnn_text *text, const char *string) {
  cnn_text_add(text, "\"");
  for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
    if (*c == '"' || *c == '\\')
      cnn_text_add(text, "\\%c", *c);
    else if (*c < 0x20)
      cnn_text_add(text, "\\u%04x", *c);
    else
      cnn_text_add(text, "%c", *c);
  }
  cnn_text_add(text, "\"");
}

const char *cnn_plural(long long count) {
  return count == 1 ? "" : "s";
}
