#include "commands/gradcheck.h"

#include "commands/command_line.h"
#include "commands/commands.h"
#include "core/initialize.h"
#include "core/random.h"
#include "core/real.h"
#include "core/text.h"
#include "data/load.h"
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  int entries;
} options;

static const cnn_option OPTIONS[] = {{"entries", 'k', "K",
                                      "Entries, or directions, of each parameter (default: 10)",
                                      CNN_INTEGER, offsetof(options, entries), 1, 1000000, NULL},
                                     {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tnsw",
    .operands = CNN_FOLDER_OR_NONE,
    .doc =
        "Compare gradients with differences of the loss, on the first training images of the data "
        "set in DIR or on random ones. Sharpest in a program made with --real double."
        "\vAn entry is undecided where a kink of relu or max-pooling lies within every step that "
        "was tried, or rounding is larger than the difference; another is checked instead. If "
        "fewer "
        "than half of a parameter's entries can be decided, the check fails, as it does for a "
        "wrong gradient: exit code 1.",
};

/* --- the weights and images to check ---------------------------------------------------------- */

/* Parameters that start as constants are changed at random: a bias of exactly 0 behind dead inputs
   would be on the kink of relu. */
static void shake_constants(const cnn_model *model, uint64_t seed, void *parameters) {
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    if (parameter->init != CNN_ZEROS && parameter->init != CNN_CONSTANT) continue;
    cnn_random random = cnn_random_stream(seed, "shake", parameter->offset);
    for (size_t k = 0; k < cnn_parameter_count(parameter); k++) {
      double weight = cnn_real_get(model, parameters, parameter->offset + k);
      cnn_real_set(model, parameters, parameter->offset + k,
                   weight + 0.2 * cnn_random_uniform(&random) - 0.1);
    }
  }
}

static bool fill_batch(cnn_gradient_check *c, const options *o, cnn_dataset *training,
                       cnn_error *error) {
  enum { LEVELS = 256 };
  static const double half[CNN_CHANNELS_MAX] = {[0 ... CNN_CHANNELS_MAX - 1] = 0.5};
  const cnn_model *model = c->session.model;
  cnn_normalization normalization = cnn_normalization_given(model->input[0], half, half);
  if (!o->shared.folder) {
    cnn_session_fill_random(&c->session, c->pixels, o->shared.count, LEVELS, c->seed);
  } else {
    if (!cnn_dataset_load(training, model, o->shared.folder, "train", o->shared.count, error))
      return false;
    cnn_dataset_fill(training, &c->session, NULL, 0, training->count);
    normalization = cnn_dataset_normalization(training, model);
  }
  cnn_session_normalize(&c->session, &normalization);
  return true;
}

static bool prepare(cnn_gradient_check *c, const options *o, cnn_dataset *training,
                    cnn_error *error) {
  const cnn_model *model = o->shared.model;
  cnn_session *session = &c->session;
  size_t reals = model->parameter_reals, real = (size_t)model->real_bytes;
  cnn_session_plan(session, model, CNN_TO_TRAIN, o->shared.threads);
  cnn_storage_want(&session->storage, &c->gradients, reals, real);
  cnn_storage_want(&session->storage, &c->start, reals, real);
  cnn_storage_want(&session->storage, &c->direction, reals, real);
  cnn_storage_want(&session->storage, &c->pixels, (size_t)model->batch, cnn_image_bytes(model));
  if (!cnn_session_open(session, error) || !fill_batch(c, o, training, error)) return false;
  session->state.seed = c->seed;
  cnn_checkpoint start;
  if (o->shared.weights) {
    if (!cnn_checkpoint_load(o->shared.weights, model, session->state.parameters, &start, error))
      return false;
  } else {
    cnn_init_parameters(model, c->seed, session->state.parameters);
    shake_constants(model, c->seed, session->state.parameters);
  }
  c->loss = cnn_check_mean_loss(c);
  for (size_t i = 0; i < reals; i++) {
    cnn_real_set(model, c->start, i, cnn_real_get(model, session->state.parameters, i));
    cnn_real_set(model, c->gradients, i, cnn_real_get(model, session->state.gradients, i));
  }
  return true;
}

/* --- the check -------------------------------------------------------------------------------- */

static bool fail_wrong(const cnn_model *model, const char *name, double worst, cnn_error *error) {
  if (model->real_bytes == 8)
    return cnn_fail(
        error, CNN_EXIT_FAILED,
        "gradient of %s: relative error %.2e, more than %.0e; steps of different sizes "
        "agree on another number. If that persists with other images (--seed) and fewer "
        "(--count), a kernel computes a wrong gradient: report the model",
        name, worst, CNN_ENTRY_TOLERANCE);
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "gradient of %s: relative error %.2e, more than %.0e, by rounding or by a wrong "
                  "kernel; a program made with `cnnc --real double` shows which",
                  name, worst, CNN_DIRECTION_TOLERANCE);
}

static bool fail_undecided(const char *names, int count, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "fewer than half of the entries of %d parameter%s could be decided: %s. Nothing "
                  "was found wrong, but at every step a kink of relu or max-pooling lay within it, "
                  "or rounding was larger; try more images (--count), another --seed, or weights "
                  "of a training (--weights)",
                  count, cnn_plural(count), names);
}

/* A check that decides fewer than half of the entries is a failure. */
static bool is_decided(const cnn_check_result *result) {
  return 2 * result->checked >= result->wanted;
}

static bool check_all(cnn_gradient_check *c, cnn_error *error) {
  const cnn_model *model = c->session.model;
  bool exact = model->real_bytes == 8;
  double tolerance = exact ? CNN_ENTRY_TOLERANCE : CNN_DIRECTION_TOLERANCE;
  char buffer[400] = "";
  cnn_text undecided = {.data = buffer, .size = sizeof buffer};
  int undecided_count = 0, checked = 0;
  printf("%-28s %10s %10s %14s\n", "parameter", exact ? "entries" : "directions", "undecided",
         "largest error");
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    if (!parameter->trainable) continue;
    checked++;
    cnn_check_result result =
        exact ? cnn_check_entries(c, parameter) : cnn_check_directions(c, parameter);
    printf("%-28s %10d %10d %14.2e\n", parameter->name, result.checked, result.undecided,
           result.worst);
    if (!(result.worst <= tolerance)) fail_wrong(model, parameter->name, result.worst, error);
    if (is_decided(&result)) continue;
    cnn_text_add(&undecided, undecided_count++ ? ", %s" : "%s", parameter->name);
  }
  if (undecided.used >= undecided.size) memcpy(buffer + sizeof buffer - 4, "...", 4);
  if (undecided_count > 0) fail_undecided(buffer, undecided_count, error);
  if (error->code != CNN_EXIT_DONE) return false;
  if (checked == 0)
    printf("nothing to check: no parameter is trained\n");
  else
    printf("all within %.0e\n", tolerance);
  return true;
}

bool cnn_gradcheck(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .entries = 10};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_gradient_check c = {.seed = o.shared.seed, .tries = o.entries};
  cnn_dataset training = {0};
  bool good = prepare(&c, &o, &training, error) && check_all(&c, error);
  cnn_session_close(&c.session);
  cnn_dataset_release(&training);
  return good;
}
