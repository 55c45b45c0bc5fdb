#include "data/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cnn_bytes_reserve(cnn_bytes *bytes, size_t size) {
  if (size > bytes->room) {
    free(bytes->at);
    bytes->at = malloc(size);
    bytes->room = bytes->at ? size : 0;
  }
  bytes->size = bytes->room < size ? 0 : size;
  return bytes->room >= size;
}

/* False: the system's reason is in errno; 0 if the file has become shorter meanwhile. */
static bool read_all(int file, uint8_t *to, size_t size) {
  while (size > 0) {
    ssize_t got = read(file, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = 0;
      return false;
    }
    to += got;
    size -= (size_t)got;
  }
  return true;
}

static bool read_open(cnn_bytes *bytes, int file, const char *path, size_t most, cnn_error *error) {
  struct stat status;
  if (fstat(file, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  if (!S_ISREG(status.st_mode))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: not a regular file; put a file there", path);
  if ((uintmax_t)status.st_size > most)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: a file of %jd bytes, more than the %zu that are read; make it smaller or "
                    "remove it",
                    path, (intmax_t)status.st_size, most);
  if (!cnn_bytes_reserve(bytes, (size_t)status.st_size))
    return cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory for its %jd bytes", path,
                    (intmax_t)status.st_size);
  return read_all(file, bytes->at, bytes->size) ||
         cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path,
                  errno ? strerror(errno) : "became shorter while it was read; try again");
}

bool cnn_bytes_read(cnn_bytes *bytes, const char *path, size_t most, cnn_error *error) {
  bytes->size = 0;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not wait for a writer */
  if (file < 0) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  bool good = read_open(bytes, file, path, most, error);
  close(file);
  return good;
}

void cnn_bytes_release(cnn_bytes *bytes) {
  free(bytes->at);
  *bytes = (cnn_bytes){0};
}
