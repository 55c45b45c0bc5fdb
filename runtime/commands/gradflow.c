/* `gradflow`: how large activations and gradients are, layer by layer, in one backward pass. A net
   whose gradients shrink or grow by orders of magnitude on their way to the first layers is hard to
   train; the same net with shortcuts or normalisation shows what they do about it. */
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
  cnn_arguments given;
  const char *out, *beside;
  bool all;
} options;

enum { KEY_BESIDE = 256 };

static const struct argp_option OPTIONS[] = {
    {"out", 'o', "FOLDER", 0, "Write gradflow.csv and gradflow.svg, all layers and a chart", 0},
    {"beside", KEY_BESIDE, "FILE", 0,
     "The gradflow.csv of another net, whose curves the chart shows, too", 0},
    {"all", 'a', NULL, 0, "Print every layer, not only those with weights", 0},
    {0}};

static const struct argp_child TAKES[] = {
    {&cnn_take_threads, 0, NULL, 0},        {&cnn_take_count, 0, NULL, 0},
    {&cnn_take_seed, 0, NULL, 0},           {&cnn_take_weights, 0, NULL, 0},
    {&cnn_take_folder_or_none, 0, NULL, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  options *o = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    return cnn_arguments_begin(state, TAKES, &o->given);
  case 'o':
    o->out = text;
    return 0;
  case KEY_BESIDE:
    o->beside = text;
    return 0;
  case 'a':
    o->all = true;
    return 0;
  case ARGP_KEY_END:
    if (o->beside && !o->out)
      argp_error(state, "--beside %s: --out FOLDER says where the chart goes", o->beside);
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = parse,
    .children = TAKES,
    .doc =
        "How large activations, their gradients and those of weights are, layer by layer: root "
        "mean squares in one backward pass over a batch, the first that training takes from the "
        "data set in DIR, or random images. Gradients are those of the mean loss."
        "\vWhere an activation is fused into a layer, the output is that behind it, and its "
        "gradient that before it, or behind it where a batch norm's backward half drops what the "
        "relu dropped. A dash stands for what does not exist by itself. d: gradient.",
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

static bool take_images(gradflow *g, cnn_error *error) {
  enum { LEVELS = 256 };
  const options *o = &g->o;
  cnn_session *session = &g->session;
  cnn_normalization normalization = cnn_normalization_uniform(o->given.model->input[0]);
  if (!o->given.folder) {
    cnn_session_fill_random(session, g->pixels, o->given.count, LEVELS, o->given.seed);
  } else {
    int images = g->training.count, count = o->given.count < images ? o->given.count : images;
    cnn_sampler_order(g->order, (uint32_t)images, true, o->given.seed, 0);
    cnn_dataset_fill(&g->training, session, g->order, 0, count);
    normalization = cnn_dataset_normalization(&g->training, o->given.model);
  }
  cnn_session_normalize(session, &normalization);
  if (o->given.weights) return cnn_weights_load(session, o->given.weights, o->given.folder, error);
  cnn_init_parameters(o->given.model, o->given.seed, session->state.parameters);
  return true;
}

/* Layers whose output or gradient is there after the call at hand. */
static void observe(void *observer) {
  gradflow *g = observer;
  int call = g->calls++;
  const cnn_model *model = g->o.given.model;
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
  const cnn_model *model = g->o.given.model;
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
  const cnn_model *model = g->o.given.model;
  cnn_state *state = &g->session.state;
  snprintf(g->flow.model, sizeof g->flow.model, "%s", model->name);
  g->flow.count = model->layer_count;
  for (int i = 0; i < model->layer_count; i++) {
    cnn_flow_row *row = &g->flow.rows[i];
    *row = (cnn_flow_row){{0}, {0}, NAN, NAN, NAN, NAN};
    snprintf(row->layer, sizeof row->layer, "%s", model->layers[i].name);
    snprintf(row->kind, sizeof row->kind, "%s", model->layers[i].kind);
  }
  state->seed = g->o.given.seed;
  state->observe = observe;
  state->observer = g;
  model->gradients(state, &g->session.batch);
  for (int i = 0; i < model->layer_count; i++)
    measure_weights(g, model->layers[i].name, &g->flow.rows[i]);
}

/* --- showing ---------------------------------------------------------------------------------- */

/* The smallest and the largest positive gradient of weights; false if there is none. */
static bool find_range(const cnn_flow *flow, const cnn_flow_row **least,
                       const cnn_flow_row **most) {
  *least = *most = NULL;
  for (int i = 0; i < flow->count; i++) {
    const cnn_flow_row *row = &flow->rows[i];
    if (!cnn_flow_is_weighted(row) || !(row->weight_gradient > 0)) continue;
    if (!*least || row->weight_gradient < (*least)->weight_gradient) *least = row;
    if (!*most || row->weight_gradient > (*most)->weight_gradient) *most = row;
  }
  return *least != NULL;
}

/* A bar as long as the logarithm of the number says, between 1 and BAR signs. */
static void print_bar(double value, double low, double high) {
  enum { BAR = 24 };
  if (!(value > 0)) return;
  printf("  ");
  int length = 1 + (int)lround((BAR - 1) * log(value / low) / log(high / low));
  for (int i = 0; i < length; i++) putchar('#');
}

static void print_size(double size) {
  if (isnan(size))
    printf(" %12s", "-");
  else
    printf(" %12.3e", size);
}

static void print_table(const gradflow *g) {
  const cnn_flow *flow = &g->flow;
  const cnn_flow_row *least, *most;
  bool ranged = find_range(flow, &least, &most);
  double low = 1, high = 10; /* of the bars: whole powers of ten */
  if (ranged) {
    low = pow(10, floor(log10(least->weight_gradient)));
    high = fmax(pow(10, ceil(log10(most->weight_gradient))), 10 * low);
  }
  int width = 5;
  for (int i = 0; i < flow->count; i++)
    if (g->o.all || cnn_flow_is_weighted(&flow->rows[i]))
      width = (int)fmax(width, (double)strlen(flow->rows[i].layer));
  printf("%-*s %12s %12s %12s %12s  d weight, %.0e to %.0e\n", width, "layer", "activation",
         "d activation", "weight", "d weight", low, high);
  for (int i = 0; i < flow->count; i++) {
    const cnn_flow_row *row = &flow->rows[i];
    if (!g->o.all && !cnn_flow_is_weighted(row)) continue;
    printf("%-*s", width, row->layer);
    print_size(row->activation);
    print_size(row->activation_gradient);
    print_size(row->weight);
    print_size(row->weight_gradient);
    print_bar(row->weight_gradient, low, high);
    printf("\n");
  }
}

static void print_range(const cnn_flow *flow) {
  const cnn_flow_row *least, *most, *none = NULL;
  int nones = 0;
  if (!find_range(flow, &least, &most)) {
    printf("%s: no gradient arrives at any weights\n", flow->model);
    return;
  }
  printf("%s: gradients of weights from %.2e (%s) to %.2e (%s), a factor of %.3g\n", flow->model,
         least->weight_gradient, least->layer, most->weight_gradient, most->layer,
         most->weight_gradient / least->weight_gradient);
  for (int i = 0; i < flow->count; i++)
    if (cnn_flow_is_weighted(&flow->rows[i]) && flow->rows[i].weight_gradient == 0 && nones++ == 0)
      none = &flow->rows[i];
  if (nones > 0)
    printf("%s: no gradient at all in %d layer%s, the first %s\n", flow->model, nones,
           cnn_plural(nones), none->layer);
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

/* Neither may be what is read. */
static bool spares_inputs(const options *o, cnn_error *error) {
  if (!o->out) return true;
  const outputs paths = outputs_of(o);
  const char *const inputs[] = {o->beside, o->given.weights};
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
  const cnn_model *model = o->given.model;
  if (o->given.folder && !cnn_dataset_load(&g->training, model, o->given.folder, "train", 0, error))
    return false;
  cnn_session *session = &g->session;
  cnn_session_plan(session, model, CNN_TO_TRAIN, o->given.threads);
  cnn_storage_want(&session->storage, &g->pixels, (size_t)model->batch, cnn_image_bytes(model));
  cnn_storage_want(&session->storage, &g->order, (size_t)g->training.count, sizeof *g->order);
  cnn_storage_want(&session->storage, &g->flow.rows, (size_t)model->layer_count,
                   sizeof *g->flow.rows);
  if (!cnn_session_open(session, error) || !take_images(g, error)) return false;
  measure(g);
  printf("%s, %d %s images%s%s, weights %s%s: root mean squares\n", model->name,
         session->batch.count, o->given.folder ? "training" : "random",
         o->given.folder ? " of " : "", o->given.folder ? o->given.folder : "",
         o->given.weights ? "of " : "as training starts", o->given.weights ? o->given.weights : "");
  print_table(g);
  print_range(&g->flow);
  if (other) print_range(other);
  return !o->out || write_files(g, other, error);
}

bool cnn_gradflow(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  gradflow g = {.o = {.given = cnn_arguments_of(model)}};
  cnn_flow other = {0};
  argp_parse(&PARSER, argc, argv, 0, NULL, &g.o);
  bool good =
      spares_inputs(&g.o, error) && (!g.o.beside || cnn_flow_load(&other, g.o.beside, error));
  good = good && run(&g, g.o.beside ? &other : NULL, error);
  free(other.rows);
  cnn_session_close(&g.session);
  cnn_dataset_release(&g.training);
  return good;
}
