/* A data set without a second part is cut in two. */
#ifndef CNN_SPLIT_H
#define CNN_SPLIT_H

#include "core/error.h"
#include "data/dataset.h"

/* Moves `share` (0 to 1) of the images of each class, rounded, from `all` to `held`, which is empty
   before: at least one of a class with two or more, and never all of them. Which ones depends on
   the seed, the class and the number of its images alone; both parts keep the order of `all`. An
   error (exit code 4) where no class has two images. */
bool cnn_dataset_split(cnn_dataset *all, cnn_dataset *held, const cnn_model *model, double share,
                       uint64_t seed, cnn_error *error);

#endif
