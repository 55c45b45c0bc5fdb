#include "commands.h"
#include "real.h"

#include <stdio.h>
#include <string.h>

static const struct argp PARSER = {
    .children = (const struct argp_child[]){{&cnn_take_nothing, 0, NULL, 0}, {0}},
    .doc = "The network, layer by layer, for one image; and the memory of the program."
           "\vfull: the parameters of a fully connected layer of the same input and output.",
};

/* "6x28x28"; "120" for a vector. */
static void print_shape(char *text, size_t size, const int shape[3]) {
  if (shape[1] == 1 && shape[2] == 1)
    snprintf(text, size, "%d", shape[0]);
  else
    snprintf(text, size, "%dx%dx%d", shape[0], shape[1], shape[2]);
}

static void print_layer(const cnn_layer *layer) {
  char shape[48], field[32], full[24] = "-";
  print_shape(shape, sizeof shape, layer->shape);
  snprintf(field, sizeof field, "%dx%d", layer->receptive_field[0], layer->receptive_field[1]);
  if (layer->linear_parameters > 0)
    snprintf(full, sizeof full, "%lld", (long long)layer->linear_parameters);
  printf("%-16s %-12s %12s %12lld %14lld %9s %12lld %14s\n", layer->name, layer->kind, shape,
         (long long)layer->parameters, (long long)layer->macs, field,
         (long long)layer->activation_bytes, full);
}

static const char *target_name(cnn_target target) {
  return target == CNN_AVX512 ? "AVX-512" : target == CNN_AVX2 ? "AVX2" : "scalar";
}

bool cnn_summary(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  (void)error;
  argp_parse(&PARSER, argc, argv, 0, NULL, NULL);
  int64_t parameters = 0, macs = 0, bytes = 0;
  printf("%-16s %-12s %12s %12s %14s %9s %12s %14s\n", "layer", "kind", "output", "parameters",
         "MACs", "sees", "bytes", "full");
  for (int i = 0; i < model->layer_count; i++) {
    const cnn_layer *layer = &model->layers[i];
    print_layer(layer);
    parameters += layer->parameters;
    macs += layer->macs;
    bytes += layer->activation_bytes;
  }
  printf("%-16s %-12s %12s %12lld %14lld %9s %12lld\n", "total", "", "", (long long)parameters,
         (long long)macs, "", (long long)bytes);
  size_t real = (size_t)model->real_bytes;
  size_t blocks = 2 + (size_t)model->optimizer_blocks;
  printf("\ninput %dx%dx%d, %d classes; up to %d images a step, %s, %s\n", model->input[0],
         model->input[1], model->input[2], model->classes, model->batch, target_name(model->target),
         model->real_bytes == 8 ? "double" : "float");
  printf("memory: training %zu bytes, inference %zu bytes\n",
         (blocks * model->parameter_reals + model->training_reals) * real,
         (model->parameter_reals + model->inference_reals) * real);
  printf("made by: %s\n", model->command);
  return true;
}
