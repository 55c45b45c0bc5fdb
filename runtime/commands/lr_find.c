/* `lr-find`: the learning-rate range test, its table and its picture. */
#include "commands/commands.h"
#include "commands/train_options.h"
#include "commands/train_start.h"
#include "core/text.h"
#include "data/files.h"
#include "data/sampler.h"
#include "report/chart.h"
#include "train/sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct options {
  cnn_train_options train;
  double first, last;
  int updates;
  const char *csv, *svg;
  char default_csv[PATH_MAX + 16], default_svg[PATH_MAX + 16];
} options;

static const cnn_option OPTIONS[] = {
    {"first", 0, "X", "The first rate (default: 1e-7)", CNN_NUMBER, offsetof(options, first), 0,
     1000000, NULL},
    {"last", 0, "X", "The last rate (default: 10)", CNN_NUMBER, offsetof(options, last), 0, 1000000,
     NULL},
    {"updates", 0, "N", "Updates (default: 100)", CNN_INTEGER, offsetof(options, updates), 20,
     100000, NULL},
    {"csv", 0, "FILE", "Where to write the table (default: runs/<model>/lr-find.csv)", CNN_TEXT,
     offsetof(options, csv), 0, 0, NULL},
    {"svg", 0, "FILE", "Where to write the picture (default: runs/<model>/lr-find.svg)", CNN_TEXT,
     offsetof(options, svg), 0, 0, NULL},
    {0}};

static void check(void *data, const struct argp_state *state) {
  const options *o = data;
  cnn_train_check_start(&o->train, state);
  if (!(o->first > 0 && o->first < o->last))
    argp_error(state, "--first %g: must be above 0 and less than --last %g", o->first, o->last);
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .more = cnn_start_options,
    .shared = "t",
    .operands = CNN_FOLDER,
    .check = check,
    .doc = "Train on the data set in DIR for some updates, at rates that grow exponentially until "
           "the loss explodes, and suggest the rate where it falls most steeply (Smith 2017, "
           "\"Cyclical learning rates\"). Optimiser, batch and augmentation are the recipe's."
           "\vNo run is changed. Give the rate to `train --lr`, or write it into the model. For a "
           "schedule with warm-up or one-cycle, the suggestion is its highest rate.",
};

/* One update of the sweep, on the next batch of the epochs. */
static double update(cnn_trainer *t, double rate) {
  cnn_state *state = &t->session.state;
  const int64_t batches = cnn_sampler_batches(t->training.count, t->batch);
  const int64_t epoch = (int64_t)state->step / batches, batch = (int64_t)state->step % batches;
  const int count = cnn_sampler_batch_count(t->training.count, t->batch, batch);
  if (batch == 0)
    cnn_sampler_order(t->order, (uint32_t)t->training.count, true, t->seed, (uint64_t)epoch);
  state->lr = rate;
  const double loss = cnn_trainer_update(t, (int)epoch, batch * t->batch, count);
  state->step++;
  return loss / count;
}

/* --- what is written -------------------------------------------------------------------------- */

typedef struct result {
  const cnn_trainer *trainer;
  const cnn_sweep *sweep;
  int suggested; /* index, or -1 */
  double *shown; /* [2][count]: losses, smooth losses that fit the picture, else NAN */
} result;

static void write_csv(cnn_text *text, const void *what) {
  const result *r = what;
  cnn_text_add(text, "lr,loss,smooth_loss\n");
  for (int i = 0; i < r->sweep->count; i++)
    cnn_text_add(text, "%.6g,%.6g,%.6g\n", cnn_sweep_rate(r->sweep, i), r->sweep->loss[i],
                 r->sweep->smooth[i]);
}

/* Losses far above those before the best would make the curve flat. */
static void choose_shown(const result *r) {
  const cnn_sweep *s = r->sweep;
  double most = 0;
  for (int i = 0; i <= s->best; i++) most = fmax(most, 1.5 * s->smooth[i]);
  for (int i = 0; i < s->count; i++) {
    r->shown[i] = s->loss[i] <= most ? s->loss[i] : NAN;
    r->shown[s->count + i] = s->smooth[i] <= most ? s->smooth[i] : NAN;
  }
}

