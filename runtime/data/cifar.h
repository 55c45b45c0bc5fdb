/* CIFAR-10 in its binary version (cs.toronto.edu/~kriz/cifar.html): data_batch_1.bin to
   data_batch_5.bin and test_batch.bin, records of a label and 3x32x32 bytes. */
#ifndef CNN_CIFAR_H
#define CNN_CIFAR_H

#include "data/dataset.h"

/* Whether the folder has the first file of the part. */
bool cnn_cifar_is_in(const char *folder, bool training);

/* As cnn_dataset_load. */
bool cnn_cifar_load(cnn_dataset *dataset, const cnn_model *model, const char *folder, bool training,
                    int limit, cnn_error *error);

#endif
