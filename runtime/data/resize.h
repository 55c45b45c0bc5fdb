/* Pictures of any size for a network of one, as torchvision's Resize(shorter) and
   CenterCrop((height, width)) make them of a PIL image: the picture is scaled until its shorter
   side has `shorter` pixels, and the middle is cut out. Scaling is bilinear, and where it shrinks,
   a pixel is a mean over what it covers, with the weights of a triangle (Pillow's BILINEAR). */
#ifndef CNN_RESIZE_H
#define CNN_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

/* One axis of the scaling: output pixel i is a mean over the count[i] input pixels from first[i]
   on, with weights[i * most + k] for the k-th of them. */
typedef struct cnn_resize_axis {
  int most;
  int *first, *count; /* [out] */
  float *weights;     /* [out][most] */
} cnn_resize_axis;

typedef struct cnn_resize {
  int channels, height, width; /* of the output */
  cnn_resize_axis w, h;
  int read;        /* rows of the picture so far */
  uint8_t *narrow; /* the rows that contribute, scaled in w: [rows][width][channels] */
} cnn_resize;

/* For a picture of picture_height x picture_width pixels; shorter is at least height and width.
   False: no memory. cnn_resize_close in any case. */
bool cnn_resize_open(cnn_resize *resize, int picture_height, int picture_width, int channels,
                     int shorter, int height, int width);

/* The next row of the picture, [width][channels]. */
void cnn_resize_row(cnn_resize *resize, const uint8_t *row);

/* After the last row: the image, as planes [channels][height][width]. */
void cnn_resize_take(const cnn_resize *resize, uint8_t *to);

void cnn_resize_close(cnn_resize *resize);

#endif
