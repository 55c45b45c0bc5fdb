/* Augmentation of training images: bytes in, bytes out. */
#ifndef CNN_AUGMENT_H
#define CNN_AUGMENT_H

#include "cnn.h"

/* How one image is changed. */
typedef struct cnn_augmentation {
  int down, right; /* pixels by which it moves; zeros come in, as in a crop of the padded image */
  int flip;        /* mirrored, left and right, after that */
} cnn_augmentation;

/* Depends on seed, epoch and the image's number in the data set alone: shifts of -crop..crop, each
   alike likely, and a flip for every second image if `flip` (torchvision's RandomCrop with padding,
   then RandomHorizontalFlip). */
cnn_augmentation cnn_augmentation_draw(int crop, int flip, uint64_t seed, uint32_t epoch,
                                       uint32_t image);

/* Images of [C,H,W] bytes. */
void cnn_augment(const cnn_augmentation *how, const int shape[3], const uint8_t *from, uint8_t *to);

#endif
