/* Image files, listed but not read: of a part of a data set, FOLDER/train/CLASS/NAME, or of one
   folder. */
#ifndef CNN_IMAGE_FILES_H
#define CNN_IMAGE_FILES_H

#include "data/decoder.h"
#include "data/listing.h"

#include <limits.h>

enum { CNN_FOLDERS_MAX = 256 }; /* a label is a byte */

/* An image: its folder, and its index among the files of the folder. */
typedef struct cnn_image_file {
  int number, folder;
} cnn_image_file;

typedef struct cnn_image_files {
  const cnn_model *model;
  char part[PATH_MAX]; /* FOLDER/train or FOLDER/test; or a folder that holds the images */
  char *classes;       /* names, one a line; NULL for one folder */
  cnn_listing folders; /* of the part; none: the part itself holds the images */
  int class_of[CNN_FOLDERS_MAX];      /* of each folder */
  cnn_listing files[CNN_FOLDERS_MAX]; /* of each folder */
  cnn_image_file *images;             /* [count]; in the order of decoder.h */
  int count;
} cnn_image_files;

/* Both are to be closed, also after false. */
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
