/* Pictures of any size for a network of one, as torchvision's Resize(shorter) and
   CenterCrop((height, width)) make them of a PIL image: the picture is scaled until its shorter
   side has `shorter` pixels, and the middle is cut out. Scaling is bilinear, and where it shrinks,
   a pixel is a mean over what it covers, with the weights of a triangle (Pillow's BILINEAR). */
#ifndef CNN_RESIZE_H
#define CNN_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

/* What pixels of a scaled line are made of: pixel i of `first[i]` and the count[i] - 1 behind it,
   with the weights from weights[i * most] on. */
typedef struct cnn_resize_windows {
  int most;
  int *first, *count; /* [made] */
  float *weights;     /* [made][most] */
} cnn_resize_windows;

typedef struct cnn_resize {
  int channels, height, width; /* made */
  cnn_resize_windows along, down;
  int read;        /* rows of the picture so far */
  uint8_t *narrow; /* those of them that count, scaled: [rows][width][channels] */
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
