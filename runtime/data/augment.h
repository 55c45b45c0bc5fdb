/* Augmentation of training images: bytes in, bytes out. */
#ifndef CNN_AUGMENT_H
#define CNN_AUGMENT_H

#include "core/cnn.h"

/* How one image is changed. */
typedef struct cnn_augmentation {
  int dy, dx; /* pixels by which the image moves down and right; zeros come in, as in a crop of the
                 padded image */
  int flip;   /* mirrored, left and right, after that */
  int top, left, side; /* of a square that is blanked at last; it may reach over the boundary */
} cnn_augmentation;

/* What the recipe does with images of [C,H,W]. Depends on seed, epoch and the image's number in the
   data set alone: shifts of -crop..crop, each alike likely, and a flip for every second image if
   `flip` (torchvision's RandomCrop with padding, then RandomHorizontalFlip); a square of `cutout`
   pixels a side whose middle is any pixel, each alike likely (DeVries and Taylor, "Improved
   Regularization of Convolutional Neural Networks with Cutout", 2017). */
cnn_augmentation cnn_augmentation_draw(const cnn_recipe *recipe, const int shape[3], uint64_t seed,
                                       uint32_t epoch, uint32_t image);

/* Images of [C,H,W] bytes. blank: [C], what the square is filled with. */
void cnn_augment(const cnn_augmentation *how, const int shape[3], const uint8_t *blank,
                 const uint8_t *from, uint8_t *to);

#endif
