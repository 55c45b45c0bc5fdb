/* `gradcheck`: gradients against differences of the mean loss of a batch.

   In double, single entries: (L(w + h) - L(w - h)) / 2h, for steps h of several sizes. Where relu
   or max-pooling has a kink within the step, or rounding is larger than what the step changes, the
   differences do not fit each other; an entry for which that is so at every step is undecided, and
   another is taken. In float an entry drowns in rounding, so whole parameters go a long way: along
   v = g / rms(g) + s, with random signs s, in which every entry's derivative counts. The loss must
   change by the integral of g . v over the way, whatever kinks lie on it. */
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
  cnn_arguments given;
  int entries;
} options;

static const struct argp_option OPTIONS[] = {
    {"entries", 'k', "K", 0, "Entries, or directions, of each parameter (default: 10)", 0}, {0}};

static const struct argp_child TAKES[] = {
    {&cnn_take_threads, 0, NULL, 0},        {&cnn_take_count, 0, NULL, 0},
    {&cnn_take_seed, 0, NULL, 0},           {&cnn_take_weights, 0, NULL, 0},
    {&cnn_take_folder_or_none, 0, NULL, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  options *o = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    return cnn_arguments_begin(state, TAKES, &o->given);
  case 'k':
    o->entries = (int)cnn_argument_integer(state, "--entries", text, 1, 1000000);
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = parse,
    .children = TAKES,
    .doc =
        "Compare gradients with differences of the loss, on the first training images of the data "
        "set in DIR or on random ones. Sharpest in a program made with --real double."
        "\vAn entry is undecided where a kink of relu or max-pooling lies within every step that "
        "was tried, or rounding is larger than the difference; another is taken for it. If fewer "
        "than half of a parameter's entries can be decided, the check fails, as it does for a "
        "wrong gradient: exit code 1.",
};

typedef struct checker {
  options o;
  cnn_session session;
  uint8_t *pixels;
  void *gradients, *start; /* copies, at the weights where all is checked */
  void *v;                 /* a direction, as large as all parameters */
  double loss;             /* there */
} checker;

/* What one parameter came out with. */
typedef struct outcome {
  int wanted, checked, undecided;
  double worst; /* relative error */
} outcome;

static void note(outcome *result, double error) {
  result->checked++;
  if (!(error <= result->worst)) result->worst = isnan(error) ? INFINITY : error;
}

static double mean_loss(checker *c) {
  cnn_session *session = &c->session;
  session->model->gradients(&session->state, &session->batch);
  double sum = 0;
  for (int i = 0; i < session->batch.count; i++)
    sum += cnn_real_get(session->model, session->state.loss, (size_t)i);
  return sum / session->batch.count;
}

static double gradient_at(const checker *c, const cnn_parameter *parameter, size_t i) {
  return cnn_real_get(c->o.given.model, c->gradients, parameter->offset + i);
}

static double root_mean_square(const checker *c, const cnn_parameter *parameter) {
  size_t count = cnn_parameter_count(parameter);
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += gradient_at(c, parameter, i) * gradient_at(c, parameter, i);
  return sqrt(sum / (double)count);
}

/* --- double: entries -------------------------------------------------------------------------- */

static double loss_at_entry(checker *c, size_t index, double step) {
  const cnn_model *model = c->o.given.model;
  double weight = cnn_real_get(model, c->start, index);
  cnn_real_set(model, c->session.state.parameters, index, weight + step);
  double loss = mean_loss(c);
  cnn_real_set(model, c->session.state.parameters, index, weight);
  return loss;
}

static const double ENTRY_TOLERANCE = 1e-6;

/* What the loss says of an entry's derivative. */
typedef struct estimate {
  double slope, size; /* size: what errors are relative to */
  bool clear;         /* neither a kink within the step nor rounding disturbs it */
} estimate;

/* For a loss without kinks, differences of h and h / 2 agree, and slopes to the right and to the
   left differ by curvature alone, which halves with the step. */
static estimate estimate_entry(checker *c, size_t index, double expected, double scale,
                               double step) {
  double right = loss_at_entry(c, index, step), left = loss_at_entry(c, index, -step);
  double near_right = loss_at_entry(c, index, step / 2);
  double near_left = loss_at_entry(c, index, -step / 2);
  double coarse = (right - left) / (2 * step), fine = (near_right - near_left) / step;
  double bend = (right - 2 * c->loss + left) / step;
  double near_bend = (near_right - 2 * c->loss + near_left) / (step / 2);
  double size = fmax(fmax(fabs(fine), fabs(expected)), fmax(scale, 1e-5));
  return (estimate){.slope = fine,
                    .size = size,
                    .clear = fabs(coarse - fine) <= ENTRY_TOLERANCE / 4 * size &&
                             fabs(2 * near_bend - bend) <= ENTRY_TOLERANCE / 2 * size};
}

/* Right if one clear estimate says so; wrong if two of different steps agree on another number;
   else undecided. */
static void check_entry(checker *c, const cnn_parameter *parameter, size_t i, double scale,
                        outcome *result) {
  static const double steps[] = {1e-5, 1e-4, 1e-6, 1e-3, 1e-7};
  double expected = gradient_at(c, parameter, i), earlier[5];
  int clear = 0;
  for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
    estimate e = estimate_entry(c, parameter->offset + i, expected, scale, steps[k]);
    double error = fabs(e.slope - expected) / e.size;
    if (!isfinite(error)) return note(result, error);
    if (!e.clear) continue;
    bool confirmed = error <= ENTRY_TOLERANCE;
    for (int m = 0; m < clear && !confirmed; m++)
      confirmed = fabs(earlier[m] - e.slope) <= ENTRY_TOLERANCE / 2 * e.size;
    if (confirmed) return note(result, error);
    earlier[clear++] = e.slope;
  }
  result->undecided++;
}

