/* The tables and fields of the descriptor. */
#include "emit/descriptor.h"

#include "ir/init.h"
#include "ir/queries.h"
#include "passes/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const char *init_constant(InitKind kind) {
  switch (kind) {
  case INIT_ZEROS:
    return "CNN_ZEROS";
  case INIT_CONSTANT:
    return "CNN_CONSTANT";
  case INIT_UNIFORM:
    return "CNN_UNIFORM";
  case INIT_NORMAL:
    return "CNN_NORMAL";
  case INIT_TRUNCATED_NORMAL:
    return "CNN_TRUNCATED_NORMAL";
  default:
    assert(!"init_resolve leaves five kinds");
    return NULL;
  }
}

static void write_dims(FILE *out, const Value *value) {
  fprintf(out, "%d, {%d, %d, %d, %d}", value->rank, value->dim[0], value->dim[1], value->dim[2],
          value->dim[3]);
}

/* The four of a batch_norm that start as usual are one line. */
static bool write_norm(FILE *out, const Graph *graph, int i) {
  const char *name, *identifier;
  if (!find_norm(graph, i, &name, &identifier)) return false;
  Value *const *norm = graph->values.at + i; /* weight, bias, running mean and variance */
  const Init weight = init_resolve(norm[0]), bias = init_resolve(norm[1]);
  if (weight.kind != INIT_CONSTANT || bias.kind != INIT_ZEROS) return false;
  fprintf(out, "    CNN_NORM_PARAMETERS(\"%s\", %s, %d, %.9g, %d),\n", name, identifier,
          norm[0]->dim[0], weight.scale, norm[0]->trainable);
  return true;
}

static int write_parameters(FILE *out, const Graph *graph) {
  int count = 0;
  fprintf(out, "static const cnn_parameter parameters[] = {\n");
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!value_is_stored(value)) continue;
    if (write_norm(out, graph, i)) {
      count += 4;
      i += 3;
      continue;
    }
    const Init init = init_resolve(value);
    fprintf(out, "    {\"%s\", ", value->name);
    write_dims(out, value);
    fprintf(out, ", %s, %s, %.9g, %d},\n", value->identifier, init_constant(init.kind), init.scale,
            value->trainable);
    count++;
  }
  if (!count) fprintf(out, "    {0}\n");
  fprintf(out, "};\n\n");
  return count;
}

static const char *layout_constant(Layout layout) {
  static const char *const LAYOUTS[] = {[LAYOUT_PLAIN] = "CNN_PLAIN",
                                        [LAYOUT_BATCH_BLOCKED] = "CNN_BATCH_BLOCKED",
                                        [LAYOUT_PADDED_ROWS] = "CNN_PADDED_ROWS",
                                        [LAYOUT_CHANNEL_BLOCKED] = "CNN_CHANNEL_BLOCKED",
                                        [LAYOUT_CHANNELS_LAST] = "CNN_CHANNELS_LAST"};
  return LAYOUTS[layout];
}

static void write_location(FILE *out, const Value *value) {
  if (value)
    fprintf(out, ", {%s, %" PRId64 ", %d, %d}", layout_constant(value->layout), value->offset,
            value->call, value_whole_channels(value));
  else
    fprintf(out, ", {.call = -1}");
}

/* Alike, and neither a part of another value: nearly always. */
static bool lie_alike(const Value *value, const Value *other) {
  return value && other && value->layout == other->layout && value_whole_channels(value) == 0 &&
         value_whole_channels(other) == 0;
}

static void write_locations(FILE *out, const LayerSummary *layer) {
  const Value *activation = layer->activation, *gradient = layer->gradient;
  if (lie_alike(activation, gradient)) {
    const char *layout = layout_constant(activation->layout) + strlen("CNN_");
    fprintf(out, ", CNN_LOCATIONS(%s, %" PRId64 ", %d, %" PRId64 ", %d)", layout,
            activation->offset, activation->call, gradient->offset, gradient->call);
    return;
  }
  write_location(out, activation);
  write_location(out, gradient);
}

static void write_layers(FILE *out, const LayerSummaryList *summary) {
  fprintf(out, "static const cnn_layer layers[] = {\n");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    fprintf(out,
            "    {\"%s\", \"%s\", {%d, %d, %d}, %" PRId64 ", %" PRId64 ", {%d, %d}, %" PRId64
            ", %" PRId64,
            layer->name, layer->kind, layer->shape[0], layer->shape[1], layer->shape[2],
            layer->parameters, layer->macs, layer->receptive_field[0], layer->receptive_field[1],
            layer->activation_bytes, layer->linear_parameters);
    write_locations(out, layer);
    fprintf(out, "},\n");
  }
  fprintf(out, "};\n\n");
}

static int write_values(FILE *out, const char *name, const Graph *graph) {
  int count = 0;
  fprintf(out, "static const cnn_value %s[] = {\n", name);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!value_is_planned(value)) continue;
    fprintf(out, "    {\"%s\", ", value->name);
    write_dims(out, value);
    fprintf(out, ", %s, %" PRId64 ", %d, %d},\n", layout_constant(value->layout), value->offset,
            value_whole_channels(value), value == graph->workspace);
    count++;
  }
  fprintf(out, "};\n\n");
  return count;
}

