#include "commands/train_start.h"

#include "core/initialize.h"
#include "core/process.h"
#include "data/load.h"
#include "data/split.h"
#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

cnn_trainer cnn_train_trainer(const cnn_model *model, const cnn_train_options *o) {
  return (cnn_trainer){.model = model,
                       .recipe = o->recipe,
                       .seed = o->shared.seed,
                       .steps = o->steps,
                       .batch = o->batch,
                       .limit = o->limit,
                       .overfit = o->overfit,
                       .split = o->split,
                       .no_shuffle = o->no_shuffle,
                       .best_by = (cnn_best_by)o->best_by,
                       .patience = o->patience,
                       .deadline = o->time_limit > 0 ? cnn_seconds() + o->time_limit : 0,
                       .save_epochs = o->save_epochs,
                       .save_seconds = o->save_seconds};
}

/* Identifies a part of a data set, by labels and pixels. */
static uint32_t checksum(uint32_t sum, const cnn_dataset *dataset) {
  const size_t labels = (size_t)dataset->count * sizeof *dataset->labels;
  if (dataset->count == 0) return sum;
  sum = (uint32_t)crc32_z(sum, (const unsigned char *)dataset->labels, labels);
  return (uint32_t)crc32_z(sum, dataset->images, (size_t)dataset->count * dataset->image_bytes);
}

/* The names of folders that are classes are saved, because eval numbers classes by them. */
static bool load_classes(cnn_trainer *t, const char *folder, cnn_error *error) {
  const char *folders = t->training.classes;
  if (!cnn_class_names_load(&t->classes, t->model, folder, NULL, folders, folder, error))
    return false;
  if (folders && t->classes.count < t->model->classes)
    fprintf(stderr,
            "%s: %s/train has %d folders, one a class, but the model has %d classes, of which the "
            "others will have no images; is it the right data set? A model for it has classes = "
            "%d\n",
            t->model->name, folder, t->classes.count, t->model->classes, t->classes.count);
  return true;
}

/* As a data set of its own, the few images of --overfit-batch also validate. */
static void overfit(cnn_trainer *t) {
  cnn_recipe *recipe = &t->recipe;
  recipe->crop = recipe->flip = recipe->cutout = 0;
  t->no_shuffle = true;
  t->validation = t->training;
  t->validation.storage = (cnn_storage){0}; /* which remains the other's */
}

static int training_limit(const cnn_trainer *t) {
  if (t->overfit == 0) return t->limit;
  const int64_t images = (int64_t)t->overfit * t->batch;
  return images < INT32_MAX ? (int)images : INT32_MAX;
}

/* The first batch_norm that has one number a channel of an image; NULL: there is none. */
static const cnn_layer *single_norm(const cnn_model *model) {
  static const char kind[] = "batch_norm";
  for (int i = 0; i < model->layer_count; i++) {
    const cnn_layer *layer = &model->layers[i];
    if (strncmp(layer->kind, kind, strlen(kind)) == 0 && layer->shape[1] * layer->shape[2] == 1)
      return layer;
  }
  return NULL;
}

/* As in PyTorch, a batch_norm must not see one number a channel: its output would be its bias,
   whatever the image. A batch is computed in parts of at most model->batch images. */
static bool check_batches(const cnn_trainer *t, cnn_error *error) {
  const cnn_layer *norm = single_norm(t->model);
  const int part = t->model->batch, images = t->training.count;
  const int sizes[] = {images < t->batch ? images : t->batch, images % t->batch};
  bool single = false;
  for (int i = 0; i < 2; i++)
    single = single || sizes[i] % part == 1 || (part == 1 && sizes[i] > 0);
  if (!norm || !single) return true;
  return cnn_fail(
      error, CNN_EXIT_USAGE,
      "--batch %d: of %d images, one would be normalised alone, and batch_norm '%s' sees "
      "one number a channel; choose another --batch, or --limit %d",
      t->batch, images, norm->name, images > 1 ? images - 1 : 2);
}

