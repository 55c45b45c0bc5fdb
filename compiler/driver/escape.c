#include "driver/escape.h"

/* Bytes of the UTF-8 character at the start of the text, or 0 if there is none. Overlong forms
   pass: what they stand for is not printed as one byte. */
static size_t utf8_length(const unsigned char *text, size_t length) {
  size_t bytes = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : 4;
  if (bytes == 4 && text[0] >> 3 != 30) return 0;
  if (bytes > length) return 0;
  for (size_t i = 1; i < bytes; i++)
    if (text[i] >> 6 != 2) return 0;
  const int overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
  return overlong ? 0 : bytes;
}

/* ASCII controls, and those of Latin-1, which UTF-8 begins with C2: a terminal may obey either. */
static int is_control(const unsigned char *text, size_t bytes) {
  if (bytes == 1) return (text[0] < 0x20 && text[0] != '\n' && text[0] != '\t') || text[0] == 0x7f;
  return bytes == 2 && (text[0] < 0xc2 || (text[0] == 0xc2 && text[1] < 0xa0));
}

void escape_print(FILE *out, const char *text, size_t length) {
  for (size_t at = 0; at < length;) {
    const unsigned char *character = (const unsigned char *)text + at;
    size_t bytes = utf8_length(character, length - at);
    if (bytes && !is_control(character, bytes)) {
      fwrite(character, 1, bytes, out);
      at += bytes;
    } else {
      fprintf(out, "\\x%02x", *character);
      at++;
    }
  }
}
