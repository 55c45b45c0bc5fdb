#include "train/trainer.h"

#include "core/process.h"
#include "core/real.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "data/sampler.h"
#include "train/evaluate.h"
#include "train/gradients.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t signal_seen;

static void on_signal(int signal) {
  signal_seen = signal;
}

void cnn_trainer_catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int cnn_trainer_signal(void) {
  return signal_seen;
}

/* --- an update -------------------------------------------------------------------------------- */

/* Into blank[channels]: the pixel that is 0 after the normalisation. */
static void set_blank(const cnn_session *session, uint8_t *blank) {
  for (int c = 0; c < session->model->input[0]; c++) {
    float zero = -session->batch.shift[c] / session->batch.scale[c];
    blank[c] = (uint8_t)lrintf(fminf(fmaxf(zero, 0), UINT8_MAX));
  }
}

/* Puts images of an epoch, in its order, into the session's batch, augmented by the recipe. */
static void fill(cnn_trainer *t, int epoch, int64_t first, int count) {
  cnn_session *session = &t->session;
  cnn_dataset_fill(&t->training, session, t->order, first, count);
  if (!t->augmented) return;
  uint8_t blank[CNN_CHANNELS_MAX];
  set_blank(session, blank);
  for (int i = 0; i < count; i++) {
    cnn_augmentation how = cnn_augmentation_draw(&t->recipe, t->model->input, t->seed,
                                                 (uint32_t)epoch, t->order[first + i]);
    uint8_t *image = t->augmented + (size_t)i * t->training.image_bytes;
    cnn_augment(&how, t->model->input, blank, session->images[i], image);
    session->images[i] = image;
  }
}

/* The loss of the images in the batch, summed. */
static double collect(cnn_trainer *t) {
  const cnn_session *session = &t->session;
  double loss = 0;
  for (int i = 0; i < session->batch.count; i++) {
    loss += cnn_real_get(session->model, session->state.loss, (size_t)i);
    t->tally.right += session->state.predicted[i] == session->labels[i];
  }
  t->tally.loss += loss;
  t->tally.images += session->batch.count;
  return loss;
}

/* Gradients, means over all images; those of more than model->batch are computed in parts. Dropout
   draws by seed, step and index in the part, so every part has a seed of its own. */
static double compute_gradients(cnn_trainer *t, int epoch, int64_t first, int count) {
  const cnn_model *model = t->model;
  cnn_state *state = &t->session.state;
  double loss = 0;
  if (count <= model->batch) {
    fill(t, epoch, first, count);
    model->gradients(state, &t->session.batch);
    return collect(t);
  }
  for (int done = 0, part; done < count; done += part) {
    part = count - done < model->batch ? count - done : model->batch;
    state->seed = t->seed + (uint64_t)done * UINT64_C(0xbf58476d1ce4e5b9);
    fill(t, epoch, first + done, part);
    model->gradients(state, &t->session.batch);
    loss += collect(t);
    cnn_gradients_add(model, t->sum, state->gradients, (double)part / count, done == 0);
  }
  state->seed = t->seed;
  memcpy(state->gradients, t->sum, model->gradient_reals * (size_t)model->real_bytes);
  return loss;
}

/* A log that cannot be written does not end the training: it is reported once, and dropped. */
static void check_log(cnn_trainer *t, bool written) {
  if (written) return;
  cnn_progress_end(&t->progress);
  fprintf(stderr, "%s: --log-steps %s; the training continues without its log\n", t->model->name,
          t->log_error.message);
}

/* A loss that is not finite ends the training; what was saved before stays. */
static bool check_loss(const cnn_trainer *t, double loss, cnn_error *error) {
  const unsigned long long updates = t->session.state.step;
  if (isfinite(loss)) return true;
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "the loss is %s after %llu update%s; try a smaller learning rate than --lr %g",
                  isnan(loss) ? "not a number" : "infinite", updates,
                  cnn_plural((long long)updates), t->recipe.lr);
}

