#include "core/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* --- any bytes -------------------------------------------------------------------------------- */

/* The character at `at`, and its bytes; 0 if it is none of UTF-8 (RFC 3629). */
static int decode(const unsigned char *at, uint32_t *code) {
  static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
  const int length = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
  if (length == 1) *code = *at;
  if (length <= 1) return length;
  *code = *at & (0x7fU >> length);
  for (int i = 1; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (at[i] & 0x3fU);
  }
  const bool surrogate = *code >= 0xd800 && *code < 0xe000;
  return *at < 0xf8 && *code >= LEAST[length] && *code < 0x110000 && !surrogate ? length : 0;
}

/* Adds the character at `at`, and returns what follows it. */
static const char *add_character(cnn_text *text, const char *at) {
  uint32_t code = 0;
  const int length = decode((const unsigned char *)at, &code);
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  if (length == 0 || control)
    cnn_text_add(text, "\xef\xbf\xbd");
  else
    cnn_text_add(text, "%.*s", length, at);
  return at + (length > 0 ? length : 1);
}

void cnn_text_add_utf8(cnn_text *text, const char *bytes) {
  while (*bytes) bytes = add_character(text, bytes);
}

void cnn_text_add_csv(cnn_text *text, const char *bytes) {
  const bool quoted = bytes[strcspn(bytes, ",\"")] != '\0';
  if (quoted) cnn_text_add(text, "\"");
  while (*bytes) {
    if (*bytes == '"') cnn_text_add(text, "\"");
    bytes = add_character(text, bytes);
  }
  if (quoted) cnn_text_add(text, "\"");
}

char *cnn_text_utf8(const char *bytes) {
  cnn_text text = {0};
  cnn_text_add_utf8(&text, bytes);
  text.size = text.used + 1;
  text.used = 0;
  text.data = calloc(text.size, 1);
  if (text.data) cnn_text_add_utf8(&text, bytes);
  return text.data;
}

size_t cnn_utf8_cut(const char *text, size_t most) {
  if (strlen(text) <= most) return strlen(text);
  while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80) most--;
  return most;
}
