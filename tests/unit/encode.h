/* Image files in memory, written by the libraries that the decoders read them with. */
#ifndef ENCODE_H
#define ENCODE_H

#include "data/bytes.h"
#include "data/image_decoder.h"

/* An image to be written; {0} in a field is the usual. */
typedef struct encode_image {
  int height, width;
  const uint8_t *pixels; /* rows as the library reads them */
  int exif;              /* orientation; 0: none */

  int channels; /* of a JPEG or WebP image: 1, 3, or 4 for CMYK or alpha */
  bool progressive, ycck;

  int colour, bits; /* of a PNG image: PNG_COLOR_TYPE_... */
  bool interlaced, exif_behind;
  const uint8_t *palette; /* 2^bits colours of red, green, blue */
  const uint8_t *alphas;  /* of the palette: 2^bits */
  const uint16_t *key;    /* the transparent colour: grey, or red, green, blue */
} encode_image;

/* Free with cnn_bytes_release. JPEG of quality 100 with colours in full size; WebP without loss. */
cnn_bytes encode_jpeg(const encode_image *image);
cnn_bytes encode_png(const encode_image *image);
cnn_bytes encode_webp(const encode_image *image);

/* A TIFF header and one directory with an orientation: 26 bytes. */
enum { ENCODE_EXIF = 26 };
void encode_exif(uint8_t to[ENCODE_EXIF], int orientation, bool big_endian);

void encode_append(cnn_bytes *bytes, const void *data, size_t size);

/* --- checks ----------------------------------------------------------------------------------- */

/* Options for as many channels, with white behind alpha. */
cnn_image_options encode_options(int channels);

/* Decodes what must be an image without warnings. */
void encode_decode(const cnn_bytes *bytes, const cnn_image_options *options, cnn_picture *picture);

/* Decoding must fail with exit code 4 and exactly this message. */
void encode_expect_error(const cnn_bytes *bytes, const cnn_image_options *options,
                         const char *message);

/* All beginnings of the image are errors, and the header, where it can be read, shows it. */
void encode_expect_truncated_errors(const cnn_bytes *bytes);

#endif