/* Entries that are undecided are replaced, by at most as many again. */
static outcome check_entries(checker *c, const cnn_parameter *parameter) {
  outcome result = {0};
  cnn_random random = cnn_random_stream(c->o.given.seed, "gradcheck", parameter->offset);
  size_t count = cnn_parameter_count(parameter), wanted = (size_t)c->o.entries;
  double scale = root_mean_square(c, parameter);
  bool all = count <= wanted;
  size_t tries = all ? count : 2 * wanted;
  result.wanted = (int)(all ? count : wanted);
  for (size_t k = 0; k < tries && result.checked < result.wanted; k++)
    check_entry(c, parameter, all ? k : cnn_random_below(&random, (uint32_t)count), scale, &result);
  return result;
}

/* --- float: directions ------------------------------------------------------------------------ */

/* Puts the parameter at start + t * v; c->v becomes the v of number `direction`. */
static void move(checker *c, const cnn_parameter *parameter, int direction, double scale,
                 double t) {
  const cnn_model *model = c->o.given.model;
  cnn_random random = cnn_random_stream(c->o.given.seed, parameter->name, (uint64_t)direction + 1);
  size_t count = cnn_parameter_count(parameter);
  for (size_t i = 0; i < count; i++) {
    double sign = cnn_random_u32(&random) & 1 ? 1 : -1;
    double v = sign + (scale > 0 ? gradient_at(c, parameter, i) / scale : 0);
    double weight = cnn_real_get(model, c->start, parameter->offset + i);
    cnn_real_set(model, c->v, i, v);
    cnn_real_set(model, c->session.state.parameters, parameter->offset + i, weight + t * v);
  }
}

/* gradients . v */
static double slope(const checker *c, const cnn_parameter *parameter, const void *gradients) {
  const cnn_model *model = c->o.given.model;
  size_t count = cnn_parameter_count(parameter);
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += cnn_real_get(model, gradients, parameter->offset + i) * cnn_real_get(model, c->v, i);
  return sum;
}

static double loss_along(checker *c, const cnn_parameter *parameter, int direction, double scale,
                         double t) {
  move(c, parameter, direction, scale, t);
  return mean_loss(c);
}

/* Where the gradient is next to nothing (of a bias in front of a batch norm it is 0), no way
   changes the loss, and a long one leaves what the numbers can hold. */
static const double LENGTH_MOST = 1;

/* The relative error along one direction, by the gradients at so many points of the way. */
static double direction_error(checker *c, const cnn_parameter *parameter, int direction,
                              double scale, int points) {
  static const double change = 0.004; /* of the loss on the whole way: far above rounding */
  double size = fmax(scale * sqrt((double)cnn_parameter_count(parameter)), 1e-4);
  move(c, parameter, direction, scale, 0);
  double magnitude = fmax(fabs(slope(c, parameter, c->gradients)), size);
  double length = fmin(change / magnitude, LENGTH_MOST), integral = 0;
  for (int i = 0; i < points; i++) {
    loss_along(c, parameter, direction, scale, length * ((i + 0.5) / points - 0.5));
    integral += slope(c, parameter, c->session.state.gradients) * length / points;
  }
  double difference = loss_along(c, parameter, direction, scale, length / 2) -
                      loss_along(c, parameter, direction, scale, -length / 2);
  move(c, parameter, direction, scale, 0);
  return fabs(difference - integral) / fmax(fabs(difference), change);
}

static const double DIRECTION_TOLERANCE = 2e-2;

/* Many kinks on the way need many points between them; a wrong gradient stays wrong. */
static void check_direction(checker *c, const cnn_parameter *parameter, int direction, double scale,
                            outcome *result) {
  enum { POINTS = 16, POINTS_MOST = 64 };
  double error = INFINITY;
  for (int points = POINTS; points <= POINTS_MOST && !(error <= DIRECTION_TOLERANCE); points *= 4)
    error = direction_error(c, parameter, direction, scale, points);
  note(result, error);
}

