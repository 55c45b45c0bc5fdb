#include "driver/locate.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program. */
static const char *program_folder(Arena *arena) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) return CNNC_INSTALL_PREFIX "/" CNNC_BINDIR;
  path[length] = '\0';
  char *slash = strrchr(path, '/');
  *slash = '\0';
  return arena_strdup(arena, path);
}

/* From <prefix>/bin back to <prefix>. */
static const char *prefix_of(Arena *arena, const char *folder) {
  size_t length = strlen(folder), tail = strlen("/" CNNC_BINDIR);
  if (length > tail && !strcmp(folder + length - tail, "/" CNNC_BINDIR))
    return arena_printf(arena, "%.*s", (int)(length - tail), folder);
  return CNNC_INSTALL_PREFIX;
}

Places locate_places(Arena *arena) {
  const char *folder = program_folder(arena);
  if (!strcmp(folder, CNNC_BINARY_DIR "/compiler"))
    return (Places){CNNC_SOURCE_DIR "/runtime/core", CNNC_BINARY_DIR "/runtime",
                    CNNC_SOURCE_DIR "/models", folder, true};
  const char *prefix = prefix_of(arena, folder);
  return (Places){arena_printf(arena, "%s/" CNNC_INCLUDEDIR, prefix),
                  arena_printf(arena, "%s/" CNNC_LIBDIR, prefix),
                  arena_printf(arena, "%s/" CNNC_DATADIR "/cnnc/models", prefix), folder, false};
}