static void write_numbers(FILE *out, const char *name, const double *numbers, int count) {
  fprintf(out, "static const double %s[] = {", name);
  for (int i = 0; i < count; i++) fprintf(out, "%s%.9g", i ? ", " : "", numbers[i]);
  fprintf(out, "};\n");
}

static const Node *loss_node(const Graph *graph) {
  return graph->loss->producer;
}

static void write_field(FILE *out, const Recipe *recipe, const RecipeField *field) {
#define WORD(id, name) "CNN_" #id,
  static const char *const OPTIMIZER_WORDS[] = {CNN_OPTIMIZERS(WORD)};
#undef WORD
#define WORD(id, name) "CNN_LR_" #id,
  static const char *const SCHEDULE_WORDS[] = {CNN_LR_SCHEDULES(WORD)};
#undef WORD
  const double *bounds = (const void *)((const char *)recipe + field->offset);
  switch (field->type) {
  case RECIPE_BATCH: /* a field of cnn_model */
    break;
  case RECIPE_INT:
  case RECIPE_BOOL:
  case RECIPE_REAL: {
    const double number = recipe_number(recipe, field->type, field->offset);
    if (number != 0) fprintf(out, "    .%s = %.9g,\n", field->name, number);
    break;
  }
  case RECIPE_OPTIMIZER:
    fprintf(out, "    .%s = %s,\n", field->name, OPTIMIZER_WORDS[recipe->optimizer]);
    break;
  case RECIPE_LR_SCHEDULE:
    fprintf(out, "    .%s = %s,\n", field->name, SCHEDULE_WORDS[recipe->schedule]);
    break;
  case RECIPE_MILESTONES:
    if (!recipe->milestone_count) break;
    fprintf(out, "    .%ss = {", field->name);
    for (int i = 0; i < recipe->milestone_count; i++)
      fprintf(out, "%s%d", i ? ", " : "", recipe->milestones[i]);
    fprintf(out, "},\n    .%s_count = %d,\n", field->name, recipe->milestone_count);
    break;
  case RECIPE_BOUNDS:
    if (bounds[1] == 0) break;
    fprintf(out, "    .%s_low = %.9g,\n    .%s_high = %.9g,\n", field->name, bounds[0], field->name,
            bounds[1]);
    break;
  case RECIPE_CHANNELS:
    if (!recipe->normalize_from_dataset) fprintf(out, "    .%s = %s,\n", field->name, field->name);
    break;
  }
}

/* A field that is 0 is left out. */
static void write_recipe(FILE *out, const Graph *graph) {
  const Recipe *recipe = &graph->recipe;
  if (!recipe->normalize_from_dataset) {
    write_numbers(out, "mean", recipe->mean, graph->input->dim[1]);
    write_numbers(out, "deviation", recipe->deviation, graph->input->dim[1]);
  }
  fprintf(out, "static const cnn_recipe recipe = {\n");
  for (const RecipeField *field = RECIPE_FIELDS; field->name; field++)
    write_field(out, recipe, field);
  fprintf(out, "};\n");
}

/* --- nodes and what they cost --------------------------------------------------------------- */

typedef LIST_OF(const NodeCost *) CostList;

static bool same_cost(const NodeCost *a, const NodeCost *b) {
  return !strcmp(a->op, b->op) && a->pass == b->pass && a->flops == b->flops &&
         a->image_bytes == b->image_bytes && a->bytes == b->bytes;
}

/* Index of the cost in the list; a new cost is appended. */
static int index_of_cost(Arena *arena, CostList *costs, const NodeCost *cost) {
  int i = 0;
  while (i < costs->count && !same_cost(costs->at[i], cost)) i++;
  if (i == costs->count) {
    NodeCost *copy = ARENA_NEW(arena, NodeCost);
    *copy = *cost;
    LIST_PUSH(arena, costs, copy);
  }
  return i;
}

typedef LIST_OF(const char *) NameList;

static int index_of_name(Arena *arena, NameList *names, const char *name) {
  int i = names->count - 1; /* most nodes belong to a layer that was seen lately */
  while (i >= 0 && strcmp(names->at[i], name) != 0) i--;
  if (i >= 0) return i;
  LIST_PUSH(arena, names, name);
  return names->count - 1;
}

/* Names and costs join their lists. */
static void write_nodes(FILE *out, const char *name, const ProfiledCallList *calls, Arena *arena,
                        NameList *names, CostList *costs) {
  enum { NODES_IN_LINE = 8 };
  fprintf(out, "static const cnn_node %s[] = {", name);
  for (int i = 0; i < calls->count; i++) {
    const ProfiledCall *call = calls->at[i];
    fprintf(out, "%s{%d, %d},", i % NODES_IN_LINE ? " " : "\n    ",
            index_of_name(arena, names, call->layer), index_of_cost(arena, costs, &call->cost));
  }
  fprintf(out, "\n};\n\n");
}

