/* Pictures of any size for a network of one. */
#ifndef CNN_RESIZE_H
#define CNN_RESIZE_H

#include "error.h"

#include <stdint.h>

typedef struct cnn_picture {
  const uint8_t *pixels; /* [height][width][channels] */
  int height, width, channels;
} cnn_picture;

/* Scales the picture until its shorter side has `shorter` pixels, and cuts the middle out, as
   torchvision's Resize(shorter) and CenterCrop((height, width)) do with a PIL image: bilinear, and
   where it shrinks a pixel is a mean over what it covers, with the weights of a triangle. to:
   planes, [channels][height][width]; shorter is at least height and width. False: no memory. */
bool cnn_resize(const cnn_picture *picture, int shorter, int height, int width, uint8_t *to,
                cnn_error *error);

#endif
