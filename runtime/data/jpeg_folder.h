/* Images as JPEG files. A data set of them is FOLDER/train/CLASS/NAME.jpg and
   FOLDER/test/CLASS/NAME.jpg. The classes are the folders of train, numbered in the order of their
   names. */
#ifndef CNN_JPEG_FOLDER_H
#define CNN_JPEG_FOLDER_H

#include "data/dataset.h"

/* Whether the folder has the part as a folder. */
bool cnn_jpeg_folder_is_in(const char *folder, bool training);

/* As cnn_dataset_load; the images come one of each class in turn, so that the first N are of all
   classes. classes: their names, one a line, where they are known; then the part may lack some of
   them, and train is not read. Decodes all images at once, and says how far it is on stderr if that
   is a terminal. */
bool cnn_jpeg_folder_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                          bool training, const char *classes, int limit, cnn_error *error);

/* Whether a file is a JPEG image, by its name or its first bytes; whether a folder holds some. */
bool cnn_jpeg_is(const char *path);
bool cnn_jpeg_is_in(const char *folder);

/* Images without labels: a file, or all of a folder in the order of their names. */
bool cnn_jpeg_load(cnn_dataset *dataset, const cnn_model *model, const char *path,
                   cnn_error *error);

#endif