/* Those behind the layers', which stand in their own table. */
static void write_names(FILE *out, const NameList *names, int layer_count) {
  enum { NAMES_IN_LINE = 4 };
  fprintf(out, "static const char *const node_names[] = {");
  for (int i = 0; layer_count + i < names->count; i++)
    fprintf(out, "%s\"%s\",", i % NAMES_IN_LINE ? " " : "\n    ", names->at[layer_count + i]);
  fprintf(out, "\n};\n\n");
}

static void write_costs(FILE *out, const CostList *costs) {
  static const char *const PASSES[] = {"CNN_FORWARD", "CNN_BACKWARD_DATA", "CNN_BACKWARD_WEIGHTS",
                                       "CNN_UPDATE"};
  fprintf(out, "static const cnn_cost costs[] = {\n");
  for (int i = 0; i < costs->count; i++) {
    const NodeCost *cost = costs->at[i];
    fprintf(out, "    {\"%s\", %s, %" PRId64 ", %" PRId64 ", %" PRId64 "},\n", cost->op,
            PASSES[cost->pass], cost->flops, cost->image_bytes, cost->bytes);
  }
  fprintf(out, "};\n\n");
}

static void write_profile(FILE *out, const Descriptor *descriptor) {
  CostList costs = {0};
  NameList names = {0};
  Arena *arena = descriptor->training->arena;
  const LayerSummaryList *layers = &descriptor->layers;
  for (int i = 0; i < layers->count; i++) LIST_PUSH(arena, &names, layers->at[i].name);
  write_nodes(out, "training_nodes", &descriptor->training_calls, arena, &names, &costs);
  write_nodes(out, "inference_nodes", &descriptor->inference_calls, arena, &names, &costs);
  write_names(out, &names, layers->count);
  write_costs(out, &costs);
}

/* --- all ------------------------------------------------------------------------------------- */

void write_descriptor(const Descriptor *descriptor, FILE *tables, FILE *fields) {
  const Graph *training = descriptor->training;
  const CompileOptions *options = descriptor->options;
  const bool squared = loss_node(training)->op == OP_squared_error;
  const int *dim = training->input->dim;
  fprintf(fields, "    .abi = CNN_ABI,\n    .name = \"%s\",\n", training->name);
  fprintf(fields, "    .run = \"%s\",\n    .instructions = &CNN_INSTRUCTIONS,\n", training->run);
  fprintf(fields, "    .command = \"%s\",\n    .target = %s,\n", descriptor->command,
          options->target->enumerator);
  const bool reference = target_is_reference(options->target);
  fprintf(fields, "    .real_bytes = sizeof(real),\n    .lanes = %s,\n", reference ? "1" : "LANES");
  fprintf(fields, "    .threads_max = %s,\n    .batch = %d,\n", reference ? "1" : "THREADS_MAX",
          training->recipe.batch);
  fprintf(fields, "    .input = {%d, %d, %d},\n    .classes = %d,\n", dim[1], dim[2], dim[3],
          training->classes);
  fprintf(fields, "    .loss = %s,\n    .recipe = &recipe,\n",
          squared ? "CNN_SQUARED_ERROR" : "CNN_SOFTMAX_CROSS_ENTROPY");
  fprintf(fields, "    .parameters = parameters,\n    .parameter_count = %d,\n",
          write_parameters(tables, training));
  write_layers(tables, &descriptor->layers);
  fprintf(fields, "    .layers = layers,\n    .layer_count = %d,\n", descriptor->layers.count);
  fprintf(fields, "    .parameter_reals = %" PRId64 ",\n    .gradient_reals = %" PRId64 ",\n",
          graph_parameter_reals(training), graph_gradient_reals(training));
  fprintf(fields, "    .optimizer_blocks = %d,\n", optimizer_blocks(&training->recipe));
  fprintf(fields, "    .training_reals = %" PRId64 ",\n    .inference_reals = %" PRId64 ",\n",
          graph_activation_reals(training), graph_activation_reals(descriptor->inference));
  if (options->keep_values) {
    const int values = write_values(tables, "values", training);
    const int inferred = write_values(tables, "inference_values", descriptor->inference);
    fprintf(fields,
            "    .values = values,\n    .value_count = %d,\n"
            "    .inference_values = inference_values,\n    .inference_value_count = %d,\n"
            "    .guard_bytes = %d,\n",
            values, inferred, GUARD_BYTES);
  }
  write_profile(tables, descriptor);
  fprintf(
      fields,
      "    .costs = costs,\n    .node_names = node_names,\n    .training_nodes = training_nodes,\n"
      "    .training_node_count = %d,\n    .inference_nodes = inference_nodes,\n"
      "    .inference_node_count = %d,\n",
      descriptor->training_calls.count, descriptor->inference_calls.count);
  write_recipe(tables, training);
  fprintf(fields,
          "    .gradients = gradients,\n    .update = update,\n    .train_step = "
          "train_step,\n    .prepack = prepack,\n%s    .infer = infer,\n",
          reference ? "" : "    .in_team = in_team,\n");
}
