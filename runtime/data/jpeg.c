#include "data/jpeg.h"

#include "data/resize.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jpeglib.h>

bool cnn_jpeg_is_name(const char *name) {
  const char *end = strrchr(name, '.');
  return end && (strcasecmp(end, ".jpg") == 0 || strcasecmp(end, ".jpeg") == 0);
}

bool cnn_jpeg_is(const char *path) {
  unsigned char start[2] = {0};
  FILE *file = cnn_jpeg_is_name(path) ? NULL : fopen(path, "rb");
  bool is = cnn_jpeg_is_name(path) ||
            (file && fread(start, 1, 2, file) == 2 && start[0] == 0xff && start[1] == 0xd8);
  if (file) fclose(file);
  return is;
}

/* --- decoding --------------------------------------------------------------------------------- */

typedef struct decoder {
  struct jpeg_error_mgr errors; /* first: libjpeg knows only this part */
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_decompress_struct jpeg;
  uint8_t *row; /* of the picture: [width][channels] */
  cnn_resize resize;
} decoder;

static void on_error(j_common_ptr jpeg) {
  decoder *d = (decoder *)jpeg->err;
  d->errors.format_message(jpeg, d->message);
  longjmp(d->back, 1);
}
/* What libjpeg calls a warning is damaged data that it would guess at. */
static void on_message(j_common_ptr jpeg, int level) {
  if (level < 0) on_error(jpeg);
}

static bool check_picture(const decoder *d, const cnn_model *model, const char *path,
                          cnn_error *error) {
  const int *input = model->input;
  const int height = (int)d->jpeg.image_height, width = (int)d->jpeg.image_width;
  if (d->jpeg.jpeg_color_space == JCS_CMYK || d->jpeg.jpeg_color_space == JCS_YCCK)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: an image in CMYK; convert it to RGB", path);
  if (model->recipe->resize > 0 || (height == input[1] && width == input[2])) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: an image of %dx%d (height, width), but %s requires %dx%d; give the model's "
                  "recipe resize = %d, by which images are scaled and cut, or another input",
                  path, height, width, model->name, input[1], input[2],
                  input[1] > input[2] ? input[1] : input[2]);
}

/* Rows as libjpeg gives them, channels interleaved, into planes. */
static void read_rows(decoder *d, const int *input, uint8_t *to) {
  size_t channels = (size_t)input[0], width = (size_t)input[2], area = width * (size_t)input[1];
  for (size_t y = 0; y < (size_t)input[1]; y++) {
    jpeg_read_scanlines(&d->jpeg, (JSAMPROW[]){d->row}, 1);
    for (size_t c = 0; c < channels; c++)
      for (size_t x = 0; x < width; x++) to[c * area + y * width + x] = d->row[x * channels + c];
  }
}

static void read_scaled(decoder *d, uint8_t *to) {
  while (d->jpeg.output_scanline < d->jpeg.output_height) {
    jpeg_read_scanlines(&d->jpeg, (JSAMPROW[]){d->row}, 1);
    cnn_resize_row(&d->resize, d->row);
  }
  cnn_resize_take(&d->resize, to);
}

/* All that libjpeg may jump out of. */
static bool read_file(decoder *d, FILE *file, const cnn_model *model, const char *path, uint8_t *to,
                      cnn_error *error) {
  const int *input = model->input;
  if (setjmp(d->back))
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: not a good JPEG image: %s; fetch it again, or convert it", path,
                    d->message);
  jpeg_stdio_src(&d->jpeg, file);
  jpeg_read_header(&d->jpeg, TRUE);
  if (!check_picture(d, model, path, error)) return false;
  d->jpeg.out_color_space = input[0] == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&d->jpeg);
  d->row = malloc((size_t)d->jpeg.output_width * (size_t)input[0]);
  const bool scaled = model->recipe->resize > 0;
  if (!d->row ||
      (scaled && !cnn_resize_open(&d->resize, (int)d->jpeg.output_height, (int)d->jpeg.output_width,
                                  input[0], model->recipe->resize, input[1], input[2])))
    return cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory for an image of %ux%u pixels", path,
                    d->jpeg.output_height, d->jpeg.output_width);
  if (scaled)
    read_scaled(d, to);
  else
    read_rows(d, input, to);
  jpeg_finish_decompress(&d->jpeg);
  return true;
}

bool cnn_jpeg_decode(const cnn_model *model, const char *path, uint8_t *to, cnn_error *error) {
  FILE *file = fopen(path, "rb");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  decoder d;
  d.row = NULL;
  d.resize = (cnn_resize){0};
  d.jpeg.err = jpeg_std_error(&d.errors);
  d.errors.error_exit = on_error;
  d.errors.emit_message = on_message;
  jpeg_create_decompress(&d.jpeg);
  bool good = read_file(&d, file, model, path, to, error);
  jpeg_destroy_decompress(&d.jpeg);
  cnn_resize_close(&d.resize);
  free(d.row);
  fclose(file);
  return good;
}
