#include "data/label_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 64, BYTES_MAX = 1 << 30 };

/* --- lines and fields ------------------------------------------------------------------------- */

typedef struct reader {
  const char *path;
  char *next, *end; /* what is not yet read */
  int line;         /* of `next`, from 1 */
  char *fields[COLUMNS_MAX];
  int count;
} reader;

static bool fail(const reader *r, int line, const char *what, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_DATA, "%s: line %d: %s", r->path, line, what);
}

/* A field in quotes, of which two stand for one; its text moves to the front. */
static bool quoted_field(reader *r, char **field, cnn_error *error) {
  const int line = r->line;
  char *to = ++r->next;
  *field = to;
  for (; r->next < r->end; r->next++) {
    if (*r->next == '"' && r->next + 1 < r->end && r->next[1] == '"')
      r->next++;
    else if (*r->next == '"')
      break;
    r->line += *r->next == '\n';
    *to++ = *r->next;
  }
  if (r->next == r->end) return fail(r, line, "a quote is not closed", error);
  r->next++;
  if (r->next < r->end && *r->next == '\r') r->next++;
  if (r->next < r->end && *r->next != ',' && *r->next != '\n')
    return fail(r, r->line, "text behind a closed quote; put the whole field in quotes", error);
  *to = '\0';
  return true;
}

static void plain_field(reader *r, char **field) {
  *field = r->next;
  while (r->next < r->end && *r->next != ',' && *r->next != '\n') r->next++;
}

/* The fields of the next line, which ends behind it. */
static bool read_line(reader *r, cnn_error *error) {
  r->count = 0;
  for (;;) {
    const int line = r->line;
    char *field;
    const bool quoted = r->next < r->end && *r->next == '"';
    if (!quoted)
      plain_field(r, &field);
    else if (!quoted_field(r, &field, error))
      return false;
    if (r->count == COLUMNS_MAX) return fail(r, line, "more than 64 columns", error);
    r->fields[r->count++] = field;
    const bool more = r->next < r->end && *r->next == ',';
    if (!quoted && !more && r->next > field && r->next[-1] == '\r') r->next[-1] = '\0';
    *r->next = '\0'; /* also behind the last byte */
    r->line += !more;
    if (r->next < r->end) r->next++;
    if (!more) return true;
  }
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *names) {
  for (; *names; names++)
    if (strcasecmp(text, *names) == 0) return true;
  return false;
}

/* The columns of files and labels; false: the line names none. */
static bool find_columns(const reader *r, int *file, int *label) {
  static const char *const FILES[] = {"file", "filename", "image", "path", NULL};
  static const char *const LABELS[] = {"label", "class", "category", NULL};
  int f = -1, l = -1;
  for (int i = 0; i < r->count; i++) {
    if (f < 0 && is_one_of(r->fields[i], FILES)) f = i;
    if (l < 0 && is_one_of(r->fields[i], LABELS)) l = i;
  }
  if (f < 0 || l < 0) return false;
  *file = f;
  *label = l;
  return true;
}

/* A path of a file below the folder of the table. */
static bool is_inside(const char *path) {
  if (*path == '/') return false;
  for (const char *at = path; at; at = strchr(at, '/')) {
    at += *at == '/';
    if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0')) return false;
  }
  return true;
}

static bool add_row(cnn_label_table *t, const reader *r, int line, int file, int label, int *room,
                    cnn_error *error) {
  if (r->count <= file || r->count <= label)
    return fail(r, line, "a file and a label are wanted, with a comma between", error);
  if (!*r->fields[file] || !*r->fields[label])
    return fail(r, line, "the file or the label is empty", error);
  if (!is_inside(r->fields[file]))
    return fail(r, line, "a file that is not below the folder of the table; name it from there",
                error);
  if (strchr(r->fields[label], '\n')) return fail(r, line, "a label of two lines", error);
  if (t->count == *room) {
    *room = *room ? 2 * *room : 1024;
    cnn_label_row *more = realloc(t->rows, (size_t)*room * sizeof *t->rows);
    if (!more) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a table of labels");
    t->rows = more;
  }
  t->rows[t->count++] = (cnn_label_row){r->fields[file], r->fields[label], line};
  return true;
}

/* Room for a zero behind the last byte; a mark of UTF-8 in front is left out. */
static bool open_reader(reader *r, cnn_label_table *t, const char *path, cnn_error *error) {
  if (!cnn_bytes_read(&t->bytes, path, BYTES_MAX, error)) return false;
  const size_t size = t->bytes.size;
  if (size > 0 && memchr(t->bytes.at, '\0', size))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: a byte of 0; a table is text", path);
  char *text = realloc(t->bytes.at, size + 1);
  if (!text) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a table of labels");
  t->bytes.at = (uint8_t *)text;
  t->bytes.room = size + 1;
  text[size] = '\0';
  *r = (reader){.path = path, .next = text, .end = text + size, .line = 1};
  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r->next += 3;
  return true;
}

bool cnn_label_table_read(cnn_label_table *t, const char *path, cnn_error *error) {
  reader r = {.path = path};
  int file = 0, label = 1, room = 0;
  bool first = true;
  *t = (cnn_label_table){0};
  if (!open_reader(&r, t, path, error)) return false;
  while (r.next < r.end) {
    const int line = r.line;
    if (!read_line(&r, error)) return false;
    if (r.count == 1 && !*r.fields[0]) continue; /* an empty line */
    const bool names = first && find_columns(&r, &file, &label);
    first = false;
    if (!names && !add_row(t, &r, line, file, label, &room, error)) return false;
  }
  return t->count > 0 ||
         cnn_fail(error, CNN_EXIT_DATA, "%s: no images; give each a line: file,label", path);
}

void cnn_label_table_release(cnn_label_table *t) {
  free(t->rows);
  cnn_bytes_release(&t->bytes);
  *t = (cnn_label_table){0};
}

/* --- classes ---------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of texts of digits. */
static int by_value(const void *a, const void *b) {
  const char *one = *(const char *const *)a, *other = *(const char *const *)b;
  one += strspn(one, "0"), other += strspn(other, "0");
  const size_t m = strlen(one), n = strlen(other);
  return m != n ? (m < n ? -1 : 1) : strcmp(one, other);
}

char *cnn_label_table_classes(const cnn_label_table *t, cnn_error *error) {
  size_t size = 1;
  bool numbers = true;
  const char **labels = calloc((size_t)t->count, sizeof *labels);
  for (int i = 0; labels && i < t->count; i++) {
    labels[i] = t->rows[i].label;
    size += strlen(labels[i]) + 1;
    numbers = numbers && labels[i][strspn(labels[i], "0123456789")] == '\0';
  }
  char *text = labels ? malloc(size) : NULL, *end = text;
  if (!text) cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  if (text) qsort(labels, (size_t)t->count, sizeof *labels, numbers ? by_value : by_bytes);
  for (int i = 0; text && i < t->count; i++)
    if (i == 0 || strcmp(labels[i], labels[i - 1]) != 0)
      end += sprintf(end, i ? "\n%s" : "%s", labels[i]);
  free(labels);
  return text;
}
