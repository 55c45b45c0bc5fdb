#include "data/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What file managers and other programs leave in folders. */
static bool is_litter(const char *name) {
  static const char *const NAMES[] = {"Thumbs.db", "ehthumbs.db",  "desktop.ini", "__MACOSX",
                                      "@eaDir",    "$RECYCLE.BIN", "Icon\r"};
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
    if (strcasecmp(name, NAMES[i]) == 0) return true;
  return false;
}

int cnn_listing_any(const struct dirent *entry) {
  return entry->d_name[0] != '.' && !is_litter(entry->d_name);
}

static bool may_be(const struct dirent *entry, unsigned char type) {
  return entry->d_type == type || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
}

int cnn_listing_folders(const struct dirent *entry) {
  return may_be(entry, DT_DIR) && cnn_listing_any(entry);
}

bool cnn_listing_may_be_file(const struct dirent *entry) {
  return may_be(entry, DT_REG);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

bool cnn_listing_read(cnn_listing *listing, const char *path,
                      int (*filter)(const struct dirent *entry), cnn_error *error) {
  listing->at = NULL;
  listing->count = scandir(path, &listing->at, filter, by_bytes);
  if (listing->count >= 0) return true;
  listing->count = 0;
  return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
}

void cnn_listing_release(cnn_listing *listing) {
  for (int i = 0; i < listing->count; i++) free(listing->at[i]);
  free(listing->at);
  *listing = (cnn_listing){0};
}
