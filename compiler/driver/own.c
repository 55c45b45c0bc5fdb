#include "driver/own.h"

#include "driver/text.h"

#include <errno.h>
#include <string.h>

/* The bytes of a file that is there and not empty; NULL for one that may be replaced, or with
 *unreadable. */
static const char *contents(Arena *arena, const char *path, size_t *length, bool *unreadable) {
  const char *bytes = text_read(arena, path, length);
  *unreadable = !bytes && errno != ENOENT;
  return bytes && *length > 0 ? bytes : NULL;
}

/* The text that begins behind a zero with `begin`, and goes on with ` --target ` and a name. */
static bool has_command(const char *bytes, size_t length) {
  static const char begin[] = "\0cnnc ", target[] = " --target ";
  const char *end = bytes + length;
  for (const char *at = bytes;
       (at = memmem(at, (size_t)(end - at), begin, sizeof begin - 1)) != NULL; at++) {
    const char *name = strstr(at + 1, target);
    if (name && name[strlen(target)] >= 'a' && name[strlen(target)] <= 'z') return true;
  }
  return false;
}

static bool is_own(const char *path, bool (*test)(const char *bytes, size_t length)) {
  Arena *arena = arena_new();
  size_t length;
  bool unreadable;
  const char *bytes = contents(arena, path, &length, &unreadable);
  const bool own = bytes ? test(bytes, length) : !unreadable;
  arena_release(arena);
  return own;
}

static bool is_c(const char *bytes, size_t length) {
  const char *end = strstr(bytes, "*/"), *made = strstr(bytes, "\n   Made by: cnnc ");
  return length > 2 && strncmp(bytes, "/*", 2) == 0 && made && end && made < end;
}

static bool is_program(const char *bytes, size_t length) {
  return length > 4 && memcmp(bytes, "\177ELF", 4) == 0 && has_command(bytes, length);
}

bool own_c(const char *path) {
  return is_own(path, is_c);
}

bool own_program(const char *path) {
  return is_own(path, is_program);
}
