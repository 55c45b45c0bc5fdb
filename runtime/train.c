#include "augment.h"
#include "checkpoint.h"
#include "commands.h"
#include "evaluate.h"
#include "files.h"
#include "gradients.h"
#include "initialize.h"
#include "progress.h"
#include "rate.h"
#include "real.h"
#include "run.h"
#include "sampler.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- command line ----------------------------------------------------------------------------- */

typedef struct options {
  const cnn_model *model;
  cnn_recipe recipe; /* the model's, with what the command line says */
  const char *folder, *out, *init, *log;
  uint64_t seed;
  int64_t steps; /* 0: no limit */
  int batch, threads, limit;
  bool in_order;
} options;

enum { KEY_INIT = 256, KEY_STEPS, KEY_NO_SHUFFLE, KEY_LOG };

static const struct argp_option OPTIONS[] = {
    {"epochs", 'e', "N", 0, "Times through the training images (default: the model's)", 0},
    {"batch", 'b', "N", 0,
     "Images an update, more than the program takes too: then they are computed in parts, and "
     "batch norm sees one part at a time (default: the model's)",
     0},
    {"lr", 'r', "X", 0, "Learning rate at the start (default: the model's)", 0},
    {"seed", 's', "N", 0, "Of the first weights, the shuffles and dropout (default: 1)", 0},
    CNN_OPTION_THREADS,
    {"out", 'o', "RUN", 0,
     "Folder for last.safetensors, metrics.csv and curves.svg (default: runs/<model>)", 0},
    {"init", KEY_INIT, "FILE", 0, "Start from the weights of a checkpoint", 0},
    {"limit", 'l', "N", 0, "Only the first N training images", 0},
    {"steps", KEY_STEPS, "N", 0,
     "Stop after N updates; the learning rate goes as if all epochs came", 0},
    {"no-shuffle", KEY_NO_SHUFFLE, NULL, 0, "Images in the order of the file", 0},
    {"log-steps", KEY_LOG, "FILE", 0, "CSV with step, loss and learning rate of every update", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  options *o = state->input;
  switch (key) {
  case 'e':
    o->recipe.epochs = (int)cnn_argument_integer(state, "--epochs", text, 1, 1000000);
    return 0;
  case 'b':
    o->batch = (int)cnn_argument_integer(state, "--batch", text, 1, INT32_MAX);
    return 0;
  case 'r':
    o->recipe.lr = cnn_argument_number(state, "--lr", text, 0, 1e6);
    return 0;
  case 's':
    o->seed = (uint64_t)cnn_argument_integer(state, "--seed", text, 0, INT64_MAX);
    return 0;
  case 't':
    o->threads = (int)cnn_argument_integer(state, "--threads", text, 1, CNN_THREADS_MAX);
    return 0;
  case 'o':
    o->out = text;
    return 0;
  case KEY_INIT:
    o->init = text;
    return 0;
  case 'l':
    o->limit = (int)cnn_argument_integer(state, "--limit", text, 1, INT32_MAX);
    return 0;
  case KEY_STEPS:
    o->steps = cnn_argument_integer(state, "--steps", text, 1, INT64_MAX);
    return 0;
  case KEY_NO_SHUFFLE:
    o->in_order = true;
    return 0;
  case KEY_LOG:
    o->log = text;
    return 0;
  case ARGP_KEY_ARG:
    if (o->folder) argp_error(state, "one data set is enough: %s", text);
    o->folder = text;
    return 0;
  case ARGP_KEY_END:
    if (!o->folder) argp_error(state, "name the folder of the data set");
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "DIR",
    .doc =
        "Learn from the data set in DIR: train-images-idx3-ubyte and train-labels-idx1-ubyte, and "
        "the same with t10k for the test images, plain or with .gz; or CIFAR-10's data_batch_1.bin "
        "to _5.bin and test_batch.bin; or JPEG images as train/CLASS/NAME.jpg and "
        "test/CLASS/NAME.jpg."
        "\vRUN may be new, or hold an earlier run of the same model, which is replaced; a folder "
        "with a run of another model is refused. Ctrl-C ends after the step at hand, saves "
        "last.safetensors and exits with 130.",
};

/* --- training --------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

enum { LOG_TEXT = 1 << 16, LOG_LINE = 128 };

typedef struct trainer {
  options o;
  cnn_session session;
  cnn_dataset training, test;
  cnn_run run;
  cnn_metrics *rows; /* [epochs] */
  uint32_t *order;   /* [training.count] */
  cnn_plateau plateau;
  void *sum;          /* of the gradients of a batch in parts, [parameter_reals]; or NULL */
  void *average;      /* of the weights, [parameter_reals]; or NULL */
  uint8_t *augmented; /* [model->batch] images; or NULL */
  cnn_text log;
  cnn_file log_file;
  bool log_open;
  cnn_progress progress;
  int epochs_done;
} trainer;

/* Sums over the images of an epoch so far. */
typedef struct tally {
  double loss, seconds;
  int64_t images, right;
} tally;

/* Writes out what the log holds. */
static bool flush_log(trainer *t, cnn_error *error) {
  size_t used = t->log.used;
  t->log.used = 0;
  t->log_open = cnn_file_add(&t->log_file, t->log.data, used, error);
  return t->log_open;
}

static bool log_step(trainer *t, double loss, cnn_error *error) {
  if (!t->log_open) return true;
  cnn_text_add(&t->log, "%llu,%.9g,%.9g\n", (unsigned long long)t->session.state.step, loss,
               t->session.state.lr);
  return t->log.used < LOG_TEXT - LOG_LINE || flush_log(t, error);
}

/* Images of an epoch, in its order, into the session's batch, changed if the recipe says so. */
static void fill(trainer *t, int epoch, int64_t first, int count) {
  const options *o = &t->o;
  cnn_session *session = &t->session;
  cnn_session_fill(session, &t->training, t->order, first, count);
  if (!t->augmented) return;
  for (int i = 0; i < count; i++) {
    cnn_augmentation how = cnn_augmentation_draw(o->recipe.crop, o->recipe.flip, o->seed,
                                                 (uint32_t)epoch, t->order[first + i]);
    uint8_t *image = t->augmented + (size_t)i * t->training.image_bytes;
    cnn_augment(&how, o->model->input, session->images[i], image);
    session->images[i] = image;
  }
}

/* The loss of the images in the batch, summed. */
static double collect(const trainer *t, tally *sum) {
  const cnn_session *session = &t->session;
  double loss = 0;
  for (int i = 0; i < session->batch.count; i++) {
    loss += cnn_real_get(session->model, session->state.loss, (size_t)i);
    sum->right += session->state.predicted[i] == session->labels[i];
  }
  sum->loss += loss;
  sum->images += session->batch.count;
  return loss;
}

/* Gradients of `count` images, means over all of them, computed in parts of what the program takes.
   Dropout draws by seed, step and place in the part, so every part has a seed of its own. */
static double compute_gradients(trainer *t, int epoch, int64_t first, int count, tally *sum) {
  const cnn_model *model = t->o.model;
  cnn_state *state = &t->session.state;
  double loss = 0;
  for (int done = 0, part; done < count; done += part) {
    part = count - done < model->batch ? count - done : model->batch;
    state->seed = t->o.seed + (uint64_t)done * UINT64_C(0xbf58476d1ce4e5b9);
    fill(t, epoch, first + done, part);
    model->gradients(state, &t->session.batch);
    loss += collect(t, sum);
    if (count > model->batch)
      cnn_gradients_add(model, t->sum, state->gradients, (double)part / count, done == 0);
  }
  state->seed = t->o.seed;
  if (count > model->batch)
    memcpy(state->gradients, t->sum, model->parameter_reals * (size_t)model->real_bytes);
  return loss;
}

/* One update with `count` images of the epoch. */
static bool train_batch(trainer *t, int epoch, int64_t first, int count, tally *sum,
                        cnn_error *error) {
  const cnn_model *model = t->o.model;
  const cnn_recipe *recipe = &t->o.recipe;
  cnn_state *state = &t->session.state;
  double loss;
  if (count <= model->batch && recipe->clip_norm == 0 && recipe->clip_value == 0) {
    fill(t, epoch, first, count);
    model->train_step(state, &t->session.batch);
    loss = collect(t, sum);
  } else {
    loss = compute_gradients(t, epoch, first, count, sum);
    cnn_gradients_clip(model, state->gradients, recipe);
    model->update(state);
  }
  if (t->average)
    cnn_average_update(model, t->average, state->parameters, recipe->ema, state->step == 0);
  if (!log_step(t, loss / count, error)) return false;
  if (!isfinite(loss))
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "the loss is %g after %llu updates; try a smaller learning rate than --lr %g",
                    loss, (unsigned long long)state->step, recipe->lr);
  state->step++;
  return true;
}

