#include "commands/commands.h"
#include "commands/train_resume.h"
#include "commands/train_start.h"
#include "core/process.h"
#include "core/text.h"
#include "train/save.h"
#include "train/stop.h"
#include "train/trainer.h"

#include <signal.h>
#include <stdio.h>

/* --- preparation ------------------------------------------------------------------------------ */

static bool resume(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  cnn_safetensors state = {0};
  cnn_resume from = {0};
  if (!cnn_train_open_state(t, o, &state, &from, error)) return false;
  bool good = cnn_train_load(t, o, error) && cnn_train_load_state(t, o, &state, &from, error);
  cnn_safetensors_close(&state);
  return good;
}

static bool begin(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  return cnn_train_spares_runs(t, o, error) && cnn_train_load(t, o, error) &&
         cnn_train_set_start(t, o, error);
}

/* Opens all inputs, and then the files to be written. */
static bool prepare(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  if (!cnn_run_open(&t->run, t->model, o->out, error) || !cnn_train_freeze(t, o, error) ||
      !(o->resume ? resume(t, o, error) : begin(t, o, error)) || !cnn_run_make(&t->run, error))
    return false;
  cnn_freeze_keep(&t->freeze, &t->session.state);
  if (o->log && (!cnn_run_spared(&t->run, o->log, error) ||
                 !cnn_step_log_open(&t->log, o->log, t->session.state.step, error)))
    return false;
  if (o->board && !cnn_tensorboard_open(&t->board, *o->board ? o->board : o->out,
                                        t->session.state.step, o->board_every, error))
    return false;
  t->saved = cnn_seconds();
  return o->resume || cnn_save_state(t, error);
}

/* --- the command ------------------------------------------------------------------------------ */

static void announce(const cnn_trainer *t, const cnn_train_options *o) {
  const cnn_model *model = t->model;
  int64_t parameters = 0;
  for (int i = 0; i < model->layer_count; i++) parameters += (int64_t)model->layers[i].parameters;
  double mb = 1e-6;
  printf("%s: %lld parameters; %d training and %d test images; batch %d, %d thread%s\n",
         model->name, (long long)parameters, t->training.count, t->validation.count, t->batch,
         t->session.state.threads, cnn_plural(t->session.state.threads));
  printf("memory: %.2f MB, and %.1f MB for the data set\n", mb * (double)t->session.storage.bytes,
         mb * (double)(t->training.storage.bytes + t->validation.storage.bytes));
  if (t->test.count > 0)
    printf("test part: %d images, for a look with the best weights at the end\n", t->test.count);
  if (t->overfit > 0)
    printf("overfitting: these images are not augmented, and are the test images, too\n");
  if (o->resume) cnn_train_print_resumed(t);
  cnn_progress_flush();
}

/* What ended the training before its last epoch. */
static void print_end(const cnn_trainer *t) {
  char done[CNN_PROGRESS_TEXT];
  if (cnn_trainer_is_complete(t)) {
    if (t->epochs_done < t->recipe.epochs)
      printf("stopped: no epoch was better than epoch %d in the last %d (--patience %d)\n",
             t->best.epoch, t->epochs_done - t->best.epoch, t->patience);
    return; /* a signal may have arrived with the last save */
  }
  if (cnn_stop_signal())
    printf("interrupted after %s; --resume continues\n", cnn_train_progress_text(t, done));
  else if (cnn_stop_is_late(t->deadline))
    printf("stopped by --time-limit after %s; --resume continues\n",
           cnn_train_progress_text(t, done));
}

static void conclude(const cnn_trainer *t) {
  char time[32];
  const cnn_metrics *last = t->row_count > 0 ? &t->rows[t->row_count - 1] : NULL;
  print_end(t);
  cnn_duration(time, cnn_seconds() - t->progress.start);
  if (last && cnn_metrics_is_part(last))
    printf("test accuracy %.2f %% after %llu update%s, %s\n", 100 * last->test_accuracy,
           (unsigned long long)t->session.state.step, cnn_plural((long long)t->session.state.step),
           time);
  else if (last)
    printf("test accuracy %.2f %% after %d epoch%s, %s\n", 100 * last->test_accuracy, t->row_count,
           cnn_plural(t->row_count), time);
  if (t->average && last)
    printf("test accuracy %.2f %% with the average of weights\n", 100 * last->average_accuracy);
  if (t->best.epoch > 0)
    printf("best: epoch %d, test loss %.4f, test accuracy %.2f %%\n", t->best.epoch, t->best.loss,
           100 * t->best.accuracy);
  printf("written: %s%s%s, metrics.csv%s, state.safetensors\n", t->run.checkpoint,
         t->best.epoch > 0 ? ", best.safetensors" : "", t->average ? ", ema.safetensors" : "",
         last ? ", curves.svg" : "");
  cnn_progress_flush();
}

/* The images that no decision depended on, with the weights that were best. */
static bool test_best(cnn_trainer *t, cnn_error *error) {
  cnn_evaluation result;
  if (t->test.count == 0 || !cnn_trainer_is_complete(t)) return true;
  if (!cnn_trainer_test(t, &result, error)) return false;
  printf("test part: %lld images, loss %.4f, accuracy %.2f %% with the best weights\n",
         (long long)result.images, result.loss, 100 * result.accuracy);
  return true;
}

static bool fail_by_signal(int signal, cnn_error *error) {
  error->code = signal == SIGTERM  ? CNN_EXIT_TERMINATED
                : signal == SIGHUP ? CNN_EXIT_HUNG_UP
                                   : CNN_EXIT_INTERRUPTED;
  return false;
}

static bool run(cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  announce(t, o);
  cnn_stop_catch_signals(t->model->name);
  if (!cnn_trainer_run(t, error)) return false;
  conclude(t);
  if (cnn_stop_signal()) return fail_by_signal(cnn_stop_signal(), error);
  if (!test_best(t, error)) return false;
  return (!t->log_error.code && !t->board_error.code) ||
         cnn_fail(error, CNN_EXIT_FAILED, "the training is saved, but its log is not complete");
}

bool cnn_train(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  static cnn_trainer t;
  cnn_train_options o;
  cnn_train_options_parse(&o, model, argc, argv);
  t = cnn_train_trainer(model, &o);
  /* Neither a log nor standard output whose reader goes away ends a training. */
  signal(SIGPIPE, SIG_IGN);
  bool good = prepare(&t, &o, error) && run(&t, &o, error);
  cnn_train_release(&t);
  return good;
}
