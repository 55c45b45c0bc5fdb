/* The names in a folder, sorted by their bytes, without hidden ones and the
   litter of file managers: Thumbs.db, desktop.ini, __MACOSX... */
#ifndef CNN_LISTING_H
#define CNN_LISTING_H

#include "core/error.h"

#include <dirent.h>

typedef struct cnn_listing {
  struct dirent **at;
  int count;
} cnn_listing;

/* Filters for cnn_listing_read, by name and by the type that the folder states; a symbolic link or
   an unknown type passes both of the last two. */
int cnn_listing_any(const struct dirent *entry);
int cnn_listing_folders(const struct dirent *entry);
bool cnn_listing_may_be_file(const struct dirent *entry);

bool cnn_listing_read(cnn_listing *listing, const char *path,
                      int (*filter)(const struct dirent *entry), cnn_error *error);
void cnn_listing_release(cnn_listing *listing);

#endif
