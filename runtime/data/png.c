#include "data/exif.h"
#include "data/image_decoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

enum { SIGNATURE = 8 };

static bool matches(const uint8_t *bytes, size_t size) {
  return size >= SIGNATURE && png_sig_cmp(bytes, 0, SIGNATURE) == 0;
}

/* Walks over the chunks for what libpng does not tell before it decodes: the end, and the
   orientation, which may stand behind the pixels. */
static void read_chunks(const cnn_encoded *image, cnn_image_info *info) {
  enum { AROUND = 12 }; /* length and name in front of the data, a sum behind them */
  for (size_t at = SIGNATURE; image->size - at >= AROUND;) {
    const uint8_t *chunk = image->bytes + at, *name = chunk + 4;
    const size_t length = png_get_uint_32(chunk), left = image->size - at - AROUND;
    if (length > left) return;
    if (memcmp(name, "eXIf", 4) == 0) info->orientation = cnn_exif_orientation(chunk + 8, length);
    if (memcmp(name, "IEND", 4) == 0) {
      info->complete = true;
      return;
    }
    at += AROUND + length;
  }
}

/* --- libpng ----------------------------------------------------------------------------------- */

typedef struct reader {
  jmp_buf back;
  char message[200], warning[80]; /* the last ones */
  const cnn_encoded *image;
  cnn_image_note *note; /* NULL: warnings are not kept */
  size_t used;          /* bytes of the image */
  png_structp png;
  png_infop info;
  uint8_t *rows; /* one, or all of an interlaced image */
} reader;

static void on_error(png_structp png, png_const_charp text) {
  reader *r = png_get_error_ptr(png);
  snprintf(r->message, sizeof r->message, r->warning[0] ? "%s (%s)" : "%s", text, r->warning);
  longjmp(r->back, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  reader *r = png_get_error_ptr(png);
  snprintf(r->warning, sizeof r->warning, "%s", text);
  if (r->note) cnn_image_warn(r->note, r->image, text);
}

static void read_bytes(png_structp png, png_bytep to, size_t size) {
  reader *r = png_get_io_ptr(png);
  if (size > r->image->size - r->used) png_error(png, "the file ends within the image");
  memcpy(to, r->image->bytes + r->used, size);
  r->used += size;
}

/* "8-bit grey", "interlaced 4-bit palette"... */
static void name_kind(const reader *r, cnn_image_info *info) {
  static const char *const COLOURS[] = {
      [PNG_COLOR_TYPE_GRAY] = "grey",       [PNG_COLOR_TYPE_GRAY_ALPHA] = "grey and alpha",
      [PNG_COLOR_TYPE_PALETTE] = "palette", [PNG_COLOR_TYPE_RGB] = "RGB",
      [PNG_COLOR_TYPE_RGB_ALPHA] = "RGBA",
  };
  const bool interlaced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
  snprintf(info->kind, sizeof info->kind, "%s%d-bit %s PNG", interlaced ? "interlaced " : "",
           png_get_bit_depth(r->png, r->info), COLOURS[png_get_color_type(r->png, r->info)]);
}

/* All of read_header and read_pixels is left by longjmp after an error. */
static void read_header(reader *r, cnn_image_info *info) {
  enum { ROWS = 4, PIXEL = 8 };     /* rows that libpng holds; bytes of a pixel, at most */
  png_set_benign_errors(r->png, 1); /* are warnings */
  /* Profiles, texts and times have no part in the pixels. */
  png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_read_fn(r->png, r, read_bytes);
  png_read_info(r->png, r->info);
  info->height = (int)png_get_image_height(r->png, r->info);
  info->width = (int)png_get_image_width(r->png, r->info);
  info->workspace = (int64_t)ROWS * PIXEL * info->width;
  if (png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE)
    info->workspace += (int64_t)info->height * info->width * 4;
  name_kind(r, info);
  read_chunks(r->image, info);
}

/* To 8 bits in 1 to 4 channels. Returns how often libpng passes over the rows. */
static int set_conversions(reader *r) {
  png_set_expand(r->png); /* palettes, transparent colours, less than 8 bits */
  png_set_strip_16(r->png);
  const int passes = png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  return passes;
}

static bool read_pixels(reader *r, const cnn_image_info *info, const cnn_image_options *options,
                        cnn_picture *picture, cnn_error *error) {
  const int orientation = cnn_image_begin(r->image, info, options, picture, error);
  if (!orientation) return false;
  const int passes = set_conversions(r), channels = png_get_channels(r->png, r->info);
  const size_t row = (size_t)info->width * 4, kept = passes > 1 ? (size_t)info->height : 1;
  r->rows = malloc(row * kept);
  if (!r->rows) return cnn_image_no_memory(r->image, error);
  for (int pass = 0; pass < passes; pass++)
    for (int y = 0; y < info->height; y++) {
      uint8_t *to = r->rows + (kept > 1 ? (size_t)y * row : 0);
      png_read_row(r->png, to, NULL);
      if (pass < passes - 1) continue;
      cnn_row_convert(to, info->width, channels, options->channels, options->background);
      cnn_picture_put_row(picture, orientation, y, to);
    }
  png_read_end(r->png, NULL);
  return true;
}

/* --- the decoder ------------------------------------------------------------------------------ */

static bool open_reader(reader *r) {
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
  r->info = r->png ? png_create_info_struct(r->png) : NULL;
  return r->info != NULL;
}

/* Without options, only the header. */
static bool read_image(reader *r, cnn_image_info *info, const cnn_image_options *options,
                       cnn_picture *picture, cnn_error *error) {
  bool good = setjmp(r->back) == 0;
  if (!good) {
    cnn_image_damaged(r->image, "PNG", r->message, error);
  } else if (!open_reader(r)) {
    good = cnn_image_no_memory(r->image, error);
  } else {
    read_header(r, info);
    if (options) good = read_pixels(r, info, options, picture, error);
  }
  png_destroy_read_struct(&r->png, &r->info, NULL);
  free(r->rows);
  return good;
}

static bool header(const cnn_encoded *image, cnn_image_info *info, cnn_error *error) {
  reader r = {.image = image};
  return read_image(&r, info, NULL, NULL, error);
}

static bool decode(const cnn_encoded *image, const cnn_image_options *options, cnn_picture *picture,
                   cnn_image_note *note, cnn_error *error) {
  reader r = {.image = image, .note = note};
  cnn_image_info info = {.orientation = 1, .scans = 1};
  return read_image(&r, &info, options, picture, error);
}

const cnn_image_decoder cnn_png_decoder = {"PNG", matches, header, decode};