/* One update with `count` images of the epoch. */
static bool train_batch(cnn_trainer *t, int epoch, int64_t first, int count, cnn_error *error) {
  const cnn_model *model = t->model;
  const cnn_recipe *recipe = &t->recipe;
  cnn_state *state = &t->session.state;
  double loss;
  if (count <= model->batch && !t->freeze.kept) {
    fill(t, epoch, first, count);
    cnn_gradients_step(model, recipe, state, &t->session.batch);
    loss = collect(t);
  } else {
    loss = compute_gradients(t, epoch, first, count);
    cnn_freeze_before(&t->freeze, state);
    cnn_gradients_clip(model, state->gradients, recipe);
    model->update(state);
    cnn_freeze_after(&t->freeze, state);
  }
  if (t->average)
    cnn_average_update(model, t->average, state->parameters, recipe->ema, state->step == 0);
  check_log(t, cnn_step_log_add(&t->log, state->step, loss / count, state->lr, &t->log_error));
  if (!check_loss(t, loss, error)) return false;
  state->step++;
  return true;
}

/* Sets the rates of the current update by the schedule. */
static void set_rates(cnn_trainer *t, uint64_t batches) {
  const cnn_recipe *recipe = &t->recipe;
  cnn_state *state = &t->session.state;
  state->lr = cnn_rate(recipe, state->step, batches);
  state->momentum = cnn_momentum(recipe, recipe->momentum, state->step, batches);
  state->beta1 = cnn_momentum(recipe, recipe->beta1, state->step, batches);
}

/* --- an epoch --------------------------------------------------------------------------------- */

static bool is_over(const cnn_trainer *t) {
  return signal_seen || (t->steps > 0 && t->session.state.step >= (uint64_t)t->steps);
}

/* Runs the remaining updates of the epoch. */
static bool train_epoch(cnn_trainer *t, int epoch, cnn_error *error) {
  const cnn_state *state = &t->session.state;
  cnn_tally *tally = &t->tally;
  int64_t images = t->training.count, batches = cnn_sampler_batches(images, t->batch);
  cnn_sampler_order(t->order, (uint32_t)images, !t->no_shuffle, t->seed, (uint64_t)epoch);
  double start = cnn_seconds() - tally->seconds;
  for (int64_t b = (int64_t)state->step - epoch * batches; b < batches && !is_over(t); b++) {
    int count = cnn_sampler_batch_count(images, t->batch, b);
    set_rates(t, (uint64_t)batches);
    if (!train_batch(t, epoch, b * t->batch, count, error)) return false;
    tally->seconds = cnn_seconds() - start;
    double seen = (double)tally->images;
    cnn_progress_step(&t->progress, epoch + 1, tally->images, tally->loss / seen,
                      (double)tally->right / seen, seen / tally->seconds);
  }
  return true;
}

cnn_resume cnn_trainer_standing(const cnn_trainer *t) {
  return (cnn_resume){.step = (int64_t)t->session.state.step,
                      .epochs_done = t->epochs_done,
                      .tally = t->tally,
                      .lr = t->recipe.lr,
                      .plateau = t->plateau,
                      .seed = (int64_t)t->seed,
                      .data = t->data,
                      .epochs = t->recipe.epochs,
                      .batch = t->batch,
                      .limit = t->limit,
                      .no_shuffle = t->no_shuffle,
                      .frozen = t->frozen};
}

cnn_resume_blocks cnn_trainer_blocks(const cnn_trainer *t) {
  const cnn_state *state = &t->session.state;
  return (cnn_resume_blocks){.parameters = state->parameters,
                             .optimizer = state->optimizer,
                             .average = t->average,
                             .rows = t->rows,
                             .history = t->history};
}

/* Appends to the error whether --resume is possible. Always returns false. */
static bool report_state(const cnn_trainer *t, cnn_error *error) {
  size_t used = strlen(error->message);
  bool state = access(t->run.state, F_OK) == 0;
  snprintf(error->message + used, sizeof error->message - used,
           state ? "; the state saved before is intact: once there is room, use --resume"
                 : "; no state is saved that --resume could use");
  return false;
}

