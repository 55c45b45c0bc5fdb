/* One JPEG file. */
#ifndef CNN_JPEG_H
#define CNN_JPEG_H

#include "core/cnn.h"
#include "core/error.h"

/* Whether the name ends in .jpg or .jpeg. */
bool cnn_jpeg_is_name(const char *name);

/* Whether a file is a JPEG image, by its name or its first bytes. */
bool cnn_jpeg_is(const char *path);

/* Decodes the file to the model's input, planes [C,H,W] of bytes: in the size of the file, or
   scaled and cut by the recipe's `resize`. */
bool cnn_jpeg_decode(const cnn_model *model, const char *path, uint8_t *to, cnn_error *error);

#endif
