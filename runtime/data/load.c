#include "data/load.h"

#include "core/text.h"
#include "data/decoder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The first decoder that recognises a folder or a file reads it. */
static const cnn_decoder *const DECODERS[] = {
    &cnn_cifar_decoder,
    &cnn_image_folder_decoder,
    &cnn_idx_decoder,
};
enum { DECODER_COUNT = sizeof DECODERS / sizeof *DECODERS };

static const cnn_decoder *dataset_decoder(const char *folder, cnn_role role) {
  for (int i = 0; i < DECODER_COUNT; i++)
    if (DECODERS[i]->is_dataset(folder, role)) return DECODERS[i];
  return NULL;
}

static const cnn_decoder *images_decoder(const char *path) {
  for (int i = 0; i < DECODER_COUNT; i++)
    if (DECODERS[i]->is_images && DECODERS[i]->is_images(path)) return DECODERS[i];
  return NULL;
}

static bool fail_unknown(const char *folder, cnn_error *error) {
  struct stat status;
  if (stat(folder, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", folder, strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: not a folder; name the folder of the data set",
                    folder);
  char buffer[512] = "";
  cnn_text contents = {.data = buffer, .size = sizeof buffer};
  for (int i = 0; i < DECODER_COUNT; i++)
    cnn_text_add(&contents, i ? ", nor %s" : "neither %s", DECODERS[i]->contents);
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: no data set in it: %s; Debian's package dataset-fashion-mnist puts its "
                  "files into /usr/share/datasets/fashion-mnist",
                  folder, buffer);
}

bool cnn_dataset_load_part(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  *dataset = (cnn_dataset){0};
  const cnn_decoder *decoder = dataset_decoder(part->folder, part->role);
  if (!decoder) return fail_unknown(part->folder, error);
  bool good = decoder->load(dataset, part, error);
  if (!good) cnn_dataset_release(dataset);
  return good;
}

bool cnn_dataset_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                      const char *part, int limit, cnn_error *error) {
  const cnn_role role = strcmp(part, "train") == 0 ? CNN_PART_TRAINING : CNN_PART_TEST;
  const cnn_part wanted = {.model = model, .folder = folder, .role = role, .limit = limit};
  return cnn_dataset_load_part(dataset, &wanted, error);
}

bool cnn_dataset_load_test(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                           const char *classes, int limit, cnn_error *error) {
  const cnn_part wanted = {
      .model = model, .folder = folder, .role = CNN_PART_TEST, .classes = classes, .limit = limit};
  return cnn_dataset_load_part(dataset, &wanted, error);
}

bool cnn_dataset_has(const char *folder, cnn_role role) {
  return dataset_decoder(folder, role) != NULL;
}

bool cnn_dataset_load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                             cnn_error *error) {
  *dataset = (cnn_dataset){0};
  const cnn_decoder *decoder = images_decoder(path);
  if (!decoder) decoder = &cnn_image_folder_decoder; /* a folder without images: it reports that */
  bool good = decoder->load_images(dataset, model, path, error);
  if (!good) cnn_dataset_release(dataset);
  return good;
}

bool cnn_dataset_is_known(const char *folder) {
  return dataset_decoder(folder, CNN_PART_TEST) != NULL;
}

bool cnn_dataset_is_files(const char *folder) {
  return dataset_decoder(folder, CNN_PART_TEST) == &cnn_image_folder_decoder;
}

bool cnn_dataset_is_images(const char *folder) {
  return images_decoder(folder) && !cnn_dataset_is_known(folder);
}
