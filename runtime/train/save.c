#include "train/save.h"

#include "core/process.h"
#include "core/text.h"
#include "train/gradients.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static cnn_resume standing_of(const cnn_trainer *t) {
  return (cnn_resume){.step = (int64_t)t->session.state.step,
                      .epochs_done = t->epochs_done,
                      .tally = t->tally,
                      .lr = t->recipe.lr,
                      .plateau = t->plateau,
                      .best = t->best,
                      .seed = (int64_t)t->seed,
                      .data = t->data,
                      .epochs = t->recipe.epochs,
                      .batch = t->batch,
                      .limit = t->limit,
                      .no_shuffle = t->no_shuffle,
                      .overfit = t->overfit,
                      .split = t->split,
                      .best_by = (int)t->best_by,
                      .patience = t->patience,
                      .frozen = t->frozen};
}

cnn_resume_blocks cnn_save_blocks(const cnn_trainer *t) {
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

bool cnn_save_state(cnn_trainer *t, cnn_error *error) {
  cnn_resume standing = standing_of(t);
  cnn_resume_blocks blocks = cnn_save_blocks(t);
  t->saved = cnn_seconds();
  return cnn_resume_save(t->run.state, t->model, &standing, &blocks, &t->run.text, error) ||
         report_state(t, error);
}

static cnn_checkpoint checkpoint_of(const cnn_trainer *t) {
  return (cnn_checkpoint){.epoch = t->row_count,
                          .seed = t->seed,
                          .normalization = t->session.normalization,
                          .classes = t->classes.text};
}

bool cnn_save_best(cnn_trainer *t, cnn_error *error) {
  cnn_checkpoint checkpoint = checkpoint_of(t);
  void *weights = t->average ? t->average : t->session.state.parameters;
  return cnn_checkpoint_save(t->run.best, t->model, weights, &checkpoint, &t->run.text, error) ||
         report_state(t, error);
}

/* An update may ruin the weights, which only the next loss would show. */
static bool check_weights(const cnn_trainer *t, cnn_error *error) {
  const unsigned long long updates = t->session.state.step;
  if (cnn_parameters_are_finite(t->model, t->session.state.parameters)) return true;
  return cnn_fail(
      error, CNN_EXIT_FAILED,
      "the weights are not finite after %llu update%s; what was saved before stays; try "
      "a smaller learning rate than --lr %g",
      updates, cnn_plural((long long)updates), t->recipe.lr);
}

/* The state is saved last: until then, the earlier one leads to the same results. */
bool cnn_save_run(cnn_trainer *t, cnn_error *error) {
  cnn_checkpoint checkpoint = checkpoint_of(t);
  if (!check_weights(t, error)) return false;
  if (!cnn_run_save(&t->run, t->session.state.parameters, t->average, &checkpoint, t->rows,
                    t->row_count, t->best.epoch > 0, error))
    return report_state(t, error);
  cnn_trainer_check_log(t, cnn_step_log_flush(&t->log, &t->log_error));
  return cnn_save_state(t, error);
}

bool cnn_save_is_due(const cnn_trainer *t, bool epoch_ended) {
  if (epoch_ended && t->save_epochs > 0 && t->epochs_done % t->save_epochs == 0) return true;
  return t->save_seconds > 0 && cnn_seconds() - t->saved >= t->save_seconds;
}
