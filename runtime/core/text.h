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

/* The ending of what is counted: "" for one, else "s". */
const char *cnn_plural(long long count);

#endif
