#include "data/idx.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TYPE_BYTE = 0x08, CHUNK = 1 << 24 };

static bool bad(cnn_idx *idx, const char *what, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_DATA, "%s: byte %llu: %s", idx->path,
                  (unsigned long long)idx->offset, what);
}

/* As many of `size` bytes as there are; -1 after an error of the file or of its compression. */
static int64_t read_some(cnn_idx *idx, unsigned char *bytes, size_t size, cnn_error *error) {
  size_t done = 0;
  while (done < size) {
    size_t chunk = size - done < CHUNK ? size - done : CHUNK;
    int got = gzread(idx->file, bytes + done, (unsigned)chunk);
    if (got > 0) done += (size_t)got, idx->offset += (uint64_t)got;
    if (got == (int)chunk) continue;
    int code;
    const char *reason = gzerror(idx->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return (int64_t)done;
    if (code == Z_BUF_ERROR)
      bad(idx, "the compressed file ends too early; fetch it again", error);
    else if (code == Z_ERRNO)
      bad(idx, strerror(errno), error);
    else
      cnn_fail(error, CNN_EXIT_DATA, "%s: byte %llu: damaged compressed data (%s); fetch it again",
               idx->path, (unsigned long long)idx->offset, reason);
    return -1;
  }
  return (int64_t)done;
}

bool cnn_idx_read(cnn_idx *idx, void *bytes, size_t size, cnn_error *error) {
  uint64_t start = idx->offset;
  int64_t got = read_some(idx, bytes, size, error);
  if (got < 0) return false;
  if ((size_t)got < size)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte %llu: the file ends, but its header promises %llu bytes; fetch it "
                    "again",
                    idx->path, (unsigned long long)idx->offset, (unsigned long long)start + size);
  return true;
}

bool cnn_idx_expect_end(cnn_idx *idx, cnn_error *error) {
  unsigned char byte;
  uint64_t end = idx->offset;
  int64_t got = read_some(idx, &byte, 1, error);
  if (got < 0) return false;
  if (got == 0) return true;
  idx->offset = end;
  return bad(idx, "more bytes than the header promises; is this the right file?", error);
}

static uint32_t big_endian(const unsigned char *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool read_header(cnn_idx *idx, cnn_error *error) {
  unsigned char magic[4], dimension[4];
  if (!cnn_idx_read(idx, magic, sizeof magic, error)) return false;
  if (magic[0] != 0 || magic[1] != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte 0: magic number %02x%02x%02x%02x is not that of an IDX file "
                    "(0000 08 and the number of dimensions)",
                    idx->path, magic[0], magic[1], magic[2], magic[3]);
  if (magic[2] != TYPE_BYTE)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte 2: elements of type %02x; only bytes (type 08) can be read",
                    idx->path, magic[2]);
  idx->rank = magic[3];
  if (idx->rank < 1 || idx->rank > CNN_IDX_RANK_MAX)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: byte 3: %d dimensions; only 1 to %d can be read",
                    idx->path, idx->rank, CNN_IDX_RANK_MAX);
  for (int i = 0; i < idx->rank; i++) {
    if (!cnn_idx_read(idx, dimension, sizeof dimension, error)) return false;
    idx->shape[i] = big_endian(dimension);
  }
  return true;
}

bool cnn_idx_open(cnn_idx *idx, const char *path, cnn_error *error) {
  *idx = (cnn_idx){0};
  if (snprintf(idx->path, sizeof idx->path, "%s", path) >= (int)sizeof idx->path)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  errno = 0;
  idx->file = gzopen(path, "rb");
  if (!idx->file)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno ? errno : ENOMEM));
  gzbuffer(idx->file, 1 << 17);
  if (read_header(idx, error)) return true;
  cnn_idx_close(idx);
  return false;
}

void cnn_idx_close(cnn_idx *idx) {
  if (idx->file) gzclose_r(idx->file);
  idx->file = NULL;
}
