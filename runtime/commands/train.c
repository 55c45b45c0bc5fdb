#include "commands/commands.h"
#include "commands/train_options.h"
#include "core/process.h"
#include "core/initialize.h"
#include "core/real.h"
#include "data/load.h"
#include "data/sampler.h"
#include "train/checkpoint.h"
#include "train/gradients.h"
#include "train/trainer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* --- preparation ------------------------------------------------------------------------------ */

/* Identifies a data set, by labels and pixels. */
static uint32_t checksum(uint32_t sum, const cnn_dataset *dataset) {
  sum = (uint32_t)crc32_z(sum, dataset->labels, (size_t)dataset->count);
  return (uint32_t)crc32_z(sum, dataset->images, (size_t)dataset->count * dataset->image_bytes);
}

/* The names of folders that are classes are saved, because eval numbers classes by them. */
static bool load_classes(cnn_trainer *t, const char *folder, cnn_error *error) {
  const char *folders = t->training.classes;
  if (!cnn_class_names_load(&t->classes, t->model, folders ? NULL : folder, NULL, folders, folder,
                            error))
    return false;
  if (folders && t->classes.count < t->model->classes)
    fprintf(stderr,
            "%s: %s/train has %d folders, one a class, but the model has %d classes, of which the "
            "others will have no images; is it the right data set? A model for it has classes = "
            "%d\n",
            t->model->name, folder, t->classes.count, t->model->classes, t->classes.count);
  return true;
}

static bool load_data(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  if (!cnn_dataset_load(&t->training, t->model, o->shared.folder, "train", t->limit, error) ||
      !cnn_dataset_load_test(&t->test, t->model, o->shared.folder, t->training.classes, 0, error) ||
      !load_classes(t, o->shared.folder, error))
    return false;
  t->data = checksum(checksum(0, &t->training), &t->test);
  return true;
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

static bool set_start(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  void *parameters = t->session.state.parameters;
  cnn_checkpoint start;
  if (!o->init || *o->reinit) cnn_init_parameters(t->model, t->seed, parameters);
  if (o->init && !cnn_checkpoint_load_but(o->init, t->model, o->reinit, parameters, &start, error))
    return false;
  if (t->average) cnn_average_update(t->model, t->average, parameters, 0, true);
  return true;
}

/* Sets the run's own settings, before memory is allocated. */
static void take_settings(cnn_trainer *t, const cnn_resume *from) {
  t->recipe.epochs = from->epochs;
  t->recipe.lr = from->lr;
  t->seed = (uint64_t)from->seed;
  t->batch = from->batch;
  t->limit = from->limit;
  t->no_shuffle = from->no_shuffle;
}

static bool set_standing(cnn_trainer *t, const cnn_safetensors *state, const cnn_resume *from,
                         const cnn_train_options *o, cnn_error *error) {
  if (from->data != t->data)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: not the images that %s was trained on; give the data set of the "
                    "run",
                    o->shared.folder, o->out);
  int64_t batches = cnn_sampler_batches(t->training.count, t->batch);
  int64_t begun = from->step - from->epochs_done * batches; /* updates of the current epoch */
  if (begun < 0 || begun > batches || from->tally.images > t->training.count)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: its numbers contradict each other; train again from the start",
                    t->run.state);
  cnn_resume_blocks blocks = cnn_trainer_blocks(t);
  if (!cnn_resume_load(state, t->run.state, t->model, from, &blocks, error)) return false;
  t->session.state.step = (uint64_t)from->step;
  t->epochs_done = t->row_count = from->epochs_done;
  t->tally = from->tally;
  t->plateau = from->plateau;
  if (o->steps == 0 || o->steps > from->step) return true;
  return cnn_fail(error, CNN_EXIT_USAGE,
                  "--steps %lld: %s has made %lld update%s already; give a larger number, or leave "
                  "--steps out",
                  (long long)o->steps, o->out, (long long)from->step, cnn_plural(from->step));
}

/* The reason why there is no state, as far as the folder shows. */
static bool explain_missing_state(const cnn_trainer *t, const cnn_train_options *o,
                                  cnn_error *error) {
  if (access(t->run.checkpoint, F_OK) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: no run to resume: nothing has been saved there, which happens after each "
                    "epoch and after Ctrl-C; train without --resume",
                    o->out);
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: no run to resume, for it has no state.safetensors; if the run is complete, "
                  "train on from its weights with --init %s; if it ended before its first state "
                  "was saved (killed, or with a full disk), train without --resume",
                  o->out, t->run.checkpoint);
}

static bool open_state(cnn_trainer *t, const cnn_train_options *o, cnn_safetensors *state,
                       cnn_resume *from, cnn_error *error) {
  if (access(t->run.state, F_OK) != 0) return explain_missing_state(t, o, error);
  if (!cnn_resume_open(state, t->run.state, t->model, from, error)) return false;
  take_settings(t, from);
  return true;
}

