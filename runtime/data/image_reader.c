#include "data/image_reader.h"

#include "core/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool cnn_image_reader_fits(const cnn_model *model, const char *path, cnn_error *error) {
  if (model->input[0] == 1 || model->input[0] == 3) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: images have 1 or 3 channels, but %s requires %d; compile the model for "
                  "this input or give it another data set",
                  path, model->name, model->input[0]);
}

void cnn_image_reader_open(cnn_image_reader *reader, const cnn_model *model) {
  *reader = (cnn_image_reader){.model = model, .options = cnn_image_options_for(model)};
}

static bool fail_size(cnn_image_reader *reader, const char *name, cnn_error *error) {
  reader->wrong_size = true;
  const int *input = reader->model->input;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: an image of %dx%d (height, width), but %s requires %dx%d; give the model's "
                  "recipe resize = %d, by which images are scaled and cut, or another input",
                  name, reader->picture.height, reader->picture.width, reader->model->name,
                  input[1], input[2], input[1] > input[2] ? input[1] : input[2]);
}

bool cnn_image_reader_decode(cnn_image_reader *reader, const cnn_encoded *image, uint8_t *to,
                             cnn_error *error) {
  const int height = reader->model->input[1], width = reader->model->input[2];
  const int shorter = reader->model->recipe->resize;
  const cnn_picture *picture = &reader->picture;
  if (!cnn_image_decode(image, &reader->options, &reader->picture, &reader->note, error))
    return false;
  if (shorter > 0)
    return cnn_resize_centre(&reader->resize, picture, shorter, height, width, to) ||
           cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory to scale an image of %dx%d pixels",
                    image->name, picture->height, picture->width);
  if (picture->height != height || picture->width != width)
    return fail_size(reader, image->name, error);
  cnn_picture_planes(picture, to);
  return true;
}

bool cnn_image_reader_file(cnn_image_reader *reader, const char *path, uint8_t *to,
                           cnn_error *error) {
  cnn_bytes *bytes = &reader->bytes;
  if (!cnn_bytes_read(bytes, path, (size_t)reader->options.limits.bytes, error)) return false;
  const cnn_encoded image = {path, bytes->at, bytes->size};
  return cnn_image_reader_decode(reader, &image, to, error);
}

void cnn_image_reader_close(cnn_image_reader *reader) {
  cnn_bytes_release(&reader->bytes);
  cnn_picture_release(&reader->picture);
  cnn_resize_release(&reader->resize);
}

void cnn_image_reader_end(cnn_image_reader *reader) {
  const cnn_image_note *note = &reader->note;
  if (note->warnings > 0)
    fprintf(stderr, "%s: images were read with %d warning%s of their decoders, the first: %s\n",
            reader->model->name, note->warnings, cnn_plural(note->warnings), note->first);
  cnn_image_reader_close(reader);
}

bool cnn_image_is_file(const char *path) {
  uint8_t start[CNN_IMAGE_START];
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  ssize_t size = read(file, start, sizeof start);
  close(file);
  return size > 0 && cnn_image_is(start, (size_t)size);
}
