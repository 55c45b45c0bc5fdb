/* A decoder reads one kind of files. To add one: write data/NAME.c with a cnn_decoder, declare the
   decoder here, and list it in load.c. */
#ifndef CNN_DECODER_H
#define CNN_DECODER_H

#include "core/error.h"
#include "data/dataset.h"

/* What a part of a data set is for. A data set with one part besides training validates and tests
   with it. */
typedef enum cnn_role {
  CNN_PART_TRAINING,
  CNN_PART_VALIDATION, /* after each epoch */
  CNN_PART_LAST,       /* once, after the training, where there is a validation part, too */
  CNN_PART_TEST        /* eval and predict */
} cnn_role;

/* A part of a data set that is to be read. */
typedef struct cnn_part {
  const cnn_model *model;
  const char *folder; /* of the data set */
  cnn_role role;
  const char
      *classes;  /* names of classes as the labels are numbered, one a line; NULL: not known */
  int limit;     /* images at most; 0: all */
  bool skip_bad; /* leave out images that cannot be read; else they are a mistake */
} cnn_part;

/* The functions that read fill `dataset`, which is empty before; after false the caller releases
   it. They check the files against the model's input and classes. */
typedef struct cnn_decoder {
  const char *contents; /* what a folder for this decoder contains, for messages */

  /* Data sets: a folder with labelled images. */
  bool (*is_dataset)(const char *folder, cnn_role role);
  bool (*load)(cnn_dataset *dataset, const cnn_part *part, cnn_error *error);

  /* Images without labels; NULL in a decoder that reads none. */
  bool (*is_images)(const char *path); /* a file or a folder */
  bool (*load_images)(cnn_dataset *dataset, const cnn_model *model, const char *path,
                      cnn_error *error);
} cnn_decoder;

/* CIFAR-10 and CIFAR-100 in their binary versions (cs.toronto.edu/~kriz/cifar.html):
   data_batch_1.bin to data_batch_5.bin and test_batch.bin, records of a label and 3x32x32 bytes; or
   train.bin and test.bin, whose records have a coarse label before the one that counts. Names of
   classes: batches.meta.txt, fine_label_names.txt, if they are there and name all classes. */
extern const cnn_decoder cnn_cifar_decoder;

/* Image files: FOLDER/train/CLASS/NAME and FOLDER/val/CLASS/NAME (or valid, validation, test), or
   FOLDER/CLASS/NAME; a class may have folders below. Or a part has a table of labels
   (label_table.h). The classes are the folders of train, numbered
   in the order of their names. The images are in the order of their numbers, one of each class in
   turn, so that the first N are of all classes. With cnn_part.classes the part may lack some of
   them, and train is not read. All images that cannot be read are listed on standard error.
   Progress goes to stderr if that is a terminal. */
extern const cnn_decoder cnn_image_folder_decoder;

/* PART-images-idx3-ubyte (or idx4, or .idx3) and PART-labels-idx1-ubyte, each plain or with .gz;
   PART is train or t10k. See idx.h for the format. */
extern const cnn_decoder cnn_idx_decoder;

#endif
