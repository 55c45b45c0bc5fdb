#include "data/split.h"

#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many of the images of a class are held back. */
static int held_of(int images, double share) {
  const int wanted = (int)lrint(images * share);
  if (images < 2) return 0;
  return wanted < 1 ? 1 : wanted > images - 1 ? images - 1 : wanted;
}

/* Marks the images of one class that are held back: each set of that many is alike likely. Returns
   how many. */
static int mark_class(const cnn_dataset *all, int class, int images, double share, uint64_t seed,
                      bool *is_held) {
  cnn_random random = cnn_random_stream(seed, "split", (uint64_t) class);
  const int wanted = held_of(images, share);
  int left = images, missing = wanted;
  for (int i = 0; i < all->count && left > 0; i++) {
    if (all->labels[i] != class) continue;
    is_held[i] = cnn_random_below(&random, (uint32_t)left) < (uint32_t)missing;
    missing -= is_held[i];
    left--;
  }
  return wanted;
}

/* Marks those of all classes. Returns how many. */
static int mark(const cnn_dataset *all, int classes, const int *images, double share, uint64_t seed,
                bool *is_held) {
  int count = 0;
  for (int k = 0; k < classes; k++)
    if (images[k] > 0) count += mark_class(all, k, images[k], share, seed, is_held);
  return count;
}

/* Copies what is held back, and closes the gaps. */
static void divide(cnn_dataset *all, cnn_dataset *held, const bool *is_held) {
  const size_t bytes = all->image_bytes;
  int kept = 0, moved = 0;
  for (int i = 0; i < all->count; i++) {
    const uint8_t *image = all->images + (size_t)i * bytes;
    if (is_held[i]) {
      memcpy(held->images + (size_t)moved * bytes, image, bytes);
      held->labels[moved++] = all->labels[i];
    } else {
      memmove(all->images + (size_t)kept * bytes, image, bytes);
      all->labels[kept++] = all->labels[i];
    }
  }
  all->count = kept;
}

static bool commit(const cnn_dataset *all, cnn_dataset *held, const cnn_model *model, int count,
                   cnn_error *error) {
  if (count == 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "no class has two images, so none can be held back for validation");
  cnn_dataset_want_images(held, model, count);
  cnn_storage_want(&held->storage, &held->labels, (size_t)count, sizeof *held->labels);
  if (all->classes) cnn_storage_want(&held->storage, &held->classes, strlen(all->classes) + 1, 1);
  if (!cnn_storage_commit(&held->storage, error)) return false;
  if (all->classes) memcpy(held->classes, all->classes, strlen(all->classes) + 1);
  return true;
}

bool cnn_dataset_split(cnn_dataset *all, cnn_dataset *held, const cnn_model *model, double share,
                       uint64_t seed, cnn_error *error) {
  bool *is_held = calloc((size_t)all->count, sizeof *is_held);
  int *images = calloc((size_t)model->classes, sizeof *images);
  bool good = (is_held && images) || cnn_fail(error, CNN_EXIT_FAILED, "no memory to split a set");
  for (int i = 0; good && i < all->count; i++) images[all->labels[i]]++;
  const int count = good ? mark(all, model->classes, images, share, seed, is_held) : 0;
  good = good && commit(all, held, model, count, error);
  if (good) divide(all, held, is_held);
  free(images);
  free(is_held);
  return good;
}
