/* A data set: images of bytes [count][C][H][W] and their labels, all in memory. */
#ifndef CNN_DATASET_H
#define CNN_DATASET_H

#include "core/cnn.h"
#include "core/error.h"
#include "core/storage.h"

enum { CNN_CHANNELS_MAX = 16 };

typedef struct cnn_dataset {
  int count;
  size_t image_bytes;       /* C * H * W */
  uint8_t *images, *labels; /* labels: NULL where there are none */
  char *classes;            /* names of the classes, one a line; NULL: not known */
  const char **files;       /* [count]: each image's own, unless they are for training; or NULL */
  cnn_storage storage;
} cnn_dataset;

/* Loads PART-images-idx3-ubyte and PART-labels-idx1-ubyte (or images-idx4; each plain or with .gz)
   of `folder`, or CIFAR-10's files (cifar.h), or folders of JPEG images (jpeg_folder.h), whichever
   the folder has; part is "train" or "t10k", the test images. Checked against the model's input and
   classes. limit: at most that many images; 0 for all. */
bool cnn_dataset_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                      const char *part, int limit, cnn_error *error);

/* The test images, labelled as the names of classes in a checkpoint are numbered (one a line;
   NULL: not known). Folders of JPEG images need no training part then. */
bool cnn_dataset_load_test(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                           const char *classes, int limit, cnn_error *error);

/* Images alone: an IDX file, a JPEG file, or a folder of JPEG files. */
bool cnn_dataset_load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                             cnn_error *error);

/* Whether a folder holds JPEG files but no data set. */
bool cnn_dataset_is_images(const char *folder);

void cnn_dataset_release(cnn_dataset *dataset);

/* Mean and deviation of a channel's pixels, scaled to 0..1; and what the network is given for
   them: x = p * scale + shift = (p / 255 - mean) / deviation. */
typedef struct cnn_normalization {
  int channels; /* 0: not known */
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  float scale[CNN_CHANNELS_MAX], shift[CNN_CHANNELS_MAX];
} cnn_normalization;

cnn_normalization cnn_normalization_given(int channels, const double *mean,
                                          const double *deviation);

/* Of bytes that are all equally likely. */
cnn_normalization cnn_normalization_uniform(int channels);

/* Of all pixels of the data set; a channel that is constant has deviation 1. */
cnn_normalization cnn_normalization_measured(const cnn_model *model, const cnn_dataset *dataset);

#endif
