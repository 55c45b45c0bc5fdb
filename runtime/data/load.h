/* Data sets and images from files of any kind that a decoder (decoder.h) can read. */
#ifndef CNN_LOAD_H
#define CNN_LOAD_H

#include "core/error.h"
#include "data/dataset.h"
#include "data/decoder.h"

/* Loads a part of a data set, checked against the model's input and classes. */
bool cnn_dataset_load_part(cnn_dataset *dataset, const cnn_part *part, cnn_error *error);

/* Whether the data set has such a part. */
bool cnn_dataset_has(const char *folder, cnn_role role);

/* Loads a part of the data set in `folder`: "train", or "t10k", the test images. Checked against
   the model's input and classes. limit: at most that many images; 0 for all. */
bool cnn_dataset_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                      const char *part, int limit, cnn_error *error);

/* The test images, labelled as the names of classes in a checkpoint are numbered (one a line;
   NULL: not known). Folders of images need no training part then. */
bool cnn_dataset_load_test(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                           const char *classes, int limit, cnn_error *error);

/* Images alone: an IDX file, an image file, or a folder of image files. */
bool cnn_dataset_load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                             cnn_error *error);

/* Whether a folder contains the test images of a data set. */
bool cnn_dataset_is_known(const char *folder);

/* Whether these are image files (image_files.h). */
bool cnn_dataset_is_files(const char *folder);

/* Whether a folder contains images but no data set. */
bool cnn_dataset_is_images(const char *folder);

#endif
