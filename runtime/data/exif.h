/* The orientation that cameras write beside an image. */
#ifndef CNN_EXIF_H
#define CNN_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* Reads tag 0x0112 of the first directory of an EXIF block (a TIFF header and what follows it: a
   JPEG's APP1 segment after "Exif\0\0", PNG's eXIf, WebP's EXIF), as Exif 2.32 and TIFF 6.0 lay it
   out. Returns 1 to 8; 1, which is upright, where the block has none or is damaged. */
int cnn_exif_orientation(const uint8_t *block, size_t size);

#endif
