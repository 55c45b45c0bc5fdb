/* Image files of all kinds, from memory: bytes of a file or of a member of an archive. The contents
   decide what an image is, not its name. All functions may run in several threads at once. To add a
   kind: write data/NAME.c with a cnn_image_decoder, and list it in image_decoder.c. */
#ifndef CNN_IMAGE_DECODER_H
#define CNN_IMAGE_DECODER_H

#include "core/cnn.h"
#include "core/error.h"
#include "data/picture.h"

/* An encoded image. */
typedef struct cnn_encoded {
  const char *name; /* of its file, for messages */
  const uint8_t *bytes;
  size_t size;
} cnn_encoded;

/* What the header states, without decoding. */
typedef struct cnn_image_info {
  int height, width; /* as stored: orientations from 5 on show them exchanged */
  int orientation;   /* EXIF's, 1 to 8; 1 where there is none */
  bool complete; /* the end marker is there (EOI, IEND, all of the RIFF's bytes); else truncated */
  int scans;     /* of a JPEG image: passes over its pixels; else 1 */
  int64_t workspace; /* bytes that the decoder allocates beside the picture, without small ones */
  char kind[48];     /* "JPEG", "progressive CMYK JPEG", "16-bit RGBA PNG"... */
} cnn_image_info;

/* Images beyond are rejected before memory for them is allocated. */
typedef struct cnn_image_limits {
  int64_t bytes;  /* of the encoded image */
  int64_t pixels; /* height x width */
  int64_t memory; /* bytes of the picture and of the decoder's workspace */
  int scans;      /* each may take as long as a whole image */
} cnn_image_limits;

typedef struct cnn_image_options {
  int channels;          /* of the picture: 1 or 3 */
  bool exif_orientation; /* turn the image as it is to be shown */
  uint8_t background[3]; /* red, green and blue behind pixels with alpha */
  cnn_image_limits limits;
} cnn_image_options;

/* What a decoder found wrong in images that it could read whole. Counts go on from image to
   image. */
typedef struct cnn_image_note {
  int warnings;
  char first[256]; /* the text of the first warning, after the name of its image */
} cnn_image_note;

/* 512 MiB of file, 100 million pixels, 1 GiB of memory, 100 scans. */
extern const cnn_image_limits cnn_image_default_limits;

/* As the model's input and recipe require; background: white; the default limits. */
cnn_image_options cnn_image_options_for(const cnn_model *model);

/* Whether the bytes begin as an image of any kind does; `size` may be smaller than the image. */
enum { CNN_IMAGE_START = 16 }; /* bytes that decide */
bool cnn_image_is(const uint8_t *bytes, size_t size);

/* False (exit code 4): none of the kinds, or the header is damaged. Truncated images have a header:
   see `complete`. */
bool cnn_image_header(const cnn_encoded *image, cnn_image_info *info, cnn_error *error);

/* Decodes into the picture, whose shape is set. False: not an image, damaged or truncated, or
   beyond a limit (exit code 4); no memory (1). The picture's pixels are then undefined. Pixels:
   - JPEG: libjpeg-turbo's default (accurate integer IDCT, interpolated chroma), as Pillow and
     torchvision have it. Grey of a colour image is its own luma, as torchvision's GRAY; CMYK and
     YCCK are taken as inverted, which Adobe's programs began and Pillow assumes.
   - PNG: without gamma; of 16 bits the upper eight, as Pillow has it.
   - WebP: libwebp's default (interpolated chroma).
   - Grey of colours otherwise and alpha: see cnn_row_convert. */
bool cnn_image_decode(const cnn_encoded *image, const cnn_image_options *options,
                      cnn_picture *picture, cnn_image_note *note, cnn_error *error);

/* --- for decoders ----------------------------------------------------------------------------- */

typedef struct cnn_image_decoder {
  const char *name;
  bool (*matches)(const uint8_t *bytes, size_t size);
  bool (*header)(const cnn_encoded *image, cnn_image_info *info, cnn_error *error);
  bool (*decode)(const cnn_encoded *image, const cnn_image_options *options, cnn_picture *picture,
                 cnn_image_note *note, cnn_error *error);
} cnn_image_decoder;

extern const cnn_image_decoder cnn_jpeg_decoder, cnn_png_decoder, cnn_webp_decoder;

/* Checks the limits and gives the picture the shape that is shown. Returns the orientation in which
   rows are to be stored; 0 after a mistake. */
int cnn_image_begin(const cnn_encoded *image, const cnn_image_info *info,
                    const cnn_image_options *options, cnn_picture *picture, cnn_error *error);

/* Return false. */
bool cnn_image_no_memory(const cnn_encoded *image, cnn_error *error);
/* "NAME: not a good KIND image: WHAT", with the remedy. */
bool cnn_image_damaged(const cnn_encoded *image, const char *kind, const char *what,
                       cnn_error *error);

void cnn_image_warn(cnn_image_note *note, const cnn_encoded *image, const char *text);

#endif
