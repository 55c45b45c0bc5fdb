/* Encoded images to the input of a network. */
#ifndef CNN_IMAGE_READER_H
#define CNN_IMAGE_READER_H

#include "data/bytes.h"
#include "data/image_decoder.h"
#include "data/resize.h"

/* One for each thread that reads. Buffers are kept from image to image. */
typedef struct cnn_image_reader {
  const cnn_model *model;
  cnn_image_options options;
  cnn_image_note note; /* of all images so far */
  bool wrong_size;     /* the last image could be decoded, but has not the size of the input */
  cnn_bytes bytes;
  cnn_picture picture;
  cnn_resize resize;
} cnn_image_reader;

/* Whether images have as many channels as the model's input. path: for the message. */
bool cnn_image_reader_fits(const cnn_model *model, const char *path, cnn_error *error);

void cnn_image_reader_open(cnn_image_reader *reader, const cnn_model *model);

/* Decodes the image to planes [C,H,W] of bytes: in its own size, which must be the model's input,
   or scaled and cut by the recipe's `resize`. */
bool cnn_image_reader_decode(cnn_image_reader *reader, const cnn_encoded *image, uint8_t *to,
                             cnn_error *error);

/* The same for a file. */
bool cnn_image_reader_file(cnn_image_reader *reader, const char *path, uint8_t *to,
                           cnn_error *error);

void cnn_image_reader_close(cnn_image_reader *reader);

/* The same; prints to standard error what decoders only warned of. */
void cnn_image_reader_end(cnn_image_reader *reader);

/* Whether the contents of a file are an image; false also for one that cannot be read. */
bool cnn_image_is_file(const char *path);

#endif
