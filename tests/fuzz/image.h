/* What the fuzzers of image files share. */
#ifndef FUZZ_IMAGE_H
#define FUZZ_IMAGE_H

#include "data/image_decoder.h"

/* Reads the header and decodes, in a way that depends on the size. What is decoded must have had a
   header, to the same size, and its end. */
void fuzz_image(const cnn_image_decoder *decoder, const uint8_t *bytes, size_t size);

#endif