/* An update never sees an image twice. */
static void check_batch_size(const cnn_trainer *t) {
  if (t->batch > t->training.count)
    fprintf(stderr, "%s: --batch %d is more than the %d training image%s, so an update sees all\n",
            t->model->name, t->batch, t->training.count, cnn_plural(t->training.count));
}

static cnn_part part_of(const cnn_trainer *t, const cnn_train_options *o, cnn_role role) {
  return (cnn_part){.model = t->model,
                    .folder = o->shared.folder,
                    .role = role,
                    .classes = t->training.classes,
                    .skip_bad = o->skip_bad};
}

/* Before anything is read: whether there will be images to validate with. */
static bool check_validation(const cnn_trainer *t, const char *folder, cnn_error *error) {
  const bool has = cnn_dataset_has(folder, CNN_PART_VALIDATION);
  if (t->split > 0 && has)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--split %g: %s has images for validation, val, valid, validation or test; "
                    "leave the option out",
                    t->split, folder);
  if (has || t->split > 0 || t->overfit > 0 || !cnn_dataset_has(folder, CNN_PART_TRAINING))
    return true; /* a mistake of another kind is reported when the part is read */
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: no images for validation: neither val, valid, validation nor test, or the "
                  "like of another kind of data set; hold back some training images with --split "
                  "0.1",
                  folder);
}

/* What is evaluated after each epoch: a part of the training images, where the data set has no part
   for it; and a test part, if there are both. */
static bool load_validation(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  const cnn_part validation = part_of(t, o, CNN_PART_VALIDATION);
  const cnn_part last = part_of(t, o, CNN_PART_LAST);
  if (t->split > 0)
    return cnn_dataset_split(&t->training, &t->validation, t->model, t->split, t->seed, error);
  if (!cnn_dataset_load_part(&t->validation, &validation, error)) return false;
  return !cnn_dataset_has(last.folder, CNN_PART_LAST) ||
         cnn_dataset_load_part(&t->test, &last, error);
}

static bool load_data(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  const char *folder = o->shared.folder;
  cnn_part training = part_of(t, o, CNN_PART_TRAINING);
  training.limit = training_limit(t);
  if (!check_validation(t, folder, error) ||
      !cnn_dataset_load_part(&t->training, &training, error) || !load_classes(t, folder, error))
    return false;
  if (t->overfit > 0)
    overfit(t);
  else if (!load_validation(t, o, error))
    return false;
  check_batch_size(t);
  const char *names = t->classes.text ? t->classes.text : "";
  t->data = (uint32_t)crc32_z(0, (const unsigned char *)names, strlen(names));
  t->data = checksum(checksum(checksum(t->data, &t->training), &t->validation), &t->test);
  return check_batches(t, error);
}

static bool allocate(cnn_trainer *t, int threads, cnn_error *error) {
  const cnn_model *model = t->model;
  const cnn_recipe *recipe = &t->recipe;
  cnn_session *session = &t->session;
  cnn_storage *storage = &session->storage;
  size_t real = (size_t)model->real_bytes;
  t->run.text.size = cnn_run_text_bytes(model, t->classes.text, recipe->epochs);
  t->log.text.size = CNN_STEP_LOG_BYTES;
  cnn_session_plan(session, model, CNN_TO_TRAIN, threads);
  cnn_storage_want(storage, &t->rows, (size_t)recipe->epochs, sizeof *t->rows);
  cnn_storage_want(storage, &t->history, cnn_resume_history_bytes(recipe->epochs), 1);
  cnn_storage_want(storage, &t->order, (size_t)t->training.count, sizeof *t->order);
  cnn_storage_want(storage, &t->run.text.data, t->run.text.size, 1);
  cnn_storage_want(storage, &t->log.text.data, t->log.text.size, 1);
  cnn_freeze_plan(&t->freeze, storage);
  if (t->batch > model->batch) cnn_storage_want(storage, &t->sum, model->gradient_reals, real);
  if (recipe->ema > 0) cnn_storage_want(storage, &t->average, model->parameter_reals, real);
  if (recipe->crop > 0 || recipe->flip || recipe->cutout > 0)
    cnn_storage_want(storage, &t->augmented, (size_t)model->batch, t->training.image_bytes);
  return cnn_session_open(session, error);
}

