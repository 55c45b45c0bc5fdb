#include "data/name_reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void cnn_name_reader_open(cnn_name_reader *reader, int descriptor, char end) {
  *reader = (cnn_name_reader){.descriptor = descriptor, .end = end};
}

/* Hands out the bytes up to `at`, where a name ends. */
static cnn_name_read cut(cnn_name_reader *r, char *at, const char **name) {
  *at = '\0';
  *name = r->bytes + r->next;
  r->next = (size_t)(at - r->bytes) + 1;
  const bool skipped = r->skipping;
  r->skipping = false;
  return skipped ? CNN_NAME_LATER : CNN_NAME;
}

static bool has_input(const cnn_name_reader *r) {
  struct pollfd state = {.fd = r->descriptor, .events = POLLIN};
  return poll(&state, 1, 0) != 0;
}

/* Reads more bytes behind those that are there. */
static bool read_more(cnn_name_reader *r, cnn_error *error) {
  memmove(r->bytes, r->bytes + r->next, r->used - r->next);
  r->used -= r->next;
  r->next = 0;
  ssize_t got;
  do got = read(r->descriptor, r->bytes + r->used, sizeof r->bytes - 1 - r->used);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return cnn_fail(error, CNN_EXIT_FAILED, "cannot read names from standard input: %s",
                    strerror(errno));
  r->used += (size_t)got;
  r->is_over = got == 0;
  return true;
}

/* A name in the bytes that are there: CNN_NAME, CNN_NAME_TOO_LONG, or CNN_NAME_LATER. */
static cnn_name_read take(cnn_name_reader *r, const char **name) {
  for (;;) {
    char *end = memchr(r->bytes + r->next, r->end, r->used - r->next);
    if (end) {
      if (cut(r, end, name) == CNN_NAME) return CNN_NAME;
      continue; /* the end of a long one */
    }
    if (r->used - r->next < PATH_MAX) return CNN_NAME_LATER;
    const bool known = r->skipping;
    r->skipping = true;
    r->bytes[r->next + PATH_MAX - 1] = '\0';
    *name = r->bytes + r->next;
    r->next = r->used;
    if (!known) return CNN_NAME_TOO_LONG;
  }
}

cnn_name_read cnn_name_reader_next(cnn_name_reader *r, bool wait, const char **name,
                                   cnn_error *error) {
  for (;;) {
    const cnn_name_read found = take(r, name);
    if (found != CNN_NAME_LATER) return found;
    if (r->is_over) {
      const bool skipped = r->skipping;
      if (r->used == r->next || skipped) return CNN_NAME_END;
      return cut(r, r->bytes + r->used++, name);
    }
    if (!wait && !has_input(r)) return CNN_NAME_LATER;
    if (!read_more(r, error)) return CNN_NAME_FAILED;
  }
}
