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

/* <prefix> of the folder <prefix>/bin. */
static const char *prefix_of(Arena *arena, const char *folder) {
  size_t length = strlen(folder), tail = strlen("/" CNNC_BINDIR);
  if (length > tail && !strcmp(folder + length - tail, "/" CNNC_BINDIR))
    return arena_printf(arena, "%.*s", (int)(length - tail), folder);
  return CNNC_INSTALL_PREFIX;
}

static Paths build_tree(void) {
  return (Paths){.include = CNNC_SOURCE_DIR "/runtime/core",
                 .library = CNNC_BINARY_DIR "/runtime",
                 .models = CNNC_SOURCE_DIR "/models",
                 .peers = CNNC_SOURCE_DIR "/bench/peers",
                 .cnnc = CNNC_BINARY_DIR "/compiler/cnnc",
                 .bench = CNNC_BINARY_DIR "/bench/cnnc-bench",
                 .generic = CNNC_BINARY_DIR "/runtime/generic/cnn-generic"};
}

Paths locate_paths(Arena *arena) {
  const char *folder = program_folder(arena);
  if (!strcmp(folder, CNNC_BINARY_DIR "/compiler") || !strcmp(folder, CNNC_BINARY_DIR "/bench"))
    return build_tree();
  const char *prefix = prefix_of(arena, folder);
  return (Paths){.include = arena_printf(arena, "%s/" CNNC_INCLUDEDIR, prefix),
                 .library = arena_printf(arena, "%s/" CNNC_LIBDIR, prefix),
                 .models = arena_printf(arena, "%s/" CNNC_DATADIR "/cnnc/models", prefix),
                 .peers = arena_printf(arena, "%s/" CNNC_DATADIR "/cnnc/bench/peers", prefix),
                 .cnnc = arena_printf(arena, "%s/cnnc", folder),
                 .bench = arena_printf(arena, "%s/cnnc-bench", folder),
                 .generic = arena_printf(arena, "%s/cnn-generic", folder)};
}
