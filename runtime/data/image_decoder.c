#include "data/image_decoder.h"

#include <stdio.h>

/* The first decoder that recognises an image reads it. */
static const cnn_image_decoder *const DECODERS[] = {
    &cnn_jpeg_decoder,
    &cnn_png_decoder,
    &cnn_webp_decoder,
};
enum { DECODER_COUNT = sizeof DECODERS / sizeof *DECODERS };

const cnn_image_limits cnn_image_default_limits = {
    .bytes = 512 << 20, .pixels = 100000000, .memory = 1 << 30, .scans = 100};

cnn_image_options cnn_image_options_for(const cnn_model *model) {
  return (cnn_image_options){
      .channels = model->input[0],
      .exif_orientation = model->recipe->exif_orientation,
      .background = {255, 255, 255},
      .limits = cnn_image_default_limits,
  };
}

static const cnn_image_decoder *decoder_of(const uint8_t *bytes, size_t size) {
  for (int i = 0; i < DECODER_COUNT; i++)
    if (DECODERS[i]->matches(bytes, size)) return DECODERS[i];
  return NULL;
}

bool cnn_image_is(const uint8_t *bytes, size_t size) {
  return decoder_of(bytes, size) != NULL;
}

static bool fail_unknown(const cnn_encoded *image, cnn_error *error) {
  if (image->size == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: empty; fetch it again or remove it", image->name);
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: not a JPEG, PNG or WebP image; convert it or remove it", image->name);
}

bool cnn_image_header(const cnn_encoded *image, cnn_image_info *info, cnn_error *error) {
  const cnn_image_decoder *decoder = decoder_of(image->bytes, image->size);
  *info = (cnn_image_info){.orientation = 1, .scans = 1};
  return decoder ? decoder->header(image, info, error) : fail_unknown(image, error);
}

bool cnn_image_decode(const cnn_encoded *image, const cnn_image_options *options,
                      cnn_picture *picture, cnn_image_note *note, cnn_error *error) {
  const cnn_image_decoder *decoder = decoder_of(image->bytes, image->size);
  const cnn_image_note before = *note;
  if (!decoder) return fail_unknown(image, error);
  if (decoder->decode(image, options, picture, note, error)) return true;
  *note = before;
  return false;
}

/* --- for decoders ----------------------------------------------------------------------------- */

static bool check_limits(const cnn_encoded *image, const cnn_image_info *info,
                         const cnn_image_options *options, cnn_error *error) {
  static const char *const REMEDY = "make it smaller or remove it";
  const cnn_image_limits *limits = &options->limits;
  const int64_t pixels = (int64_t)info->height * info->width;
  const int64_t memory = pixels * options->channels + info->workspace;
  if ((int64_t)image->size > limits->bytes)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: an image of %zu bytes, more than the %jd that are read; %s", image->name,
                    image->size, (intmax_t)limits->bytes, REMEDY);
  if (pixels > limits->pixels)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: an image of %dx%d (height, width), more than the %jd pixels that are "
                    "read; %s",
                    image->name, info->height, info->width, (intmax_t)limits->pixels, REMEDY);
  if (memory > limits->memory)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: decoding needs %jd bytes of memory, more than the %jd that it may; %s",
                    image->name, (intmax_t)memory, (intmax_t)limits->memory, REMEDY);
  if (info->scans > limits->scans)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: a JPEG image in %d scans, more than the %d that are read; write it again "
                    "with a usual program or remove it",
                    image->name, info->scans, limits->scans);
  return true;
}

int cnn_image_begin(const cnn_encoded *image, const cnn_image_info *info,
                    const cnn_image_options *options, cnn_picture *picture, cnn_error *error) {
  if (!check_limits(image, info, options, error)) return 0;
  const int orientation = options->exif_orientation ? info->orientation : 1;
  const bool transposed = cnn_orientation_is_transposed(orientation);
  const int height = transposed ? info->width : info->height;
  const int width = transposed ? info->height : info->width;
  if (cnn_picture_shape(picture, height, width, options->channels)) return orientation;
  cnn_image_no_memory(image, error);
  return 0;
}

bool cnn_image_no_memory(const cnn_encoded *image, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory to decode the image", image->name);
}

void cnn_image_warn(cnn_image_note *note, const cnn_encoded *image, const char *text) {
  if (note->warnings++ == 0) snprintf(note->first, sizeof note->first, "%s: %s", image->name, text);
}

bool cnn_image_damaged(const cnn_encoded *image, const char *kind, const char *what,
                       cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: not a good %s image: %s; fetch it again, or convert it", image->name, kind,
                  what);
}
