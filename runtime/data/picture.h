/* A decoded picture of any size: bytes, channels interleaved. */
#ifndef CNN_PICTURE_H
#define CNN_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is empty. The buffer is kept between the pictures of a worker. */
typedef struct cnn_picture {
  int height, width, channels;
  uint8_t *pixels; /* [height][width][channels] */
  size_t room;     /* bytes allocated at `pixels` */
} cnn_picture;

/* Gives the picture a shape; its pixels are undefined. False: no memory; it is then empty. */
bool cnn_picture_shape(cnn_picture *picture, int height, int width, int channels);

void cnn_picture_release(cnn_picture *picture);

/* Copies the pixels into planes [channels][height][width]. */
void cnn_picture_planes(const cnn_picture *picture, uint8_t *to);

/* --- for decoders ----------------------------------------------------------------------------- */

/* Whether an image with an EXIF orientation (1 to 8) is shown with height and width exchanged. */
static inline bool cnn_orientation_is_transposed(int orientation) {
  return orientation >= 5;
}

/* Stores row `y` of an image as it lies in the file, [width][channels], where the EXIF orientation
   (1 to 8) shows it. The picture has the shape that is shown. Orientations: Exif 2.32, tag 0x0112;
   6 for instance turns the stored image by 90 degrees clockwise. */
void cnn_picture_put_row(cnn_picture *picture, int orientation, int y, const uint8_t *row);

/* Converts a row of `width` pixels in place; the buffer has room for 4 bytes a pixel. `from`
   channels: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha); `to`: 1 or 3. Alpha blends with
   the background as Pillow's paste with a mask does; grey is ITU-R 601's luma as Pillow's
   convert("L") has it: (19595 R + 38470 G + 7471 B + 32768) >> 16. */
void cnn_row_convert(uint8_t *row, int width, int from, int to, const uint8_t background[3]);

/* Converts a row of `width` pixels in place, from CMYK that is inverted, as Adobe's programs write
   it into JPEG files, to RGB: each of them is K - (255 - C) K / 255, rounded, as in Pillow. */
void cnn_row_from_cmyk(uint8_t *row, int width);

#endif
