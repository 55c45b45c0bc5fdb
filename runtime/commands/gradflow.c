/* `gradflow`: how large activations and gradients are, layer by layer, in one backward pass. A net
   whose gradients shrink or grow by orders of magnitude on their way to the first layers is hard to
   train; the same net with shortcuts or normalisation shows what they do about it. */
#include "commands/command_line.h"
#include "commands/commands.h"
#include "core/initialize.h"
#include "core/layout.h"
#include "core/real.h"
#include "core/text.h"
#include "data/files.h"
#include "data/load.h"
#include "data/sampler.h"
#include "report/gradient_flow.h"
#include "train/checkpoint.h"
#include "train/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  const char *out, *compare;
  bool all;
} options;

static const cnn_option OPTIONS[] = {
    {"out", 'o', "FOLDER", "Write gradflow.csv and gradflow.svg, all layers and a chart", CNN_TEXT,
     offsetof(options, out), 0, 0, NULL},
    {"compare", 0, "FILE", "The gradflow.csv of another network, whose curves the chart also shows",
     CNN_TEXT, offsetof(options, compare), 0, 0, NULL},
    {"beside", 0, "FILE", NULL, CNN_RENAMED, 0, 0, 0, (const char *const[]){"compare", NULL}},
    {"all", 'a', NULL, "Print every layer, not only those with weights", CNN_FLAG,
     offsetof(options, all), 0, 0, NULL},
    {0}};

static void check(void *command_options, const struct argp_state *state) {
  const options *o = command_options;
  if (o->compare && !o->out)
    argp_error(state, "--compare %s: the chart needs --out FOLDER", o->compare);
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tnsw",
    .operands = CNN_FOLDER_OR_NONE,
    .check = check,
    .doc =
        "How large activations, their gradients and those of weights are, layer by layer: root "
        "mean squares in one backward pass over a batch, the first of a training on the "
        "data set in DIR, or random images. Gradients are those of the mean loss."
        "\vWhere an activation is fused into a layer, the output is the one behind it, and the "
        "gradient the one in front of it, or behind it where a batch norm's backward pass applies "
        "the ReLU mask. A dash stands for a value that is not stored. d: gradient.",
};

typedef struct gradflow {
  options o;
  cnn_session session;
  uint8_t *pixels; /* [batch] images */
  uint32_t *order;
  cnn_dataset training;
  cnn_flow flow;
  int calls; /* of kernels so far */
} gradflow;

/* --- measuring -------------------------------------------------------------------------------- */

static bool fill_batch(gradflow *g, cnn_error *error) {
  enum { LEVELS = 256 };
  const options *o = &g->o;
  cnn_session *session = &g->session;
  cnn_normalization normalization = cnn_normalization_uniform(o->shared.model->input[0]);
  if (!o->shared.folder) {
    cnn_session_fill_random(session, g->pixels, o->shared.count, LEVELS, o->shared.seed);
  } else {
    int images = g->training.count, count = o->shared.count < images ? o->shared.count : images;
    cnn_sampler_order(g->order, (uint32_t)images, true, o->shared.seed, 0);
    cnn_dataset_fill(&g->training, session, g->order, 0, count);
    normalization = cnn_dataset_normalization(&g->training, o->shared.model);
  }
  cnn_session_normalize(session, &normalization);
  if (o->shared.weights)
    return cnn_weights_load(session, o->shared.weights, o->shared.folder, error);
  cnn_init_parameters(o->shared.model, o->shared.seed, session->state.parameters);
  return true;
}

/* Measures the outputs and gradients of layers that the current call has computed. */
static void observe(void *observer) {
  gradflow *g = observer;
  int call = g->calls++;
  const cnn_model *model = g->o.shared.model;
  const void *memory = g->session.state.activations;
  for (int i = 0; i < model->layer_count; i++) {
    const cnn_layer *layer = &model->layers[i];
    const struct {
      const cnn_location *location;
      double *size;
    } wanted[] = {{&layer->activation, &g->flow.rows[i].activation},
                  {&layer->gradient, &g->flow.rows[i].activation_gradient}};
    for (int k = 0; k < 2; k++) {
      if (wanted[k].location->call != call) continue;
      const int *shape = layer->shape;
      const cnn_value value = {layer->name,
                               4,
                               {model->batch, shape[0], shape[1], shape[2]},
                               wanted[k].location->layout,
                               wanted[k].location->offset,
                               wanted[k].location->row_channels,
                               0};
      *wanted[k].size = cnn_value_rms(model, &value, memory, g->session.batch.count);
    }
  }
}

static double parameter_rms(const cnn_model *model, const cnn_parameter *parameter,
                            const void *block) {
  size_t count = cnn_parameter_count(parameter);
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    double x = cnn_real_get(model, block, parameter->offset + i);
    sum += x * x;
  }
  return sqrt(sum / (double)count);
}