static bool is_over(const trainer *t) {
  return interrupted || (t->o.steps > 0 && t->session.state.step >= (uint64_t)t->o.steps);
}

/* What the schedule says of the update at hand. */
static void set_rates(trainer *t, uint64_t batches) {
  const cnn_recipe *recipe = &t->o.recipe;
  cnn_state *state = &t->session.state;
  state->lr = cnn_rate(recipe, state->step, batches);
  state->momentum = cnn_momentum(recipe, recipe->momentum, state->step, batches);
  state->beta1 = cnn_momentum(recipe, recipe->beta1, state->step, batches);
}

static bool train_epoch(trainer *t, int epoch, tally *sum, cnn_error *error) {
  const options *o = &t->o;
  int64_t images = t->training.count, batches = cnn_sampler_batches(images, o->batch);
  cnn_sampler_order(t->order, (uint32_t)images, !o->in_order, o->seed, (uint64_t)epoch);
  double start = cnn_seconds();
  for (int64_t b = 0; b < batches && !is_over(t); b++) {
    int count = cnn_sampler_batch_count(images, o->batch, b);
    set_rates(t, (uint64_t)batches);
    if (!train_batch(t, epoch, b * o->batch, count, sum, error)) return false;
    sum->seconds = cnn_seconds() - start;
    double seen = (double)sum->images;
    cnn_progress_step(&t->progress, epoch + 1, sum->images, sum->loss / seen,
                      (double)sum->right / seen, seen / sum->seconds);
  }
  return true;
}

