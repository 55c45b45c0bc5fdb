#include "commands/command_line.h"
#include "commands/commands.h"
#include "core/real.h"

#include <stdio.h>
#include <string.h>

static const cnn_command_line LINE = {
    .shared = "",
    .doc = "The network, layer by layer, for one image; and the memory of the program."
           "\vfully connected: the parameters of a fully connected layer of the same input and "
           "output.",
};

enum { NUMBER_WIDTH = 32 };

/* 1234567 as "1,234,567"; 0 as "-". */
static const char *grouped(char text[NUMBER_WIDTH], int64_t number) {
  if (number == 0) return "-";
  char digits[NUMBER_WIDTH];
  int length = snprintf(digits, sizeof digits, "%lld", (long long)number), used = 0;
  for (int i = 0; i < length; i++) {
    if (i && (length - i) % 3 == 0) text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
  return text;
}

/* "6x28x28"; "120" for a vector. */
static void print_shape(char *text, size_t size, const int shape[3]) {
  if (shape[1] == 1 && shape[2] == 1)
    snprintf(text, size, "%d", shape[0]);
  else
    snprintf(text, size, "%dx%dx%d", shape[0], shape[1], shape[2]);
}

/* Of the two columns of names. */
typedef struct widths {
  int name, kind;
} widths;

static widths widths_of(const cnn_model *model) {
  widths width = {5, 4};
  for (int i = 0; i < model->layer_count; i++) {
    int name = (int)strlen(model->layers[i].name), kind = (int)strlen(model->layers[i].kind);
    if (name > width.name) width.name = name;
    if (kind > width.kind) width.kind = kind;
  }
  return width;
}

static void print_row(widths width, const cnn_layer *layer, const char *shape, const char *sees) {
  char parameters[NUMBER_WIDTH], macs[NUMBER_WIDTH], bytes[NUMBER_WIDTH], full[NUMBER_WIDTH];
  printf("%-*s  %-*s  %-12s %12s %14s  %-9s %12s %18s\n", width.name, layer->name, width.kind,
         layer->kind, shape, grouped(parameters, layer->parameters), grouped(macs, layer->macs),
         sees, grouped(bytes, layer->activation_bytes), grouped(full, layer->linear_parameters));
}

/* As `cnnc summary` prints it. */
static void print_layers(const cnn_model *model) {
  const widths width = widths_of(model);
  printf("%-*s  %-*s  %-12s %12s %14s  %-9s %12s %18s\n", width.name, "layer", width.kind, "kind",
         "output", "parameters", "MACs", "sees", "bytes", "fully connected");
  cnn_layer total = {.name = "total", .kind = ""};
  for (int i = 0; i < model->layer_count; i++) {
    const cnn_layer *layer = &model->layers[i];
    char shape[48], sees[32];
    print_shape(shape, sizeof shape, layer->shape);
    snprintf(sees, sizeof sees, "%dx%d", layer->receptive_field[0], layer->receptive_field[1]);
    print_row(width, layer, shape, sees);
    total.parameters += layer->parameters;
    total.macs += layer->macs;
    total.activation_bytes += layer->activation_bytes;
    total.linear_parameters += layer->linear_parameters;
  }
  print_row(width, &total, "", "");
}

static const char *target_name(cnn_target target) {
  static const char *const TITLES[] = {
#define CNN_TARGET(ID, name, title, ...) title,
#include "cnn_targets.def"
#undef CNN_TARGET
  };
  return TITLES[target];
}

bool cnn_summary(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  (void)error;
  cnn_shared_options o = cnn_shared_defaults(model);
  cnn_command_line_parse(&LINE, argc, argv, &o);
  print_layers(model);
  size_t real = (size_t)model->real_bytes;
  size_t blocks = 1 + (size_t)model->optimizer_blocks;
  printf("\ninput %dx%dx%d, %d classes; up to %d images a step, %s, %s\n", model->input[0],
         model->input[1], model->input[2], model->classes, model->batch, target_name(model->target),
         model->real_bytes == 8 ? "double" : "float");
  printf("memory: training %zu bytes, inference %zu bytes\n",
         (model->parameter_reals + blocks * model->gradient_reals + model->training_reals) * real,
         (model->parameter_reals + model->inference_reals) * real);
  printf("made by: %s\n", model->command);
  return true;
}
