#include "commands/train_resume.h"

#include "core/text.h"
#include "data/sampler.h"
#include "train/save.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- a new run -------------------------------------------------------------------------------- */

bool cnn_train_spares_runs(const cnn_trainer *t, const cnn_train_options *o, cnn_error *error) {
  cnn_safetensors state = {0};
  cnn_resume from = {0};
  cnn_error unreadable = {0};
  if (o->overwrite || !cnn_run_exists(&t->run)) return true;
  static const char ends[] = "replace it with --overwrite, or choose another folder with --out";
  if (access(t->run.state, F_OK) != 0)
    return cnn_fail(error, CNN_EXIT_USAGE, "%s: holds a run without its state; %s", o->out, ends);
  if (!cnn_resume_open(&state, t->run.state, t->model, &from, &unreadable))
    return cnn_fail(error, CNN_EXIT_USAGE, "%s: holds a run that cannot go on (%s); %s", o->out,
                    unreadable.message, ends);
  cnn_safetensors_close(&state);
  if (cnn_resume_is_complete(&from))
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "%s: holds a complete run of %d epoch%s; go on with --resume --epochs N, %s",
                    o->out, from.epochs_done, cnn_plural(from.epochs_done), ends);
  return cnn_fail(
      error, CNN_EXIT_USAGE,
      "%s: holds an interrupted run, %d of %d epoch%s done, %lld update%s in all; go on with "
      "--resume, %s",
      o->out, from.epochs_done, from.epochs, cnn_plural(from.epochs), (long long)from.step,
      cnn_plural(from.step), ends);
}

/* --- resume ----------------------------------------------------------------------------------- */

/* The reason why there is no state, as far as the folder shows. */
static bool explain_missing_state(const cnn_trainer *t, const cnn_train_options *o,
                                  cnn_error *error) {
  if (!cnn_run_exists(&t->run))
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: no run to resume: nothing has been saved there; train without --resume",
                    o->out);
  return cnn_fail(
      error, CNN_EXIT_DATA,
      "%s: no run to resume, for it has no state.safetensors; train on from its weights "
      "with --init %s and another --out",
      o->out, t->run.checkpoint);
}

/* A complete run goes on with more epochs or more patience alone. */
static bool check_remainder(const cnn_trainer *t, const cnn_train_options *o,
                            const cnn_resume *from, cnn_error *error) {
  const int done = from->epochs_done;
  if (o->epochs_given && t->recipe.epochs <= done)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--epochs %d: %s has finished %d epoch%s already; give a larger number",
                    t->recipe.epochs, o->out, done, cnn_plural(done));
  if (t->recipe.epochs == done)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "%s: the run is complete after %d epoch%s; give the number of epochs that it "
                    "is to have in all: --resume --epochs N",
                    o->out, done, cnn_plural(done));
  if (cnn_best_is_stale(&from->best, done, t->patience))
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "%s: no epoch was better than epoch %d in the last %d, which ended the run; "
                    "give a larger number: --resume --patience N",
                    o->out, from->best.epoch, done - from->best.epoch);
  return true;
}

static void take_settings(cnn_trainer *t, const cnn_train_options *o, const cnn_resume *from) {
  t->recipe.epochs = o->epochs_given ? o->recipe.epochs : from->epochs;
  t->recipe.lr = from->lr;
  t->seed = (uint64_t)from->seed;
  t->batch = from->batch;
  t->limit = from->limit;
  t->overfit = from->overfit;
  t->split = from->split;
  t->no_shuffle = from->no_shuffle;
  t->best_by = (cnn_best_by)from->best_by;
  t->patience = o->patience > 0 ? o->patience : from->patience;
}

bool cnn_train_open_state(cnn_trainer *t, const cnn_train_options *o, cnn_safetensors *state,
                          cnn_resume *from, cnn_error *error) {
  if (access(t->run.state, F_OK) != 0) return explain_missing_state(t, o, error);
  if (!cnn_resume_open(state, t->run.state, t->model, from, error)) return false;
  take_settings(t, o, from);
  if (check_remainder(t, o, from, error)) return true;
  cnn_safetensors_close(state);
  return false;
}

bool cnn_train_load_state(cnn_trainer *t, const cnn_train_options *o, const cnn_safetensors *state,
                          const cnn_resume *from, cnn_error *error) {
  if (from->data != t->data)
    return cnn_fail(
        error, CNN_EXIT_DATA,
        "%s: not the images and classes that %s was trained on; give the data set of the "
        "run",
        o->shared.folder, o->out);
  int64_t batches = cnn_sampler_batches(t->training.count, t->batch);
  int64_t begun = from->step - from->epochs_done * batches; /* updates of the current epoch */
  if (begun < 0 || begun > batches || from->tally.images > t->training.count)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: its numbers contradict each other; train again from the start",
                    t->run.state);
  cnn_resume_blocks blocks = cnn_save_blocks(t);
  if (!cnn_resume_load(state, t->run.state, t->model, from, &blocks, error)) return false;
  t->session.state.step = (uint64_t)from->step;
  t->epochs_done = t->row_count = from->epochs_done;
  t->tally = from->tally;
  t->plateau = from->plateau;
  t->best = from->best;
  if (o->steps == 0 || o->steps > from->step) return true;
  return cnn_fail(error, CNN_EXIT_USAGE,
                  "--steps %lld: %s has made %lld update%s already; give a larger number, or leave "
                  "--steps out",
                  (long long)o->steps, o->out, (long long)from->step, cnn_plural(from->step));
}

const char *cnn_train_progress_text(const cnn_trainer *t, char text[CNN_PROGRESS_TEXT]) {
  const int epochs = t->epochs_done;
  const long long all = cnn_sampler_batches(t->training.count, t->batch);
  const long long updates = (long long)t->session.state.step - epochs * all;
  if (epochs == 0)
    snprintf(text, CNN_PROGRESS_TEXT, "%lld of %lld update%s of the first epoch", updates, all,
             cnn_plural(all));
  else if (updates == 0)
    snprintf(text, CNN_PROGRESS_TEXT, "%d epoch%s", epochs, cnn_plural(epochs));
  else
    snprintf(text, CNN_PROGRESS_TEXT, "%d epoch%s and %lld of %lld update%s of the next", epochs,
             cnn_plural(epochs), updates, all, cnn_plural(all));
  return text;
}

void cnn_train_print_resumed(const cnn_trainer *t) {
#define NAME(id, name) name,
  static const char *const OPTIMIZERS[] = {CNN_OPTIMIZERS(NAME)};
  static const char *const SCHEDULES[] = {CNN_LR_SCHEDULES(NAME)};
#undef NAME
  char done[CNN_PROGRESS_TEXT];
  const cnn_recipe *recipe = &t->recipe;
  printf("resumed after %s: seed %llu, rate %g, batch %d, %d epochs",
         cnn_train_progress_text(t, done), (unsigned long long)t->seed, recipe->lr, t->batch,
         recipe->epochs);
  if (t->limit > 0) printf(", %d images", t->limit);
  if (t->no_shuffle) printf(", not shuffled");
  if (t->patience > 0) printf(", patience %d", t->patience);
  printf("; %s, %s rate, best by %s\n", OPTIMIZERS[recipe->optimizer], SCHEDULES[recipe->schedule],
         cnn_best_words[t->best_by]);
}