static bool save(trainer *t, cnn_error *error) {
  cnn_checkpoint checkpoint = {t->epochs_done, t->o.seed, t->session.normalization};
  return cnn_run_save(&t->run, t->session.state.parameters, t->average, &checkpoint, t->rows,
                      t->epochs_done, error);
}

static cnn_evaluation evaluate(trainer *t, void *parameters) {
  cnn_state *state = &t->session.state;
  void *trained = state->parameters;
  int batch = t->o.batch < t->o.model->batch ? t->o.batch : t->o.model->batch;
  state->parameters = parameters;
  cnn_evaluation result = cnn_evaluate(&t->session, &t->test, batch, NULL, &interrupted);
  state->parameters = trained;
  return result;
}

/* Evaluates and saves after an epoch. */
static bool finish_epoch(trainer *t, const tally *sum, cnn_error *error) {
  cnn_evaluation test = evaluate(t, t->session.state.parameters), average = {0};
  if (t->average && !interrupted) average = evaluate(t, t->average);
  if (!interrupted) {
    double images = (double)sum->images;
    cnn_metrics row = {.epoch = t->epochs_done + 1,
                       .train_loss = sum->loss / images,
                       .train_accuracy = (double)sum->right / images,
                       .test_loss = test.loss,
                       .test_accuracy = test.accuracy,
                       .images_per_s = images / sum->seconds,
                       .averaged = t->average != NULL,
                       .average_loss = average.loss,
                       .average_accuracy = average.accuracy};
    t->rows[t->epochs_done++] = row;
    cnn_progress_epoch(&t->progress, &row);
    cnn_recipe *recipe = &t->o.recipe;
    if (recipe->schedule == CNN_LR_PLATEAU && t->epochs_done > recipe->warmup_epochs)
      recipe->lr = cnn_plateau_rate(&t->plateau, recipe, recipe->lr, row.train_loss);
  }
  return save(t, error);
}

static bool train(trainer *t, cnn_error *error) {
  bool good = true;
  cnn_progress_begin(&t->progress, t->o.recipe.epochs, t->training.count);
  for (int epoch = 0; good && epoch < t->o.recipe.epochs && !is_over(t); epoch++) {
    tally sum = {0};
    good = train_epoch(t, epoch, &sum, error) &&
           (interrupted ? save(t, error) : finish_epoch(t, &sum, error));
  }
  cnn_progress_end(&t->progress);
  /* A training that failed leaves its log: it tells why. */
  if (t->log_open && !(flush_log(t, error) && cnn_file_commit(&t->log_file, error))) return false;
  return good;
}

/* --- before and after ------------------------------------------------------------------------- */

static bool load_data(trainer *t, cnn_error *error) {
  const cnn_model *model = t->o.model;
  return cnn_dataset_load(&t->training, model, t->o.folder, "train", t->o.limit, error) &&
         cnn_dataset_load(&t->test, model, t->o.folder, "t10k", 0, error);
}

