/* Image files, listed but not read: of a part of a data set, or of one folder. */
#ifndef CNN_IMAGE_FILES_H
#define CNN_IMAGE_FILES_H

#include "data/decoder.h"

#include <limits.h>

/* An image: its path relative to the part, and where it is in its class. */
typedef struct cnn_image_file {
  char *name;
  int label;  /* -1: without classes */
  int number; /* among the images of its class, sorted by their paths */
} cnn_image_file;

typedef struct cnn_image_files {
  const cnn_model *model;
  char part[PATH_MAX];    /* FOLDER/train...; or a folder that holds the images */
  char *classes;          /* names, one a line; NULL for one folder */
  cnn_image_file *images; /* [count]; in the order of decoder.h */
  int count, room;
  int ignored;             /* files that are not images, without the litter of listing.h */
  char first_ignored[256]; /* the name of the first */
} cnn_image_files;

/* Both are to be closed, also after false. Files that are not images are ignored, with one notice
   on standard error; those that have the name of an image file are kept, and fail when they are
   read. */
bool cnn_image_files_of_part(cnn_image_files *files, const cnn_part *part, cnn_error *error);
bool cnn_image_files_of_folder(cnn_image_files *files, const cnn_model *model, const char *path,
                               cnn_error *error);
void cnn_image_files_close(cnn_image_files *files);

/* "CLASS/NAME.jpg", or "NAME.jpg" where there are no folders: its path relative to the part. Its
   length, as snprintf has it. */
size_t cnn_image_files_name(const cnn_image_files *files, int i, char *text, size_t size);

/* -1: without folders. */
int cnn_image_files_label(const cnn_image_files *files, int i);

#endif
