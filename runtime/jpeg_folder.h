/* Images as JPEG files: FOLDER/train/CLASS/NAME.jpg and FOLDER/test/CLASS/NAME.jpg. The classes are
   the folders of train, numbered in the order of their names. */
#ifndef CNN_JPEG_FOLDER_H
#define CNN_JPEG_FOLDER_H

#include "dataset.h"

/* Whether the folder has the part as a folder. */
bool cnn_jpeg_folder_is_in(const char *folder, bool training);

/* As cnn_dataset_load; the images come one of each class in turn, so that the first N are of all
   classes. Decodes all of them at once, and says how far it is on stderr if that is a terminal. */
bool cnn_jpeg_folder_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                          bool training, int limit, cnn_error *error);

#endif