static bool prepare(trainer *t, cnn_error *error) {
  const options *o = &t->o;
  const cnn_model *model = o->model;
  cnn_session *session = &t->session;
  t->run.text.size = cnn_run_text_bytes(model, o->recipe.epochs);
  t->log.size = LOG_TEXT;
  cnn_session_plan(session, model, CNN_TO_TRAIN, o->threads);
  cnn_storage_want(&session->storage, &t->rows, (size_t)o->recipe.epochs, sizeof *t->rows);
  cnn_storage_want(&session->storage, &t->order, (size_t)t->training.count, sizeof *t->order);
  cnn_storage_want(&session->storage, &t->run.text.data, t->run.text.size, 1);
  cnn_storage_want(&session->storage, &t->log.data, t->log.size, 1);
  size_t real = (size_t)model->real_bytes;
  if (o->batch > model->batch)
    cnn_storage_want(&session->storage, &t->sum, model->parameter_reals, real);
  if (o->recipe.ema > 0)
    cnn_storage_want(&session->storage, &t->average, model->parameter_reals, real);
  if (o->recipe.crop > 0 || o->recipe.flip)
    cnn_storage_want(&session->storage, &t->augmented, (size_t)model->batch,
                     t->training.image_bytes);
  if (!cnn_session_open(session, error)) return false;
  session->state.seed = o->seed;
  cnn_normalization normalization = cnn_session_normalization(model, &t->training);
  cnn_session_normalize(session, &normalization);
  cnn_checkpoint start;
  if (!o->init)
    cnn_init_parameters(model, o->seed, session->state.parameters);
  else if (!cnn_checkpoint_load(o->init, model, session->state.parameters, &start, error))
    return false;
  if (t->average) cnn_average_update(model, t->average, session->state.parameters, 0, true);
  return true;
}

/* The files that will be written, once all is well with those that are read. */
static bool open_outputs(trainer *t, cnn_error *error) {
  if (!cnn_run_open(&t->run, t->o.model, t->o.out, error)) return false;
  if (!t->o.log) return true;
  cnn_text_add(&t->log, "step,loss,lr\n");
  t->log_open = cnn_file_begin(&t->log_file, t->o.log, error);
  return t->log_open;
}

static void announce(const trainer *t) {
  const cnn_model *model = t->o.model;
  int64_t parameters = 0;
  for (int i = 0; i < model->parameter_count; i++)
    parameters += (int64_t)cnn_parameter_count(&model->parameters[i]);
  double mb = 1e-6;
  printf("%s: %lld parameters; %d training and %d test images; batch %d, %d thread%s\n",
         model->name, (long long)parameters, t->training.count, t->test.count, t->o.batch,
         t->session.state.threads, t->session.state.threads > 1 ? "s" : "");
  printf("memory: %.2f MB, and %.1f MB for the data set\n", mb * (double)t->session.storage.bytes,
         mb * (double)(t->training.storage.bytes + t->test.storage.bytes));
  fflush(stdout);
}

static void conclude(const trainer *t) {
  char time[32];
  if (interrupted)
    printf("interrupted after %d epochs and %llu updates\n", t->epochs_done,
           (unsigned long long)t->session.state.step);
  else
    printf("test accuracy %.2f %% after %d epoch%s, %s\n",
           100 * t->rows[t->epochs_done - 1].test_accuracy, t->epochs_done,
           t->epochs_done > 1 ? "s" : "", cnn_duration(time, cnn_seconds() - t->progress.start));
  if (t->average && t->epochs_done > 0)
    printf("test accuracy %.2f %% with the average of weights\n",
           100 * t->rows[t->epochs_done - 1].average_accuracy);
  printf("written: %s%s, metrics.csv%s\n", t->run.checkpoint, t->average ? ", ema.safetensors" : "",
         t->epochs_done ? ", curves.svg" : "");
}

static int default_batch(const cnn_model *model) {
  int64_t batch = (int64_t)model->batch * model->recipe->accumulate;
  return batch < INT32_MAX ? (int)batch : INT32_MAX;
}

static void catch_interrupts(void) {
  /* Once: a second Ctrl-C ends the program at once. */
  struct sigaction action = {.sa_handler = on_interrupt,
                             .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool cnn_train(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  char out[PATH_MAX];
  static trainer t;
  t.o = (options){.model = model,
                  .recipe = *model->recipe,
                  .batch = default_batch(model),
                  .seed = 1,
                  .out = cnn_default_run(model, out)};
  argp_parse(&PARSER, argc, argv, 0, NULL, &t.o);
  bool good = load_data(&t, error) && prepare(&t, error) && open_outputs(&t, error);
  if (good) {
    announce(&t);
    catch_interrupts();
    good = train(&t, error);
  }
  if (good) conclude(&t);
  if (good && interrupted) {
    error->code = CNN_EXIT_INTERRUPTED;
    good = false;
  }
  cnn_session_close(&t.session);
  cnn_dataset_release(&t.training);
  cnn_dataset_release(&t.test);
  return good;
}
