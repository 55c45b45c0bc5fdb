/* Text in a buffer of fixed size, so that files can be made without allocating. */
#ifndef CNN_TEXT_H
#define CNN_TEXT_H

#include <stddef.h>

typedef struct cnn_text {
  char *data;  /* NULL: only counts */
  size_t size; /* of data */
  size_t used; /* may pass size: then the text did not fit, and this is what it needs */
} cnn_text;

void cnn_text_add(cnn_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds any bytes as UTF-8 that can be printed: U+FFFD instead of each byte that is not UTF-8 and of
   each control character. */
void cnn_text_add_utf8(cnn_text *text, const char *bytes);

/* The same as a field of a CSV file, in quotes where RFC 4180 wants them. */
void cnn_text_add_csv(cnn_text *text, const char *bytes);

/* The same alone; the caller frees it. NULL: no memory. */
char *cnn_text_utf8(const char *bytes);

/* Bytes of the longest beginning that has at most `most` and cuts no character of UTF-8. */
size_t cnn_utf8_cut(const char *text, size_t most);

/* The ending of what is counted: "" for one, else "s". */
const char *cnn_plural(long long count);

#endif
