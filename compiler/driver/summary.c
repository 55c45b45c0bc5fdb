#include "driver/summary.h"

#include "passes/memory.h"

#include <inttypes.h>

enum { NUMBER_WIDTH = 32 };

/* 1234567 as "1,234,567"; 0 as "-". */
static const char *grouped(char text[NUMBER_WIDTH], int64_t number) {
  if (number == 0) return "-";
  char digits[NUMBER_WIDTH];
  int length = snprintf(digits, sizeof digits, "%" PRId64, number), used = 0;
  for (int i = 0; i < length; i++) {
    if (i && (length - i) % 3 == 0) text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
  return text;
}

static void print_row(const LayerSummary *layer, const char *shape, const char *sees,
                      int name_width, int kind_width, FILE *out) {
  char parameters[NUMBER_WIDTH], macs[NUMBER_WIDTH], bytes[NUMBER_WIDTH], linear[NUMBER_WIDTH];
  fprintf(out, "%-*s  %-*s  %-12s %12s %14s  %-9s %12s %18s\n", name_width, layer->name, kind_width,
          layer->kind, shape, grouped(parameters, layer->parameters), grouped(macs, layer->macs),
          sees, grouped(bytes, layer->activation_bytes), grouped(linear, layer->linear_parameters));
}

static int widest(int width, const char *text) {
  int length = snprintf(NULL, 0, "%s", text);
  return length > width ? length : width;
}

static void print_layers(const LayerSummaryList *layers, FILE *out) {
  int name_width = 5, kind_width = 4;
  for (int i = 0; i < layers->count; i++) {
    name_width = widest(name_width, layers->at[i].name);
    kind_width = widest(kind_width, layers->at[i].kind);
  }
  fprintf(out, "%-*s  %-*s  %-12s %12s %14s  %-9s %12s %18s\n", name_width, "layer", kind_width,
          "kind", "output", "parameters", "MACs", "sees", "bytes", "fully connected");
  LayerSummary total = {.name = "total", .kind = ""};
  for (int i = 0; i < layers->count; i++) {
    const LayerSummary *layer = &layers->at[i];
    char shape[40], sees[40];
    bool is_vector = layer->shape[1] == 1 && layer->shape[2] == 1;
    snprintf(shape, sizeof shape, is_vector ? "%d" : "%dx%dx%d", layer->shape[0], layer->shape[1],
             layer->shape[2]);
    snprintf(sees, sizeof sees, "%dx%d", layer->receptive_field[0], layer->receptive_field[1]);
    print_row(layer, shape, sees, name_width, kind_width, out);
    total.parameters += layer->parameters;
    total.macs += layer->macs;
    total.activation_bytes += layer->activation_bytes;
    total.linear_parameters += layer->linear_parameters;
  }
  print_row(&total, "", "", name_width, kind_width, out);
}

static void print_memory(const char *what, const Graph *graph, const CompileOptions *options,
                         const char *holds, FILE *out) {
  char all[NUMBER_WIDTH], activations[NUMBER_WIDTH];
  fprintf(out, "%-10s %14s bytes: %s, and %s of activations at once\n", what,
          grouped(all, graph_bytes(graph, options)), holds,
          grouped(activations, graph_activation_reals(graph) * real_bytes(options)));
}

void summary_print(const Graph *training, const Graph *inference, const LayerSummaryList *layers,
                   const CompileOptions *options, FILE *out) {
  const int *image = &training->input->dim[1];
  fprintf(out, "%s: images %dx%dx%d, %d classes; counts are for one image\n\n", training->name,
          image[0], image[1], image[2], training->classes);
  print_layers(layers, out);
  fprintf(out, "\nMemory for batch %d, target %s:\n", training->recipe.batch,
          target_name(options->target));
  print_memory("training", training, options, "parameters, their gradients, optimiser state", out);
  print_memory("inference", inference, options, "parameters", out);
}
