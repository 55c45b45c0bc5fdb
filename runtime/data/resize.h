/* Pictures of any size for a network of one. Scaling is bilinear, and where it shrinks, a pixel is
   a mean over what it covers, with the weights of a triangle: Pillow's BILINEAR, and torchvision's
   for PIL images and with antialias. First columns, then rows, rounded to bytes between them. */
#ifndef CNN_RESIZE_H
#define CNN_RESIZE_H

#include "data/picture.h"

/* The workspace, kept between the pictures of a worker; {0} is empty. */
typedef struct cnn_resize {
  void *memory;
  size_t room; /* bytes of it */
} cnn_resize;

/* Pixels of a picture, all within it. */
typedef struct cnn_box {
  int top, left, height, width;
} cnn_box;

/* Cuts the box out and scales it to height x width: torchvision's resized_crop(picture, top, left,
   box.height, box.width, (height, width)). `to`: planes [channels][height][width]. False: no
   memory. */
bool cnn_resize_box(cnn_resize *resize, const cnn_picture *picture, cnn_box box, int height,
                    int width, uint8_t *to);

/* Scales the picture until its shorter side has `shorter` pixels, at least height and width, and
   cuts out the middle: torchvision's Resize(shorter) and CenterCrop((height, width)). */
bool cnn_resize_centre(cnn_resize *resize, const cnn_picture *picture, int shorter, int height,
                       int width, uint8_t *to);

void cnn_resize_release(cnn_resize *resize);

#endif