static outcome check_directions(checker *c, const cnn_parameter *parameter) {
  outcome result = {0};
  double scale = root_mean_square(c, parameter);
  for (int k = 0; k < c->o.entries; k++) check_direction(c, parameter, k, scale, &result);
  return result;
}

/* --- the command ------------------------------------------------------------------------------ */

/* Parameters that start as constants move off them: a bias of exactly 0 behind dead inputs would
   sit on the kink of relu. */
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

static bool take_images(checker *c, cnn_dataset *training, cnn_error *error) {
  enum { LEVELS = 256 };
  static const double half[CNN_CHANNELS_MAX] = {[0 ... CNN_CHANNELS_MAX - 1] = 0.5};
  const cnn_model *model = c->o.given.model;
  cnn_normalization normalization = cnn_normalization_given(model->input[0], half, half);
  if (!c->o.given.folder) {
    cnn_session_fill_random(&c->session, c->pixels, c->o.given.count, LEVELS, c->o.given.seed);
  } else {
    if (!cnn_dataset_load(training, model, c->o.given.folder, "train", c->o.given.count, error))
      return false;
    cnn_dataset_fill(training, &c->session, NULL, 0, training->count);
    normalization = cnn_dataset_normalization(training, model);
  }
  cnn_session_normalize(&c->session, &normalization);
  return true;
}

static bool prepare(checker *c, cnn_dataset *training, cnn_error *error) {
  const cnn_model *model = c->o.given.model;
  cnn_session *session = &c->session;
  size_t reals = model->parameter_reals, real = (size_t)model->real_bytes;
  cnn_session_plan(session, model, CNN_TO_TRAIN, c->o.given.threads);
  cnn_storage_want(&session->storage, &c->gradients, reals, real);
  cnn_storage_want(&session->storage, &c->start, reals, real);
  cnn_storage_want(&session->storage, &c->v, reals, real);
  cnn_storage_want(&session->storage, &c->pixels, (size_t)model->batch, cnn_image_bytes(model));
  if (!cnn_session_open(session, error) || !take_images(c, training, error)) return false;
  session->state.seed = c->o.given.seed;
  cnn_checkpoint start;
  if (c->o.given.weights) {
    if (!cnn_checkpoint_load(c->o.given.weights, model, session->state.parameters, &start, error))
      return false;
  } else {
    cnn_init_parameters(model, c->o.given.seed, session->state.parameters);
    shake_constants(model, c->o.given.seed, session->state.parameters);
  }
  c->loss = mean_loss(c);
  for (size_t i = 0; i < reals; i++) {
    cnn_real_set(model, c->start, i, cnn_real_get(model, session->state.parameters, i));
    cnn_real_set(model, c->gradients, i, cnn_real_get(model, session->state.gradients, i));
  }
  return true;
}

static bool fail_wrong(const cnn_model *model, const char *name, double worst, cnn_error *error) {
  if (model->real_bytes == 8)
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "gradient of %s: relative error %.2e, more than %.0e; steps of different sizes "
                    "agree on another number. If that stays with other images (--seed) and fewer "
                    "(--count), a kernel computes a wrong gradient: report the model",
                    name, worst, ENTRY_TOLERANCE);
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "gradient of %s: relative error %.2e, more than %.0e, by rounding or by a wrong "
                  "kernel; a program made with `cnnc --real double` can tell",
                  name, worst, DIRECTION_TOLERANCE);
}

static bool fail_undecided(const char *names, int count, cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "fewer than half of the entries of %d parameter%s could be decided: %s. Nothing "
                  "was found wrong, but at every step a kink of relu or max-pooling lay within it, "
                  "or rounding was larger; try more images (--count), another --seed, or weights "
                  "of a training (--weights)",
                  count, cnn_plural(count), names);
}

/* Where a check says nothing of most entries, it has not been one. */
static bool is_decided(const outcome *result) {
  return 2 * result->checked >= result->wanted;
}

static bool check_all(checker *c, cnn_error *error) {
  const cnn_model *model = c->o.given.model;
  bool exact = model->real_bytes == 8;
  double tolerance = exact ? ENTRY_TOLERANCE : DIRECTION_TOLERANCE;
  char buffer[400] = "";
  cnn_text undecided = {.data = buffer, .size = sizeof buffer};
  int undecided_count = 0, checked = 0;
  printf("%-28s %10s %10s %14s\n", "parameter", exact ? "entries" : "directions", "undecided",
         "largest error");
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    if (!parameter->trainable) continue;
    checked++;
    outcome result = exact ? check_entries(c, parameter) : check_directions(c, parameter);
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
  checker c = {.o = {.given = cnn_arguments_of(model), .entries = 10}};
  cnn_dataset training = {0};
  argp_parse(&PARSER, argc, argv, 0, NULL, &c.o);
  bool good = prepare(&c, &training, error) && check_all(&c, error);
  cnn_session_close(&c.session);
  cnn_dataset_release(&training);
  return good;
}
