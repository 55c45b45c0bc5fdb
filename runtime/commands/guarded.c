#include "commands/guarded.h"

#include "core/layout.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

cnn_kept cnn_kept_training(const cnn_model *model) {
  return (cnn_kept){model->values, model->value_count, model->training_reals};
}

cnn_kept cnn_kept_inference(const cnn_model *model) {
  return (cnn_kept){model->inference_values, model->inference_value_count, model->inference_reals};
}

static size_t guarded_bytes(const cnn_model *model, const cnn_kept *kept) {
  size_t guard = model->guard_bytes, bytes = kept->reals * (size_t)model->real_bytes;
  return (bytes + guard - 1) / guard * guard + guard;
}

void *cnn_guarded_activations(const cnn_model *model, const cnn_kept *kept, cnn_error *error) {
  void *base = mmap(NULL, guarded_bytes(model, kept), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    cnn_fail(error, CNN_EXIT_FAILED, "cannot have memory for guarded values: %s", strerror(errno));
    return NULL;
  }
  for (int i = 0; i < kept->count; i++) {
    const cnn_value *value = &kept->values[i];
    if (value->row_channels) continue; /* what it is a part of is guarded */
    size_t end = (value->offset + cnn_value_reals(model, value)) * (size_t)model->real_bytes;
    assert(end % model->guard_bytes == 0);
    if (mprotect((char *)base + end, model->guard_bytes, PROT_NONE) != 0) {
      cnn_fail(error, CNN_EXIT_FAILED, "cannot guard '%s': %s", value->name, strerror(errno));
      cnn_guarded_release(model, kept, base);
      return NULL;
    }
  }
  return base;
}

void cnn_guarded_release(const cnn_model *model, const cnn_kept *kept, void *activations) {
  munmap(activations, guarded_bytes(model, kept));
}
