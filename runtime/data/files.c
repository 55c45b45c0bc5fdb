#include "data/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Replaces a link's name in `target` by what the link contains. */
static bool follow_link(char target[PATH_MAX], const char *link) {
  const char *slash = link[0] == '/' ? NULL : strrchr(target, '/');
  size_t folder = slash ? (size_t)(slash - target) + 1 : 0;
  return snprintf(target + folder, PATH_MAX - folder, "%s", link) < (int)(PATH_MAX - folder);
}

/* The file that a symbolic link leads to, though it need not be there yet; or the path itself.
   False, with the reason in errno, if there can be none. */
static bool follow(const char *path, char target[PATH_MAX]) {
  enum { LINKS_MOST = 40 }; /* as the kernel has it */
  char link[PATH_MAX];
  if (realpath(path, target)) return true;
  bool fits = snprintf(target, PATH_MAX, "%s", path) < PATH_MAX;
  for (int i = 0; fits && i < LINKS_MOST; i++) {
    ssize_t length = readlink(target, link, sizeof link - 1);
    if (length < 0) return true; /* no link */
    link[length] = '\0';
    fits = follow_link(target, link);
  }
  errno = fits ? ELOOP : ENAMETOOLONG;
  return false;
}

static bool is_same(const struct stat *file, const struct stat *other) {
  return file->st_dev == other->st_dev && file->st_ino == other->st_ino;
}

bool cnn_file_is_same(const char *path, const char *other) {
  struct stat one, two;
  return stat(path, &one) == 0 && stat(other, &two) == 0 && is_same(&one, &two);
}

/* The descriptor of standard output or standard error if it goes to this regular file; else -1. */
static int stream_of(const struct stat *file) {
  struct stat stream;
  if (!S_ISREG(file->st_mode)) return -1;
  for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
    if (fstat(descriptor, &stream) == 0 && is_same(file, &stream)) return descriptor;
  return -1;
}

bool cnn_file_is_own(const char *path) {
  struct stat status;
  if (strcmp(path, "-") == 0) return false;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && stream_of(&status) < 0;
}

/* Sets where to write: to what links lead to; stream: the descriptor that goes there already, or
   -1. A pipe, a device or a file that a stream of the program goes to (/dev/stdout) is written
   directly, under the given name: /dev/fd/63 may lead to something that has none, and a rename
   would replace it by a file. */
static bool find_target(cnn_file *file, const char *path, int *stream) {
  struct stat status;
  const bool exists = stat(path, &status) == 0;
  *stream = exists ? stream_of(&status) : -1;
  file->in_place = exists && (!S_ISREG(status.st_mode) || *stream >= 0);
  if (!file->in_place) return follow(path, file->path);
  if (snprintf(file->path, PATH_MAX, "%s", path) < PATH_MAX) return true;
  errno = ENAMETOOLONG;
  return false;
}

static bool cannot_write(const char *path, int reason, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_FAILED, "%s: cannot write: %s", path, strerror(reason));
}

/* A stream's own descriptor knows the offset up to which the file is written. */
static int open_in_place(const char *path, int stream) {
  if (stream < 0) return open(path, O_WRONLY | O_CLOEXEC);
  fflush(NULL);
  return fcntl(stream, F_DUPFD_CLOEXEC, 0);
}

