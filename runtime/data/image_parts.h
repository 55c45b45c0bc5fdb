/* Where the parts of a data set of image files are. */
#ifndef CNN_IMAGE_PARTS_H
#define CNN_IMAGE_PARTS_H

#include "data/decoder.h"

#include <limits.h>

/* Whether the folder has such a part; its path. The training part is train; of validation parts the
   first of val, valid, validation and test counts. Without any parts, a folder with folders of
   images, or with a table of labels, trains and tests. */
bool cnn_image_part_find(const char *folder, cnn_role role, char path[PATH_MAX]);

/* Whether the part has a table of labels, labels.csv (label_table.h); its path. Then its folders
   are no classes. */
bool cnn_image_part_table(const char *part, char path[PATH_MAX]);

#endif
