#include "data/exif.h"
#include "data/image_decoder.h"

#include <stdio.h>
#include <string.h>

#include <webp/decode.h>

enum { START = 12 }; /* "RIFF", a size, "WEBP" */

static bool matches(const uint8_t *bytes, size_t size) {
  return size >= START && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static size_t little_endian(const uint8_t *bytes) {
  return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

/* The chunks after the start (developers.google.com/speed/webp/docs/riff_container): a name, a size
   and data, padded to an even number of bytes. Some programs put JPEG's "Exif\0\0" in front. */
static int find_orientation(const cnn_encoded *image) {
  enum { NAMED = 8, PREFIX = 6 };
  for (size_t at = START; image->size - at >= NAMED;) {
    const uint8_t *chunk = image->bytes + at, *data = chunk + NAMED;
    const size_t size = little_endian(chunk + 4), left = image->size - at - NAMED;
    if (size > left) break;
    if (memcmp(chunk, "EXIF", 4) == 0) {
      const size_t prefix = size >= PREFIX && memcmp(data, "Exif\0", PREFIX) == 0 ? PREFIX : 0;
      return cnn_exif_orientation(data + prefix, size - prefix);
    }
    if (size == left) break; /* without its padding */
    at += NAMED + size + size % 2;
  }
  return 1;
}

static const char *name_status(VP8StatusCode status) {
  switch (status) {
  case VP8_STATUS_OUT_OF_MEMORY:
    return "no memory";
  case VP8_STATUS_BITSTREAM_ERROR:
    return "damaged data";
  case VP8_STATUS_UNSUPPORTED_FEATURE:
    return "a feature that libwebp does not know";
  case VP8_STATUS_SUSPENDED:
  case VP8_STATUS_NOT_ENOUGH_DATA:
    return "the file ends within the image";
  default:
    return "libwebp cannot read it";
  }
}

static bool fail(const cnn_encoded *image, VP8StatusCode status, cnn_error *error) {
  if (status == VP8_STATUS_OUT_OF_MEMORY) return cnn_image_no_memory(image, error);
  return cnn_image_damaged(image, "WebP", name_status(status), error);
}

/* Bytes of a pixel as libwebp gives it. */
static int channels_of(const WebPBitstreamFeatures *features) {
  return features->has_alpha ? 4 : 3;
}

static bool read_header(const cnn_encoded *image, WebPBitstreamFeatures *features,
                        cnn_image_info *info, cnn_error *error) {
  enum { LOSSY = 1, LOSSLESS = 2, ARGB = 4, ALPHA = 1 };
  static const char *const FORMATS[] = {"", "lossy ", "lossless "};
  const VP8StatusCode status = WebPGetFeatures(image->bytes, image->size, features);
  if (status != VP8_STATUS_OK) return fail(image, status, error);
  info->height = features->height;
  info->width = features->width;
  info->orientation = find_orientation(image);
  info->complete = image->size - 8 >= little_endian(image->bytes + 4);
  info->workspace = (int64_t)info->height * info->width * (channels_of(features) + ARGB + ALPHA);
  snprintf(
      info->kind, sizeof info->kind, "%s%sWebP%s", features->has_animation ? "animated " : "",
      FORMATS[features->format == LOSSY || features->format == LOSSLESS ? features->format : 0],
      features->has_alpha ? " with alpha" : "");
  return true;
}

/* The pixels as libwebp has them, into a picture with their shape. */
static VP8StatusCode decode_pixels(const cnn_encoded *image, cnn_picture *to) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
  config.output.colorspace = to->channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = (WebPRGBABuffer){to->pixels, to->width * to->channels, to->room};
  return WebPDecode(image->bytes, image->size, &config);
}

static bool header(const cnn_encoded *image, cnn_image_info *info, cnn_error *error) {
  WebPBitstreamFeatures features;
  return read_header(image, &features, info, error);
}

static bool decode(const cnn_encoded *image, const cnn_image_options *options, cnn_picture *picture,
                   cnn_image_note *note, cnn_error *error) {
  (void)note; /* libwebp has no warnings */
  cnn_image_info info = {.orientation = 1, .scans = 1};
  WebPBitstreamFeatures features;
  if (!read_header(image, &features, &info, error)) return false;
  if (features.has_animation) return cnn_image_damaged(image, "WebP", "it is animated", error);
  const int orientation = cnn_image_begin(image, &info, options, picture, error);
  if (!orientation) return false;
  cnn_picture decoded = {0};
  if (!cnn_picture_shape(&decoded, info.height, info.width, channels_of(&features)))
    return cnn_image_no_memory(image, error);
  const VP8StatusCode status = decode_pixels(image, &decoded);
  const size_t row = (size_t)decoded.width * (size_t)decoded.channels;
  for (int y = 0; status == VP8_STATUS_OK && y < decoded.height; y++) {
    uint8_t *from = decoded.pixels + (size_t)y * row;
    cnn_row_convert(from, decoded.width, decoded.channels, options->channels, options->background);
    cnn_picture_put_row(picture, orientation, y, from);
  }
  cnn_picture_release(&decoded);
  return status == VP8_STATUS_OK || fail(image, status, error);
}

const cnn_image_decoder cnn_webp_decoder = {"WebP", matches, header, decode};