/* The state is saved last: until then, the earlier one leads to the same results. A complete
   training needs none. */
static bool save(cnn_trainer *t, cnn_error *error) {
  cnn_run *run = &t->run;
  cnn_checkpoint checkpoint = {.epoch = t->row_count,
                               .seed = t->seed,
                               .normalization = t->session.normalization,
                               .classes = t->classes.text};
  if (!cnn_run_save(run, t->session.state.parameters, t->average, &checkpoint, t->rows,
                    t->row_count, error))
    return report_state(t, error);
  if (run->replaces) unlink(run->state);
  run->replaces = false;
  check_log(t, cnn_step_log_flush(&t->log, &t->log_error));
  if (t->epochs_done == t->recipe.epochs) {
    unlink(run->state);
    return true;
  }
  cnn_resume standing = cnn_trainer_standing(t);
  cnn_resume_blocks blocks = cnn_trainer_blocks(t);
  return cnn_resume_save(run->state, t->model, &standing, &blocks, &run->text, error) ||
         report_state(t, error);
}

static cnn_evaluation evaluate(cnn_trainer *t, void *parameters) {
  cnn_state *state = &t->session.state;
  void *trained = state->parameters;
  int batch = t->batch < t->model->batch ? t->batch : t->model->batch;
  state->parameters = parameters;
  cnn_evaluation result = cnn_evaluate(&t->session, &t->test, batch, NULL, &signal_seen);
  state->parameters = trained;
  return result;
}

/* A whole epoch is over: the next begins at nothing. */
static void begin_next_epoch(cnn_trainer *t, double loss) {
  cnn_recipe *recipe = &t->recipe;
  t->epochs_done++;
  t->tally = (cnn_tally){0};
  if (recipe->schedule == CNN_LR_PLATEAU && t->epochs_done > recipe->warmup_epochs)
    recipe->lr = cnn_plateau_rate(&t->plateau, recipe, recipe->lr, loss);
}

/* Evaluates and saves after an epoch, or after that part of one that `steps` allows. */
static bool finish_epoch(cnn_trainer *t, cnn_error *error) {
  cnn_evaluation test = evaluate(t, t->session.state.parameters), average = {0};
  if (t->average && !signal_seen) average = evaluate(t, t->average);
  if (!signal_seen) {
    if (!check_loss(t, test.loss, error)) return false;
    const cnn_tally *tally = &t->tally;
    double images = (double)tally->images;
    int64_t batches = cnn_sampler_batches(t->training.count, t->batch);
    cnn_metrics row = {.epoch = t->epochs_done + 1,
                       .updates = (int64_t)t->session.state.step - t->epochs_done * batches,
                       .all_updates = batches,
                       .train_loss = tally->loss / images,
                       .train_accuracy = (double)tally->right / images,
                       .test_loss = test.loss,
                       .test_accuracy = test.accuracy,
                       .images_per_s = images / tally->seconds,
                       .averaged = t->average != NULL,
                       .average_loss = average.loss,
                       .average_accuracy = average.accuracy};
    t->rows[t->row_count++] = row;
    cnn_progress_epoch(&t->progress, &row);
    if (tally->images == t->training.count) begin_next_epoch(t, row.train_loss);
  }
  return save(t, error);
}

bool cnn_trainer_run(cnn_trainer *t, cnn_error *error) {
  bool good = true;
  cnn_progress_begin(&t->progress, t->recipe.epochs, t->training.count,
                     t->epochs_done * (int64_t)t->training.count + t->tally.images);
  for (int epoch = t->epochs_done; good && epoch < t->recipe.epochs && !is_over(t); epoch++)
    good = train_epoch(t, epoch, error) && (signal_seen ? save(t, error) : finish_epoch(t, error));
  cnn_progress_end(&t->progress);
  /* A training that failed keeps its log, which shows why. */
  check_log(t, cnn_step_log_close(&t->log, &t->log_error));
  return good;
}
