#include "commands/predict_batch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cnn_predict_batch_plan(cnn_predict_batch *b, cnn_session *session) {
  const cnn_model *model = session->model;
  b->session = session;
  cnn_image_reader_open(&b->reader, model);
  cnn_storage_want(&session->storage, &b->pixels, (size_t)model->batch, cnn_image_bytes(model));
  cnn_storage_want(&session->storage, &b->items, (size_t)model->batch, sizeof *b->items);
}

static void clear(cnn_predict_batch *b) {
  for (int i = 0; i < b->count; i++) {
    free(b->items[i].name);
    free(b->items[i].error);
  }
  b->count = b->images = 0;
}

void cnn_predict_batch_close(cnn_predict_batch *b) {
  clear(b);
  cnn_image_reader_end(&b->reader);
}

/* --- printing --------------------------------------------------------------------------------- */

static bool infer(cnn_predict_batch *b, cnn_error *error) {
  cnn_session *session = b->session;
  if (b->images == 0) return true;
  session->batch.count = b->images;
  cnn_session_infer(session);
  for (size_t k = 0; k < (size_t)b->images * (size_t)session->model->classes; k++)
    if (!isfinite(session->logits[k]))
      return cnn_fail(
          error, CNN_EXIT_DATA,
          "%s: with these weights logits are not finite numbers; use those of a training "
          "that did not diverge",
          b->weights);
  return true;
}

static bool flush(const cnn_predict_batch *b, cnn_error *error) {
  if (fflush(b->out.out) == 0 && !ferror(b->out.out)) return true;
  return cnn_fail(error, CNN_EXIT_FAILED, "%s: cannot write: %s", b->out_path, strerror(errno));
}

bool cnn_predict_batch_print(cnn_predict_batch *b, cnn_error *error) {
  if (!infer(b, error)) return false;
  const float *logits = b->session->logits;
  for (int i = 0; i < b->count; i++) {
    const cnn_predict_item *item = &b->items[i];
    const cnn_prediction row = {item->name, logits, item->label, item->error};
    cnn_prediction_add(&b->out, &row);
    if (!item->error) logits += b->session->model->classes;
    b->wrong += item->error != NULL;
  }
  b->all += b->count;
  clear(b);
  return flush(b, error);
}

/* --- adding ----------------------------------------------------------------------------------- */

/* image: NULL after a mistake, which `why` describes. */
static bool add(cnn_predict_batch *b, const uint8_t *image, int label, const char *name,
                const char *why, cnn_error *error) {
  cnn_predict_item *item = &b->items[b->count++];
  *item =
      (cnn_predict_item){.name = strdup(name), .error = why ? strdup(why) : NULL, .label = label};
  if (!item->name || (why && !item->error))
    return cnn_fail(error, CNN_EXIT_FAILED, "no memory for the name of an image");
  if (image) b->session->images[b->images++] = image;
  return b->count < b->session->model->batch || cnn_predict_batch_print(b, error);
}

bool cnn_predict_batch_image(cnn_predict_batch *b, const uint8_t *image, int label,
                             const char *name, cnn_error *error) {
  return add(b, image, label, name, NULL, error);
}

bool cnn_predict_batch_failed(cnn_predict_batch *b, const char *name, const cnn_error *why,
                              cnn_error *error) {
  return add(b, NULL, -1, name, why->message, error);
}

bool cnn_predict_batch_file(cnn_predict_batch *b, const char *path, int label, const char *name,
                            cnn_error *error) {
  cnn_error why = {0};
  uint8_t *image = b->pixels + (size_t)b->images * cnn_image_bytes(b->session->model);
  if (!cnn_image_reader_fits(b->session->model, path, &why) ||
      !cnn_image_reader_file(&b->reader, path, image, &why))
    return cnn_predict_batch_failed(b, name, &why, error);
  return add(b, image, label, name, NULL, error);
}