static void measure_weights(const gradflow *g, const char *layer, cnn_flow_row *row) {
  const cnn_model *model = g->o.shared.model;
  size_t length = strlen(layer);
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    if (strncmp(parameter->name, layer, length) != 0 ||
        strcmp(parameter->name + length, ".weight") != 0)
      continue;
    row->weight = parameter_rms(model, parameter, g->session.state.parameters);
    if (parameter->trainable)
      row->weight_gradient = parameter_rms(model, parameter, g->session.state.gradients);
  }
}

static void measure(gradflow *g) {
  const cnn_model *model = g->o.shared.model;
  cnn_state *state = &g->session.state;
  snprintf(g->flow.model, sizeof g->flow.model, "%s", model->run);
  g->flow.count = model->layer_count;
  for (int i = 0; i < model->layer_count; i++) {
    cnn_flow_row *row = &g->flow.rows[i];
    *row = (cnn_flow_row){{0}, {0}, NAN, NAN, NAN, NAN};
    snprintf(row->layer, sizeof row->layer, "%s", model->layers[i].name);
    snprintf(row->kind, sizeof row->kind, "%s", model->layers[i].kind);
  }
  state->seed = g->o.shared.seed;
  state->observe = observe;
  state->observer = g;
  model->gradients(state, &g->session.batch);
  for (int i = 0; i < model->layer_count; i++)
    measure_weights(g, model->layers[i].name, &g->flow.rows[i]);
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct pair {
  cnn_flow *flow, *other; /* other: NULL without one */
} pair;

static void write_csv(cnn_text *text, const void *what) {
  cnn_flow_csv(text, ((const pair *)what)->flow);
}

static void write_chart(cnn_text *text, const void *what) {
  const pair *flows = what;
  cnn_flow_chart(text, flows->flow, flows->other);
}

typedef struct outputs {
  char csv[PATH_MAX + 16], chart[PATH_MAX + 16];
} outputs;

static outputs outputs_of(const options *o) {
  outputs paths;
  snprintf(paths.csv, sizeof paths.csv, "%s/gradflow.csv", o->out);
  snprintf(paths.chart, sizeof paths.chart, "%s/gradflow.svg", o->out);
  return paths;
}

/* Neither output may be an input. */
static bool spares_inputs(const options *o, cnn_error *error) {
  if (!o->out) return true;
  const outputs paths = outputs_of(o);
  const char *const inputs[] = {o->compare, o->shared.weights};
  for (int i = 0; i < 2; i++)
    if (!cnn_file_spares(paths.csv, inputs[i], error) ||
        !cnn_file_spares(paths.chart, inputs[i], error))
      return false;
  return true;
}

static bool write_files(gradflow *g, cnn_flow *other, cnn_error *error) {
  const pair flows = {&g->flow, other};
  const outputs paths = outputs_of(&g->o);
  if (!cnn_make_folder(g->o.out, error) ||
      !cnn_file_write_text(paths.csv, write_csv, &flows, error))
    return false;
  cnn_flow_drop_unweighted(&g->flow);
  if (other) cnn_flow_drop_unweighted(other);
  if (!cnn_file_write_text(paths.chart, write_chart, &flows, error)) return false;
  printf("written: %s/gradflow.csv, gradflow.svg\n", g->o.out);
  return true;
}

static bool run(gradflow *g, cnn_flow *other, cnn_error *error) {
  const options *o = &g->o;
  const cnn_model *model = o->shared.model;
  if (o->shared.folder &&
      !cnn_dataset_load(&g->training, model, o->shared.folder, "train", 0, error))
    return false;
  cnn_session *session = &g->session;
  cnn_session_plan(session, model, CNN_TO_TRAIN, o->shared.threads);
  cnn_storage_want(&session->storage, &g->pixels, (size_t)model->batch, cnn_image_bytes(model));
  cnn_storage_want(&session->storage, &g->order, (size_t)g->training.count, sizeof *g->order);
  cnn_storage_want(&session->storage, &g->flow.rows, (size_t)model->layer_count,
                   sizeof *g->flow.rows);
  if (!cnn_session_open(session, error) || !fill_batch(g, error)) return false;
  measure(g);
  printf("%s, %d %s images%s%s, weights %s%s: root mean squares\n", model->name,
         session->batch.count, o->shared.folder ? "training" : "random",
         o->shared.folder ? " of " : "", o->shared.folder ? o->shared.folder : "",
         o->shared.weights ? "of " : "as training starts",
         o->shared.weights ? o->shared.weights : "");
  cnn_flow_table(&g->flow, o->all);
  cnn_flow_range(&g->flow);
  if (other) cnn_flow_range(other);
  return !o->out || write_files(g, other, error);
}

bool cnn_gradflow(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  gradflow g = {.o = {.shared = cnn_shared_defaults(model)}};
  cnn_flow other = {0};
  cnn_command_line_parse(&LINE, argc, argv, &g.o);
  bool good =
      spares_inputs(&g.o, error) && (!g.o.compare || cnn_flow_load(&other, g.o.compare, error));
  good = good && run(&g, g.o.compare ? &other : NULL, error);
  free(other.rows);
  cnn_session_close(&g.session);
  cnn_dataset_release(&g.training);
  return good;
}