bool cnn_file_begin(cnn_file *file, const char *path, cnn_error *error) {
  enum { ENDING = 16 }; /* at least that of .partial */
  int stream;
  if (strcmp(path, "-") == 0) path = "/dev/stdout";
  if (!find_target(file, path, &stream)) return cannot_write(path, errno, error);
  if (strlen(file->path) >= PATH_MAX - ENDING) return cannot_write(path, ENAMETOOLONG, error);
  snprintf(file->partial, sizeof file->partial, file->in_place ? "%.*s" : "%.*s.partial",
           PATH_MAX - ENDING, file->path);
  file->descriptor = file->in_place
                         ? open_in_place(file->path, stream)
                         : open(file->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file->descriptor >= 0 || cannot_write(path, errno, error);
}

static bool give_up(cnn_file *file, int reason, cnn_error *error) {
  if (!file->in_place) unlink(file->partial);
  return cannot_write(file->path, reason, error);
}

/* The same while the file is open; errno has the reason. */
static bool abandon(cnn_file *file, cnn_error *error) {
  int reason = errno;
  close(file->descriptor);
  return give_up(file, reason, error);
}

bool cnn_file_extend(cnn_file *file, const char *path, off_t kept, cnn_error *error) {
  int stream;
  if (strcmp(path, "-") == 0) path = "/dev/stdout";
  if (!find_target(file, path, &stream)) return cannot_write(path, errno, error);
  const bool is_own = !file->in_place;
  file->in_place = true;
  file->descriptor = is_own ? open(file->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666)
                            : open_in_place(file->path, stream);
  if (file->descriptor < 0) return cannot_write(path, errno, error);
  if (!is_own) return true;
  if (ftruncate(file->descriptor, kept) == 0 && lseek(file->descriptor, kept, SEEK_SET) == kept)
    return true;
  return abandon(file, error);
}

bool cnn_file_add(cnn_file *file, const void *data, size_t size, cnn_error *error) {
  const char *next = data;
  while (size > 0) {
    ssize_t written = write(file->descriptor, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return abandon(file, error);
    next += written;
    size -= (size_t)written;
  }
  return true;
}

/* Flushes the new name to the disk, where the file system can. */
static void sync_folder(const char *path) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (slash) slash[slash == folder] = '\0';
  int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)fsync(descriptor);
  close(descriptor);
}

bool cnn_file_commit(cnn_file *file, cnn_error *error) {
  /* On the disk before it replaces the earlier file: after a loss of power one of the two is there.
   */
  if (!file->in_place && fsync(file->descriptor) != 0) return abandon(file, error);
  if (close(file->descriptor) != 0) return give_up(file, errno, error);
  if (file->in_place) return true;
  if (rename(file->partial, file->path) != 0) return give_up(file, errno, error);
  sync_folder(file->path);
  return true;
}

bool cnn_file_replace(const char *path, const void *data, size_t size, cnn_error *error) {
  cnn_file file;
  return cnn_file_begin(&file, path, error) && cnn_file_add(&file, data, size, error) &&
         cnn_file_commit(&file, error);
}

bool cnn_file_write_text(const char *path, void (*write)(cnn_text *text, const void *what),
                         const void *what, cnn_error *error) {
  cnn_text text = {0};
  write(&text, what);
  text.size = text.used + 1;
  text.used = 0;
  text.data = malloc(text.size);
  if (!text.data) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for %s", path);
  write(&text, what);
  bool good = cnn_file_replace(path, text.data, text.used, error);
  free(text.data);
  return good;
}

bool cnn_file_spares(const char *out, const char *input, cnn_error *error) {
  struct stat status;
  if (!out || !input || !cnn_file_is_same(out, input)) return true;
  if (stat(out, &status) != 0 || !S_ISREG(status.st_mode)) return true;
  return cnn_fail(error, CNN_EXIT_USAGE,
                  "%s: would be written over %s, which is read; choose "
                  "another name",
                  out, input);
}

bool cnn_is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool cnn_make_folder(const char *path, cnn_error *error) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part)
    return cnn_fail(error, CNN_EXIT_FAILED, "%s: the name is too long", path);
  for (size_t i = 1; i <= length; i++) {
    if (path[i] != '/' && path[i] != '\0') continue;
    memcpy(part, path, i);
    part[i] = '\0';
    if (mkdir(part, 0777) != 0 && errno != EEXIST)
      return cnn_fail(error, CNN_EXIT_FAILED, "%s: cannot make the folder: %s", part,
                      strerror(errno));
  }
  struct stat status;
  if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
    return cnn_fail(error, CNN_EXIT_FAILED, "%s: not a folder", path);
  return true;
}
