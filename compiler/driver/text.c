#include "driver/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 256 << 20 }; /* an endless file ends here */

char *text_read(Arena *arena, const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  char *text = NULL;
  int capacity = 0;
  *length = 0;
  for (size_t got = 1; got && !ferror(file) && *length <= FILE_BYTES_MAX; *length += got) {
    if (*length + 1 >= (size_t)capacity) text = arena_grow(arena, text, 1, (int)*length, &capacity);
    got = fread(text + *length, 1, (size_t)capacity - *length - 1, file);
  }
  int error = ferror(file) ? errno : *length > FILE_BYTES_MAX ? EFBIG : 0;
  fclose(file);
  if (error) {
    errno = error;
    return NULL;
  }
  text[*length] = '\0';
  return text;
}

static bool write_all(FILE *file, const char *text) {
  return fputs(text, file) != EOF && fflush(file) == 0;
}

static bool write_in_place(Diag *diag, const char *path, const char *text) {
  bool is_stdout = !strcmp(path, "-");
  FILE *file = is_stdout ? stdout : fopen(path, "w");
  bool written = file && write_all(file, text);
  int error = errno;
  if (file && !is_stdout) fclose(file);
  if (written) return true;
  return diag_set(diag, EXIT_FAILED, (SourcePos){0}, "cannot write %s: %s",
                  is_stdout ? "standard output" : path, strerror(error));
}

/* mkstemp makes files that only their owner reads; a result has the usual permissions. */
static void set_usual_permissions(int descriptor) {
  mode_t mask = umask(0);
  umask(mask);
  (void)!fchmod(descriptor, 0666 & ~mask);
}

const char *text_target(Arena *arena, const char *path) {
  enum { LINKS_MOST = 40 }; /* as the kernel has it */
  char link[PATH_MAX];
  for (int i = 0; i < LINKS_MOST; i++) {
    ssize_t length = readlink(path, link, sizeof link - 1);
    if (length < 0) break; /* not a link */
    link[length] = '\0';
    const char *slash = link[0] == '/' ? NULL : strrchr(path, '/');
    path = arena_printf(arena, "%.*s%s", slash ? (int)(slash - path + 1) : 0, path, link);
  }
  return path;
}

static bool is_same(const struct stat *file, const struct stat *other) {
  return file->st_dev == other->st_dev && file->st_ino == other->st_ino;
}

bool text_same_file(const char *path, const char *other) {
  struct stat one, two;
  return path && other && stat(path, &one) == 0 && stat(other, &two) == 0 && is_same(&one, &two);
}

/* For on_exit of glibc, which passes the exit code. argp exits by itself after --help. */
static void check_stdout(int code, void *program) {
  if ((fflush(stdout) == 0 && !ferror(stdout)) || code != EXIT_DONE) return;
  fprintf(stderr, "%s: cannot write standard output: %s\n", (const char *)program, strerror(errno));
  _exit(EXIT_FAILED);
}

void text_check_stdout(const char *program) {
  on_exit(check_stdout, (void *)program);
}

bool text_is_stdout(const char *path) {
  struct stat file, stream;
  return !strcmp(path, "-") ||
         (stat(path, &file) == 0 && fstat(STDOUT_FILENO, &stream) == 0 && is_same(&file, &stream));
}

bool text_write(Arena *arena, Diag *diag, const char *path, const char *text) {
  struct stat status;
  if (text_is_stdout(path)) return write_in_place(diag, "-", text);
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) return write_in_place(diag, path, text);

  path = text_target(arena, path);
  char *temporary;
  if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
    return diag_set(diag, EXIT_FAILED, (SourcePos){0}, "out of memory");
  int descriptor = mkstemp(temporary);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
  bool written = file != NULL;
  if (file) {
    set_usual_permissions(descriptor);
    written = write_all(file, text);
    written = fclose(file) == 0 && written;
    written = written && rename(temporary, path) == 0;
  }
  int error = errno;
  if (descriptor >= 0 && !written) unlink(temporary);
  free(temporary);
  if (written) return true;
  return diag_set(diag, EXIT_FAILED, (SourcePos){0}, "cannot write %s: %s%s", path, strerror(error),
                  error == ENOENT ? "; make its folder first" : "");
}

void text_begin(TextStream *text) {
  text->data = NULL;
  text->out = open_memstream(&text->data, &text->size);
  if (!text->out) out_of_memory();
}

char *text_done(TextStream *text, Arena *arena) {
  const bool failed = ferror(text->out);
  if (fclose(text->out) != 0 || failed) out_of_memory();
  char *copy = arena_strdup(arena, text->data);
  free(text->data);
  return copy;
}