static void write_svg(cnn_text *text, const void *what) {
  const result *r = what;
  const cnn_sweep *s = r->sweep;
  const cnn_panel panel = {
      .title = "loss",
      .series = {{"batch", r->shown, sizeof *r->shown, s->count, 1},
                 {"smooth", r->shown + s->count, sizeof *r->shown, s->count, 1}},
      .series_count = 2,
      .x_first = s->first,
      .x_last = cnn_sweep_rate(s, s->count - 1),
      .marked = r->suggested >= 0,
      .mark = r->suggested};
  char title[320];
  snprintf(title, sizeof title, "%s: loss by learning rate", r->trainer->model->run);
  cnn_chart(text, title, "learning rate", &panel, 1);
}

static bool write_files(const result *r, const options *o, cnn_error *error) {
  const bool own = o->csv == o->default_csv || o->svg == o->default_svg;
  choose_shown(r);
  return (!own || cnn_make_folder(o->train.default_out, error)) &&
         cnn_file_write_text(o->csv, write_csv, r, error) &&
         cnn_file_write_text(o->svg, write_svg, r, error);
}

static void print(const result *r, const options *o) {
  const cnn_sweep *s = r->sweep;
  const int at = r->suggested;
  if (s->count < s->most)
    printf("stopped after %d updates, at rate %.3g: the loss explodes\n", s->count,
           cnn_sweep_rate(s, s->count - 1));
  printf("least loss %.4f at rate %.3g\n", s->smooth[s->best], cnn_sweep_rate(s, s->best));
  printf("suggested rate: %.2g, where the loss (%.4f) falls most steeply; the recipe's is %g\n",
         cnn_sweep_rate(s, at), s->smooth[at], r->trainer->recipe.lr);
  printf("written: %s, %s\n", o->csv, o->svg);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool sweep_rates(cnn_trainer *t, cnn_sweep *s, const options *o, double *shown,
                        cnn_error *error) {
  printf("%s: at most %d updates, rates from %g to %g, batch %d\n", t->model->name, s->most,
         s->first, s->last, t->batch);
  fflush(stdout);
  while (cnn_sweep_add(s, update(t, cnn_sweep_rate(s, s->count)))) continue;
  const result r = {t, s, cnn_sweep_suggest(s), shown};
  if (s->count > 0 && !write_files(&r, o, error)) return false;
  if (r.suggested < 0)
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "no rate to suggest: the loss did not fall in %d update%s; try a smaller "
                    "--first, or find the mistake with `%s train --overfit-batch 1`",
                    s->count, cnn_plural(s->count), t->model->name);
  print(&r, o);
  return true;
}

static void set_defaults(options *o, const cnn_model *model) {
  *o = (options){.train = cnn_train_defaults(model), .first = 1e-7, .last = 10, .updates = 100};
  const char *folder = cnn_default_run(model, o->train.default_out);
  snprintf(o->default_csv, sizeof o->default_csv, "%s/lr-find.csv", folder);
  snprintf(o->default_svg, sizeof o->default_svg, "%s/lr-find.svg", folder);
  o->csv = o->default_csv;
  o->svg = o->default_svg;
}

bool cnn_lr_find(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  static cnn_trainer t;
  static options o;
  set_defaults(&o, model);
  cnn_command_line_parse(&LINE, argc, argv, &o);
  t = cnn_train_trainer(model, &o.train);
  t.recipe.ema = 0;
  cnn_sweep sweep = {.first = o.first, .last = o.last, .most = o.updates};
  double *shown = NULL;
  cnn_storage storage = {0};
  cnn_storage_want(&storage, &sweep.loss, (size_t)sweep.most, sizeof(double));
  cnn_storage_want(&storage, &sweep.smooth, (size_t)sweep.most, sizeof(double));
  cnn_storage_want(&storage, &shown, 2 * (size_t)sweep.most, sizeof(double));
  bool good = cnn_train_freeze(&t, &o.train, error) && cnn_train_load(&t, &o.train, error) &&
              cnn_train_set_start(&t, &o.train, error) && cnn_storage_commit(&storage, error);
  cnn_freeze_keep(&t.freeze, &t.session.state);
  good = good && sweep_rates(&t, &sweep, &o, shown, error);
  cnn_storage_release(&storage);
  cnn_train_release(&t);
  return good;
}