/* The model with the layers that this run, or the run to be resumed, leaves as they are. */
static bool freeze_layers(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
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

/* Opens all inputs, and then the files to be written. */
static bool prepare(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  cnn_safetensors state = {0};
  cnn_resume from = {0};
  if (!cnn_run_open(&t->run, t->model, o->out, error)) return false;
  if (!freeze_layers(t, o, error)) return false;
  if (o->resume && !open_state(t, o, &state, &from, error)) return false;
  bool good = load_data(t, o, error) && allocate(t, o->shared.threads, error);
  if (good) {
    t->session.state.seed = t->seed;
    cnn_normalization normalization = cnn_dataset_normalization(&t->training, t->model);
    cnn_session_normalize(&t->session, &normalization);
    good = o->resume ? set_standing(t, &state, &from, o, error) : set_start(t, o, error);
    cnn_freeze_keep(&t->freeze, &t->session.state);
  }
  if (o->resume) cnn_safetensors_close(&state);
  if (!good || !cnn_run_make(&t->run, error)) return false;
  t->run.replaces = !o->resume;
  return !o->log || (cnn_run_spared(&t->run, o->log, error) &&
                     cnn_step_log_open(&t->log, o->log, t->session.state.step, error));
}

/* --- the command ------------------------------------------------------------------------------ */

enum { STANDING = 80 };

/* "1 epoch and 469 updates" */
static const char *standing_text(const cnn_trainer *t, char text[STANDING]) {
  long long updates = (long long)t->session.state.step;
  snprintf(text, STANDING, "%d epoch%s and %lld update%s", t->epochs_done,
           cnn_plural(t->epochs_done), updates, cnn_plural(updates));
  return text;
}

static void announce(const cnn_trainer *t) {
  char done[STANDING];
  const cnn_model *model = t->model;
  int64_t parameters = 0;
  for (int i = 0; i < model->layer_count; i++) parameters += (int64_t)model->layers[i].parameters;
  double mb = 1e-6;
  printf("%s: %lld parameters; %d training and %d test images; batch %d, %d thread%s\n",
         model->name, (long long)parameters, t->training.count, t->test.count, t->batch,
         t->session.state.threads, cnn_plural(t->session.state.threads));
  printf("memory: %.2f MB, and %.1f MB for the data set\n", mb * (double)t->session.storage.bytes,
         mb * (double)(t->training.storage.bytes + t->test.storage.bytes));
  if (t->session.state.step > 0) printf("resumed after %s\n", standing_text(t, done));
  fflush(stdout);
}

static void conclude(const cnn_trainer *t) {
  char time[32], done[STANDING];
  const cnn_metrics *last = t->row_count > 0 ? &t->rows[t->row_count - 1] : NULL;
  bool complete = t->epochs_done == t->recipe.epochs; /* the signal arrived with the last save */
  if (!last || (cnn_trainer_signal() && !complete))
    printf("interrupted after %s; --resume continues\n", standing_text(t, done));
  else if (cnn_metrics_is_part(last))
    printf("test accuracy %.2f %% after %llu update%s, %s\n", 100 * last->test_accuracy,
           (unsigned long long)t->session.state.step, cnn_plural((long long)t->session.state.step),
           cnn_duration(time, cnn_seconds() - t->progress.start));
  else
    printf("test accuracy %.2f %% after %d epoch%s, %s\n", 100 * last->test_accuracy, t->row_count,
           cnn_plural(t->row_count), cnn_duration(time, cnn_seconds() - t->progress.start));
  if (t->average && last)
    printf("test accuracy %.2f %% with the average of weights\n", 100 * last->average_accuracy);
  printf("written: %s%s, metrics.csv%s%s\n", t->run.checkpoint,
         t->average ? ", ema.safetensors" : "", last ? ", curves.svg" : "",
         t->epochs_done < t->recipe.epochs ? ", state.safetensors" : "");
}

bool cnn_train(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  static cnn_trainer t;
  cnn_train_options o;
  cnn_train_options_parse(&o, model, argc, argv);
  t = (cnn_trainer){.model = model,
                    .recipe = o.recipe,
                    .seed = o.shared.seed,
                    .steps = o.steps,
                    .batch = o.batch,
                    .limit = o.limit,
                    .no_shuffle = o.no_shuffle};
  bool good = prepare(&t, &o, error);
  if (good) {
    announce(&t);
    cnn_trainer_catch_signals();
    if (t.log.open) signal(SIGPIPE, SIG_IGN); /* a log whose reader goes away must not end it */
    good = cnn_trainer_run(&t, error);
  }
  if (good) conclude(&t);
  if (good && cnn_trainer_signal()) {
    error->code = cnn_trainer_signal() == SIGTERM ? CNN_EXIT_TERMINATED : CNN_EXIT_INTERRUPTED;
    good = false;
  }
  if (good && t.log_error.code)
    good = cnn_fail(error, CNN_EXIT_FAILED, "the training is saved, but its log is not complete");
  cnn_run_close(&t.run);
  cnn_session_close(&t.session);
  cnn_dataset_release(&t.training);
  cnn_dataset_release(&t.test);
  cnn_class_names_release(&t.classes);
  cnn_freeze_close(&t.freeze);
  free(t.frozen_of_state);
  return good;
}