/* The last layer with weights, which tells classes apart. */
static const char *last_layer(const cnn_model *model) {
  for (int i = model->layer_count - 1; i >= 0; i--)
    if (model->layers[i].parameters > 0) return model->layers[i].name;
  return "LAYER";
}

/* Weights for other classes, as many as here, would load without a word. */
static bool check_classes(const cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  char *text;
  cnn_class_names names;
  if (!cnn_checkpoint_classes(o->init, t->model, &text, error)) return false;
  bool good = cnn_class_names_split(&names, t->model, text, o->init, error);
  free(text);
  if (!good) return false;
  const int at = cnn_class_names_difference(&t->classes, &names);
  if (at >= 0)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: trained on other classes: class %d is '%s', but '%s' in %s; initialise the last "
             "layer with --reinit %s, or, if they are the same classes, give them the same names",
             o->init, at, names.names[at], t->classes.names[at], o->shared.folder,
             last_layer(t->model));
  cnn_class_names_release(&names);
  return at < 0;
}

bool cnn_train_set_start(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  void *parameters = t->session.state.parameters;
  cnn_checkpoint start;
  if (!o->init || *o->reinit) cnn_init_parameters(t->model, t->seed, parameters);
  if (o->init && !*o->reinit && !check_classes(t, o, error)) return false;
  if (o->init && !cnn_checkpoint_load_but(o->init, t->model, o->reinit, parameters, &start, error))
    return false;
  const size_t bytes = t->model->parameter_reals * (size_t)t->model->real_bytes;
  if (t->average) memcpy(t->average, parameters, bytes);
  return true;
}

/* A training that is shorter than the warm-up has its share of the model's. */
static void shorten_warmup(cnn_trainer *t) {
  const cnn_recipe *recipe = t->model->recipe;
  if (recipe->warmup_epochs < t->recipe.epochs) return;
  t->recipe.warmup_epochs = recipe->warmup_epochs * t->recipe.epochs / recipe->epochs;
  fprintf(stderr, "%s: the warm-up lasts %g instead of %g epochs, its share of the model's %d\n",
          t->model->name, t->recipe.warmup_epochs, recipe->warmup_epochs, recipe->epochs);
}

bool cnn_train_load(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  shorten_warmup(t);
  if (!load_data(t, o, error) || !allocate(t, o->shared.threads, error)) return false;
  t->session.state.seed = t->seed;
  cnn_normalization normalization = cnn_dataset_normalization(&t->training, t->model);
  cnn_session_normalize(&t->session, &normalization);
  return true;
}

bool cnn_train_freeze(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  t->frozen = o->freeze;
  if (o->resume && access(t->run.state, F_OK) == 0) {
    char *frozen;
    if (!cnn_resume_frozen(t->run.state, &frozen, error)) return false;
    t->frozen = frozen;
    t->frozen_of_state = frozen;
  }
  if (!*t->frozen) return true;
  if (!cnn_freeze_open(&t->freeze, t->model, t->frozen, error)) return false;
  t->model = &t->freeze.model;
  return true;
}

void cnn_train_release(cnn_trainer *t) {
  cnn_run_close(&t->run);
  cnn_session_close(&t->session);
  cnn_dataset_release(&t->training);
  cnn_dataset_release(&t->validation);
  cnn_dataset_release(&t->test);
  cnn_class_names_release(&t->classes);
  cnn_freeze_close(&t->freeze);
  free(t->frozen_of_state);
}
