#include "train/freeze.h"

#include "core/real.h"
#include "train/layer_names.h"

#include <stdlib.h>
#include <string.h>

static const char ALL_BUT[] = "all-but:";

static bool check_names(const cnn_model *model, const char *names, cnn_error *error) {
  enum { LONGEST = 2000 }; /* the state of a run keeps them */
  if (strlen(names) > LONGEST)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--freeze: the list of layers has more than %d characters; name scopes, or "
                    "all-but: the others",
                    LONGEST);
  if (!*names) return cnn_fail(error, CNN_EXIT_USAGE, "--freeze: the names of layers are missing");
  for (const char *layer = NULL; (layer = cnn_next_layer(names, layer));) {
    const int length = (int)strcspn(layer, ",");
    bool known = false;
    for (int i = 0; i < model->parameter_count && !known; i++)
      known = cnn_is_of_layer(model->parameters[i].name, layer, (size_t)length);
    if (!known)
      return cnn_fail(error, CNN_EXIT_USAGE,
                      "--freeze %.*s: %s has no layer of this name; `%s summary` lists them",
                      length, layer, model->name, model->name);
  }
  return true;
}

bool cnn_freeze_open(cnn_freeze *freeze, const cnn_model *model, const char *layers,
                     cnn_error *error) {
  const bool all_but = strncmp(layers, ALL_BUT, strlen(ALL_BUT)) == 0;
  const char *names = all_but ? layers + strlen(ALL_BUT) : layers;
  if (!check_names(model, names, error)) return false;
  cnn_parameter *table = malloc((size_t)model->parameter_count * sizeof *table);
  if (!table) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for the names of layers");
  int trained = 0;
  for (int i = 0; i < model->parameter_count; i++) {
    table[i] = model->parameters[i];
    if (cnn_is_of_layers(table[i].name, names) != all_but) table[i].trainable = 0;
    trained += table[i].trainable;
  }
  if (trained == 0) {
    free(table);
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--freeze %s: nothing is left to train; leave a layer out of it", layers);
  }
  *freeze = (cnn_freeze){.compiled = model, .model = *model};
  freeze->model.parameters = table;
  return true;
}

void cnn_freeze_close(cnn_freeze *freeze) {
  if (freeze->compiled) free((void *)freeze->model.parameters);
  *freeze = (cnn_freeze){0};
}

void cnn_freeze_plan(cnn_freeze *freeze, cnn_storage *storage) {
  if (freeze->compiled)
    cnn_storage_want(storage, &freeze->kept, freeze->compiled->gradient_reals,
                     (size_t)freeze->compiled->real_bytes);
}

/* Calls `act` for the bytes of each parameter that is frozen, but trained by the compiled model. */
static void visit(const cnn_freeze *freeze, const cnn_state *state,
                  void (*act)(const cnn_freeze *freeze, const cnn_state *state, size_t start,
                              size_t bytes)) {
  if (!freeze->kept) return;
  const cnn_model *model = freeze->compiled;
  const size_t real = (size_t)model->real_bytes;
  for (int i = 0; i < model->parameter_count; i++)
    if (model->parameters[i].trainable && !freeze->model.parameters[i].trainable)
      act(freeze, state, model->parameters[i].offset * real,
          cnn_parameter_count(&model->parameters[i]) * real);
}

static void keep(const cnn_freeze *freeze, const cnn_state *state, size_t start, size_t bytes) {
  memcpy((char *)freeze->kept + start, (const char *)state->parameters + start, bytes);
}

static void clear_gradient(const cnn_freeze *freeze, const cnn_state *state, size_t start,
                           size_t bytes) {
  (void)freeze;
  memset((char *)state->gradients + start, 0, bytes);
}

static void restore(const cnn_freeze *freeze, const cnn_state *state, size_t start, size_t bytes) {
  const cnn_model *model = freeze->compiled;
  const size_t block = model->gradient_reals * (size_t)model->real_bytes;
  memcpy((char *)state->parameters + start, (const char *)freeze->kept + start, bytes);
  for (int k = 0; k < model->optimizer_blocks; k++)
    memset((char *)state->optimizer + (size_t)k * block + start, 0, bytes);
}

void cnn_freeze_keep(const cnn_freeze *freeze, const cnn_state *state) {
  visit(freeze, state, keep);
}

void cnn_freeze_before(const cnn_freeze *freeze, const cnn_state *state) {
  visit(freeze, state, clear_gradient);
}

void cnn_freeze_after(const cnn_freeze *freeze, const cnn_state *state) {
  visit(freeze, state, restore);
}
