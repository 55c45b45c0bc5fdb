#include "data/exif.h"
#include "data/image_decoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

static bool matches(const uint8_t *bytes, size_t size) {
  return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

/* --- markers ---------------------------------------------------------------------------------- */

/* The code of the next marker, which follows 0xff; NULL: there is none. */
static const uint8_t *next_marker(const uint8_t *at, const uint8_t *end) {
  while (at < end && (at = memchr(at, 0xff, (size_t)(end - at))) != NULL) {
    while (at < end && *at == 0xff) at++;
    if (at < end && *at != 0) return at;
  }
  return NULL;
}

/* Walks from marker to marker, as libjpeg will (ITU-T T.81, B.1.1), for what libjpeg does not tell
   before it decodes: the number of scans, the end, and the orientation. */
static void read_markers(const cnn_encoded *image, cnn_image_info *info) {
  enum { TEM = 0x01, RST0 = 0xd0, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1 };
  static const char EXIF[6] = "Exif\0";
  const uint8_t *end = image->bytes + image->size, *at = image->bytes + 2;
  bool has_exif = false;
  info->scans = 0;
  while ((at = next_marker(at, end)) != NULL && *at != EOI) {
    const uint8_t code = *at++;
    if (code == TEM || (code >= RST0 && code <= SOI)) continue;
    if (end - at < 2) return;
    const size_t stated = (size_t)(at[0] << 8 | at[1]);
    const size_t length = stated < 2 ? 2 : stated; /* libjpeg goes on behind the length, too */
    if ((size_t)(end - at) < length) return;
    if (code == SOS) info->scans++;
    if (code == APP1 && !has_exif && length > 2 + sizeof EXIF &&
        memcmp(at + 2, EXIF, sizeof EXIF) == 0) {
      info->orientation = cnn_exif_orientation(at + 2 + sizeof EXIF, length - 2 - sizeof EXIF);
      has_exif = true;
    }
    at += length;
  }
  info->complete = at != NULL;
}

/* --- libjpeg ---------------------------------------------------------------------------------- */

typedef struct reader {
  struct jpeg_error_mgr errors; /* first: libjpeg knows only this part */
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
  const cnn_encoded *image;
  cnn_image_note *note; /* NULL: warnings are not kept */
  int scans;            /* at most, while pixels are read */
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct jpeg;
} reader;

static void on_error(j_common_ptr jpeg) {
  reader *r = (reader *)jpeg->err;
  r->errors.format_message(jpeg, r->message);
  longjmp(r->back, 1);
}

/* Negative levels are warnings: damaged data that libjpeg guesses at. Where the file ends within
   the image, there is nothing to guess. */
static void on_message(j_common_ptr jpeg, int level) {
  reader *r = (reader *)jpeg->err;
  if (level >= 0) return;
  if (r->errors.msg_code == JWRN_JPEG_EOF) on_error(jpeg);
  r->errors.format_message(jpeg, r->message);
  if (r->note) cnn_image_warn(r->note, r->image, r->message);
}

/* Should libjpeg find more scans than were counted, a limit would not hold. */
static void on_progress(j_common_ptr jpeg) {
  reader *r = (reader *)jpeg->err;
  if (r->jpeg.input_scan_number <= r->scans) return;
  snprintf(r->message, sizeof r->message, "scans between damaged markers");
  longjmp(r->back, 1);
}

static void open_reader(reader *r, const cnn_encoded *image, cnn_image_note *note) {
  memset(&r->jpeg, 0, sizeof r->jpeg); /* so that it can be destroyed before it is created */
  r->image = image;
  r->note = note;
  r->jpeg.err = jpeg_std_error(&r->errors);
  r->errors.error_exit = on_error;
  r->errors.emit_message = on_message;
}

static bool is_cmyk(const reader *r) {
  return r->jpeg.jpeg_color_space == JCS_CMYK || r->jpeg.jpeg_color_space == JCS_YCCK;
}

/* Coefficients of all blocks are kept where a component has several scans. */
static int64_t coefficient_bytes(struct jpeg_decompress_struct *jpeg) {
  int64_t bytes = 0;
  for (int i = 0; jpeg_has_multiple_scans(jpeg) && i < jpeg->num_components; i++)
    bytes += (int64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks *
             (int64_t)sizeof(JBLOCK);
  return bytes;
}

/* All of read_header and read_pixels is left by longjmp after an error. */
static void read_header(reader *r, cnn_image_info *info) {
  jpeg_create_decompress(&r->jpeg);
  jpeg_mem_src(&r->jpeg, r->image->bytes, r->image->size);
  jpeg_read_header(&r->jpeg, TRUE);
  read_markers(r->image, info);
  info->height = (int)r->jpeg.image_height;
  info->width = (int)r->jpeg.image_width;
  info->workspace = coefficient_bytes(&r->jpeg);
  snprintf(info->kind, sizeof info->kind, "%s%sJPEG",
           r->jpeg.progressive_mode ? "progressive " : "",
           r->jpeg.jpeg_color_space == JCS_GRAYSCALE ? "grey "
           : is_cmyk(r)                              ? "CMYK "
                                                     : "");
}

static bool read_pixels(reader *r, const cnn_image_info *info, const cnn_image_options *options,
                        cnn_picture *picture, cnn_error *error) {
  struct jpeg_decompress_struct *jpeg = &r->jpeg;
  const int orientation = cnn_image_begin(r->image, info, options, picture, error);
  if (!orientation) return false;
  const int width = (int)jpeg->image_width;
  jpeg->out_color_space = is_cmyk(r) ? JCS_CMYK : options->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  r->scans = info->scans;
  r->progress.progress_monitor = on_progress;
  jpeg->progress = &r->progress;
  jpeg_start_decompress(jpeg);
  JSAMPROW row =
      jpeg->mem->alloc_large((j_common_ptr)jpeg, JPOOL_IMAGE, 4 * (size_t)jpeg->image_width);
  while (jpeg->output_scanline < jpeg->output_height) {
    const int y = (int)jpeg->output_scanline;
    jpeg_read_scanlines(jpeg, &row, 1);
    if (is_cmyk(r)) {
      cnn_row_from_cmyk(row, width);
      cnn_row_convert(row, width, 3, options->channels, options->background);
    }
    cnn_picture_put_row(picture, orientation, y, row);
  }
  jpeg_finish_decompress(jpeg);
  return true;
}

/* --- the decoder ------------------------------------------------------------------------------ */

/* Without options, only the header. */
static bool read_image(reader *r, cnn_image_info *info, const cnn_image_options *options,
                       cnn_picture *picture, cnn_error *error) {
  bool good = setjmp(r->back) == 0;
  if (good) {
    read_header(r, info);
    if (options) good = read_pixels(r, info, options, picture, error);
  } else {
    cnn_image_damaged(r->image, "JPEG", r->message, error);
  }
  jpeg_destroy_decompress(&r->jpeg);
  return good;
}

static bool header(const cnn_encoded *image, cnn_image_info *info, cnn_error *error) {
  reader r;
  open_reader(&r, image, NULL);
  return read_image(&r, info, NULL, NULL, error);
}

static bool decode(const cnn_encoded *image, const cnn_image_options *options, cnn_picture *picture,
                   cnn_image_note *note, cnn_error *error) {
  reader r;
  cnn_image_info info = {.orientation = 1};
  open_reader(&r, image, note);
  return read_image(&r, &info, options, picture, error);
}

const cnn_image_decoder cnn_jpeg_decoder = {"JPEG", matches, header, decode};
