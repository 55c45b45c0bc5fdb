#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

void encode_append(cnn_bytes *bytes, const void *data, size_t size) {
  uint8_t *to = realloc(bytes->at, bytes->size + size + 1);
  assert_non_null(to);
  memcpy(to + bytes->size, data, size);
  bytes->at = to;
  bytes->size = bytes->room = bytes->size + size;
}

static void put(uint8_t *to, size_t value, int count, bool big_endian) {
  for (int i = 0; i < count; i++) to[big_endian ? count - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

void encode_exif(uint8_t to[ENCODE_EXIF], int orientation, bool big_endian) {
  memset(to, 0, ENCODE_EXIF);
  memcpy(to, big_endian ? "MM\0*" : "II*\0", 4);
  put(to + 4, 8, 4, big_endian);       /* the directory */
  put(to + 8, 1, 2, big_endian);       /* entries */
  put(to + 10, 0x0112, 2, big_endian); /* orientation, a short, one */
  put(to + 12, 3, 2, big_endian);
  put(to + 14, 1, 4, big_endian);
  put(to + 18, (size_t)orientation, 2, big_endian);
}

/* --- JPEG ------------------------------------------------------------------------------------- */

static void write_jpeg_exif(struct jpeg_compress_struct *jpeg, int orientation) {
  uint8_t segment[6 + ENCODE_EXIF] = "Exif\0";
  encode_exif(segment + 6, orientation, orientation % 2);
  jpeg_write_marker(jpeg, JPEG_APP0 + 1, segment, sizeof segment);
}

cnn_bytes encode_jpeg(const encode_image *image) {
  struct jpeg_error_mgr errors;
  struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
  unsigned char *file = NULL;
  unsigned long size = 0;
  cnn_bytes bytes = {0};
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &file, &size);
  jpeg.image_height = (JDIMENSION)image->height;
  jpeg.image_width = (JDIMENSION)image->width;
  jpeg.input_components = image->channels;
  jpeg.in_color_space = image->channels == 1   ? JCS_GRAYSCALE
                        : image->channels == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  if (image->ycck) jpeg_set_colorspace(&jpeg, JCS_YCCK);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (image->progressive) jpeg_simple_progression(&jpeg);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  if (image->ycck) jpeg.comp_info[3].h_samp_factor = jpeg.comp_info[3].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  if (image->exif) write_jpeg_exif(&jpeg, image->exif);
  const size_t row = (size_t)image->width * (size_t)image->channels;
  for (int y = 0; y < image->height; y++)
    jpeg_write_scanlines(&jpeg, (JSAMPROW[]){(JSAMPROW)image->pixels + (size_t)y * row}, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  encode_append(&bytes, file, size);
  free(file);
  return bytes;
}

/* --- PNG -------------------------------------------------------------------------------------- */

static void write_png(png_structp png, png_bytep data, size_t size) {
  encode_append(png_get_io_ptr(png), data, size);
}

static void flush_png(png_structp png) {
  (void)png;
}

static void set_transparency(png_structp png, png_infop info, const encode_image *image) {
  png_color palette[256];
  const int colours = 1 << image->bits;
  for (int i = 0; image->palette && i < colours; i++)
    palette[i] =
        (png_color){image->palette[3 * i], image->palette[3 * i + 1], image->palette[3 * i + 2]};
  if (image->palette) png_set_PLTE(png, info, palette, colours);
  if (image->alphas) png_set_tRNS(png, info, image->alphas, colours, NULL);
  if (!image->key) return;
  png_color_16 key = {.gray = image->key[0], .red = image->key[0]};
  if (image->colour == PNG_COLOR_TYPE_RGB) {
    key.green = image->key[1];
    key.blue = image->key[2];
  }
  png_set_tRNS(png, info, NULL, 1, &key);
}

cnn_bytes encode_png(const encode_image *image) {
  cnn_bytes bytes = {0};
  uint8_t exif[ENCODE_EXIF];
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  assert_non_null(info);
  png_set_write_fn(png, &bytes, write_png, flush_png);
  png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, image->bits,
               image->colour, image->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  set_transparency(png, info, image);
  encode_exif(exif, image->exif, image->exif % 2);
  png_write_info(png, info);
  if (image->exif && !image->exif_behind)
    png_write_chunk(png, (png_const_bytep) "eXIf", exif, sizeof exif);
  const size_t row = png_get_rowbytes(png, info);
  const int passes = png_set_interlace_handling(png);
  for (int y = 0; y < passes * image->height; y++)
    png_write_row(png, image->pixels + (size_t)(y % image->height) * row);
  if (image->exif_behind) png_write_chunk(png, (png_const_bytep) "eXIf", exif, sizeof exif);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

/* --- WebP ------------------------------------------------------------------------------------- */

/* The image's chunk in a file with an EXIF chunk behind it. */
static cnn_bytes wrap_webp(const cnn_bytes *plain, const encode_image *image) {
  enum { HEAD = 12, NAMED = 8, EXTENDED = 10, EXIF_FLAG = 8 };
  uint8_t start[HEAD + NAMED + EXTENDED] = "RIFF    WEBPVP8X", chunk[NAMED + ENCODE_EXIF] = "EXIF";
  cnn_bytes bytes = {0};
  put(start + 4, sizeof start + plain->size - HEAD + sizeof chunk - 8, 4, false);
  put(start + 16, EXTENDED, 4, false);
  start[20] = EXIF_FLAG | (image->channels == 4 ? 16 : 0);
  put(start + 24, (size_t)image->width - 1, 3, false);
  put(start + 27, (size_t)image->height - 1, 3, false);
  put(chunk + 4, ENCODE_EXIF, 4, false);
  encode_exif(chunk + NAMED, image->exif, image->exif % 2);
  encode_append(&bytes, start, sizeof start);
  encode_append(&bytes, plain->at + HEAD, plain->size - HEAD);
  encode_append(&bytes, chunk, sizeof chunk);
  return bytes;
}

cnn_bytes encode_webp(const encode_image *image) {
  uint8_t *file = NULL;
  cnn_bytes bytes = {0};
  const int stride = image->width * image->channels;
  const size_t size =
      image->channels == 4
          ? WebPEncodeLosslessRGBA(image->pixels, image->width, image->height, stride, &file)
          : WebPEncodeLosslessRGB(image->pixels, image->width, image->height, stride, &file);
  assert_true(size > 0);
  encode_append(&bytes, file, size);
  WebPFree(file);
  if (!image->exif) return bytes;
  cnn_bytes wrapped = wrap_webp(&bytes, image);
  cnn_bytes_release(&bytes);
  return wrapped;
}

/* --- checks ----------------------------------------------------------------------------------- */

cnn_image_options encode_options(int channels) {
  return (cnn_image_options){channels, true, {255, 255, 255}, cnn_image_default_limits};
}

void encode_decode(const cnn_bytes *bytes, const cnn_image_options *options, cnn_picture *picture) {
  cnn_error error = {0};
  cnn_image_note note = {0};
  const cnn_encoded image = {"a", bytes->at, bytes->size};
  if (!cnn_image_decode(&image, options, picture, &note, &error)) fail_msg("%s", error.message);
  if (note.warnings) fail_msg("%s", note.first);
}

void encode_expect_error(const cnn_bytes *bytes, const cnn_image_options *options,
                         const char *message) {
  cnn_error error = {0};
  cnn_image_note note = {0};
  cnn_picture picture = {0};
  const cnn_encoded image = {"a", bytes->at, bytes->size};
  assert_false(cnn_image_decode(&image, options, &picture, &note, &error));
  assert_string_equal(error.message, message);
  assert_int_equal(error.code, CNN_EXIT_DATA);
  cnn_picture_release(&picture);
}

void encode_expect_truncated_errors(const cnn_bytes *bytes) {
  const cnn_image_options options = encode_options(3);
  cnn_picture picture = {0};
  cnn_image_info info;
  for (size_t size = 0; size < bytes->size; size++) {
    uint8_t *cut = malloc(size + 1); /* so that a sanitizer sees what is read behind the end */
    assert_non_null(cut);
    memcpy(cut + 1, bytes->at, size);
    const cnn_encoded image = {"a", cut + 1, size};
    cnn_error error = {0}, header_error = {0};
    cnn_image_note note = {0};
    if (cnn_image_decode(&image, &options, &picture, &note, &error))
      fail_msg("the first %zu of %zu bytes are decoded", size, bytes->size);
    assert_int_equal(error.code, CNN_EXIT_DATA);
    assert_memory_equal(error.message, "a: ", 3);
    if (cnn_image_header(&image, &info, &header_error)) assert_false(info.complete);
    free(cut);
  }
  const cnn_encoded image = {"a", bytes->at, bytes->size};
  cnn_error error = {0};
  assert_true(cnn_image_header(&image, &info, &error));
  assert_true(info.complete);
  cnn_picture_release(&picture);
}
