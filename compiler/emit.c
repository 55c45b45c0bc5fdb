/* emit: the C text of the program.
   Requires  both graphs planned.
   Establishes  kernels shared by shape, then the calls of training and inference in straight lists,
   one node a line, and the descriptor. Same graphs, same bytes: no dates, no paths, no addresses.
 */
#include "init.h"
#include "lower.h"
#include "summary.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------------ */

/* Text that grows; text_done copies it into the arena and ends it. */
typedef struct Text {
  FILE *out;
  char *data;
  size_t size;
} Text;

static void text_begin(Text *text) {
  text->data = NULL;
  text->out = open_memstream(&text->data, &text->size);
  assert(text->out);
}

static char *text_done(Text *text, Arena *arena) {
  fclose(text->out);
  char *copy = arena_strdup(arena, text->data);
  free(text->data);
  return copy;
}

/* Text from outside as it may stand in a C comment, or (quoted) in a string. */
static char *harmless(Arena *arena, const char *text, bool quoted) {
  Text out;
  text_begin(&out);
  for (const char *c = text; *c; c++) {
    if (quoted && (*c == '"' || *c == '\\'))
      fprintf(out.out, "\\%c", *c);
    else if (iscntrl((unsigned char)*c) || (quoted && *c == '?'))
      fprintf(out.out, quoted ? "\\%03o" : "?", (unsigned char)*c);
    else if (!quoted && c[0] == '*' && c[1] == '/')
      fprintf(out.out, "* ");
    else
      fputc(*c, out.out);
  }
  return text_done(&out, arena);
}

/* --- names ----------------------------------------------------------------------------------- */

/* Words that a tensor of a call list must not be called: of C, of the sections around the calls,
   and macros of some compilers. */
static const char *const RESERVED[] = {
    "auto",     "break",    "case",      "char",      "const",
    "continue", "default",  "do",        "double",    "else",
    "enum",     "extern",   "float",     "for",       "goto",
    "if",       "inline",   "int",       "long",      "real",
    "register", "restrict", "return",    "short",     "signed",
    "sizeof",   "static",   "struct",    "switch",    "typedef",
    "union",    "unsigned", "void",      "volatile",  "while",
    "vec",      "team",     "t",         "a",         "d",
    "p",        "o",        "state",     "batch",     "logits",
    "barrier",  "LANES",    "model",     "main",      "update",
    "infer",    "share",    "span",      "gradients", "train_step",
    "asm",      "typeof",   "size_t",    "vmask",     "linux",
    "unix",     "i386",     "join_team", "s",         "update_parameters",
};

/* Names all in capitals may be macros of the headers: NULL, NAN, INT32_MAX. */
static bool may_be_macro(const char *name) {
  for (const char *c = name; *c; c++)
    if (islower((unsigned char)*c) || (*c == '_' && !c[1])) return false;
  return true;
}

static bool is_reserved(const char *name) {
  if (may_be_macro(name)) return true;
  for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++)
    if (!strcmp(RESERVED[i], name)) return true;
  return false;
}

static bool is_taken(const Graph *graph, const char *name) {
  for (int i = 0; i < graph->values.count; i++) {
    const char *other = graph->values.at[i]->identifier;
    if (other && !strcmp(other, name)) return true;
  }
  return false;
}

static bool is_kernel(const KernelList *kernels, const char *name) {
  for (int i = 0; i < kernels->count; i++)
    if (!strcmp(kernels->at[i]->name, name)) return true;
  return false;
}

/* layer1.0.conv1 becomes layer1_0_conv1. A parameter's gradient goes by the parameter's name, and
   inference calls parameters as training does. `kernels`: names of functions, which a tensor of the
   same name would hide. */
static void name_values(Graph *graph, const Graph *training, const KernelList *kernels) {
  for (int i = 0; i < graph->values.count; i++) graph->values.at[i]->identifier = NULL;
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind == VALUE_PARAMETER_GRADIENT) continue;
    if (value_is_stored(value) && graph != training) {
      value->identifier = graph_find_value(training, value->name)->identifier;
      continue;
    }
    bool digit = isdigit((unsigned char)value->name[0]);
    char *name = arena_printf(graph->arena, "%s%s", digit ? "_" : "", value->name);
    for (char *c = name; *c; c++)
      if (!isalnum((unsigned char)*c)) *c = '_';
    while (is_reserved(name) || is_kernel(kernels, name) || is_taken(graph, name))
      name = arena_printf(graph->arena, "%s_", name);
    value->identifier = name;
  }
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->gradient && value->kind == VALUE_PARAMETER)
      value->gradient->identifier = value->identifier;
  }
}

static bool uses_buffers(const Graph *graph) {
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->kind == VALUE_BUFFER) return true;
  return false;
}

/* --- plans and calls ------------------------------------------------------------------------- */

static void write_shape(FILE *out, const Value *value) {
  fputc('[', out);
  for (int i = 0; i < value->rank; i++) fprintf(out, "%s%d", i ? "," : "", value->dim[i]);
  fputc(']', out);
}

/* `    name = offset, // [shape]` */
static void write_place(FILE *out, const char *indent, const Value *value) {
  fprintf(out, "%s%s = %" PRId64 ", /* ", indent, value->identifier, value->offset);
  write_shape(out, value);
  if (value->layout == LAYOUT_ROWS) fprintf(out, " in rows");
  fprintf(out, " */\n");
}

static char *parameter_places(const Graph *graph) {
  Text text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++)
    if (value_is_stored(graph->values.at[i])) write_place(text.out, "  ", graph->values.at[i]);
  return text_done(&text, graph->arena);
}

static char *activation_places(const Graph *graph) {
  Text text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT)
      write_place(text.out, "    ", value);
  }
  return text_done(&text, graph->arena);
}

static void write_call(FILE *out, const char *indent, const Call *call) {
  fprintf(out, "%s%s(t, %s); barrier();\n", indent, call->kernel->name, call->arguments);
}

static char *calls_of(Graph *graph, Phase phase, const char *indent, const CompileOptions *options,
                      KernelList *kernels) {
  Text text;
  text_begin(&text);
  const char *layer = "";
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->phase != phase) continue;
    Call call = lower_node(graph, node, options, kernels);
    if (!call.kernel) continue;
    if (phase != PHASE_UPDATE && strcmp(layer, node->name) != 0)
      fprintf(text.out, "%s/* %s */\n", indent, node->name);
    layer = node->name;
    write_call(text.out, indent, &call);
  }
  return text_done(&text, graph->arena);
}

static char *logits_call(Graph *graph, const char *indent, const CompileOptions *options,
                         KernelList *kernels) {
  Text text;
  text_begin(&text);
  Call call = lower_logits(graph, options, kernels);
  write_call(text.out, indent, &call);
  return text_done(&text, graph->arena);
}

static char *kernel_functions(Arena *arena, TemplateEngine *engine, const KernelList *kernels) {
  Text text;
  text_begin(&text);
  for (int i = 0; i < kernels->count; i++) {
    const Kernel *kernel = kernels->at[i];
    TemplateParam parameters[KERNEL_PARAMETERS_MAX + 2];
    int count = kernel->parameter_count;
    memcpy(parameters, kernel->parameters, sizeof *parameters * (size_t)count);
    parameters[count++] = param_string("name", kernel->name);
    parameters[count++] = param_string("users", kernel->users);
    const char *code = template_render(engine, kernel->template_name, parameters, count);
    fprintf(text.out, "/* From %s. */\n%s\n", kernel->template_name, code);
  }
  return text_done(&text, arena);
}

/* --- the descriptor -------------------------------------------------------------------------- */

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
  default:
    assert(!"init_resolve leaves four kinds");
    return NULL;
  }
}

static void write_dims(FILE *out, const Value *value) {
  fprintf(out, "%d, {%d, %d, %d, %d}", value->rank, value->dim[0], value->dim[1], value->dim[2],
          value->dim[3]);
}

static int write_parameters(FILE *out, const Graph *graph) {
  int count = 0;
  fprintf(out, "static const cnn_parameter parameters[] = {\n");
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!value_is_stored(value)) continue;
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

static void write_layers(FILE *out, const LayerSummaryList *summary) {
  fprintf(out, "static const cnn_layer layers[] = {\n");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    fprintf(out,
            "    {\"%s\", \"%s\", {%d, %d, %d}, %" PRId64 ", %" PRId64 ", {%d, %d}, %" PRId64
            ", %" PRId64 "},\n",
            layer->name, layer->kind, layer->shape[0], layer->shape[1], layer->shape[2],
            layer->parameters, layer->macs, layer->receptive_field[0], layer->receptive_field[1],
            layer->activation_bytes, layer->linear_parameters);
  }
  fprintf(out, "};\n\n");
}

static int write_values(FILE *out, const char *name, const Graph *graph) {
  static const char *const LAYOUTS[] = {
      [LAYOUT_PLAIN] = "CNN_PLAIN", [LAYOUT_LANES] = "CNN_LANES", [LAYOUT_ROWS] = "CNN_ROWS"};
  int count = 0;
  fprintf(out, "static const cnn_value %s[] = {\n", name);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->kind != VALUE_ACTIVATION && value->kind != VALUE_GRADIENT) continue;
    fprintf(out, "    {\"%s\", ", value->name);
    write_dims(out, value);
    fprintf(out, ", %s, %" PRId64 "},\n", LAYOUTS[value->layout], value->offset);
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

/* A setting that a schedule does not have, or that is off, is 0 and left out. */
static void write_settings(FILE *out, const Recipe *r) {
  const struct {
    const char *name;
    double value;
  } settings[] = {
      {"warmup_epochs", r->warmup_epochs},
      {"warmup_start", r->warmup_epochs > 0 ? r->warmup_start : 0},
      {"step_epochs", r->step_epochs},
      {"milestone_count", r->milestone_count},
      {"gamma", r->gamma},
      {"final_lr", r->final_lr},
      {"power", r->power},
      {"rise", r->rise},
      {"divisor", r->divisor},
      {"final_divisor", r->final_divisor},
      {"patience", r->patience},
      {"cooldown", r->cooldown},
      {"threshold", r->threshold},
      {"clip_norm", r->clip_norm},
      {"clip_value", r->clip_value},
      {"ema", r->ema},
      {"crop", r->crop},
      {"flip", r->flip},
  };
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (settings[i].value != 0)
      fprintf(out, "    .%s = %.9g,\n", settings[i].name, settings[i].value);
  for (int i = 0; i < r->milestone_count; i++)
    fprintf(out, "%s%d%s", i ? ", " : "    .milestones = {", r->milestones[i],
            i + 1 < r->milestone_count ? "" : "},\n");
}

static void write_recipe(FILE *out, const Graph *graph) {
  static const char *const OPTIMIZERS[] = {"CNN_SGD", "CNN_ADAM", "CNN_ADAMW", "CNN_RMSPROP"};
  static const char *const SCHEDULES[LR_SCHEDULES] = {
      "CNN_LR_CONSTANT",   "CNN_LR_STEP",   "CNN_LR_MULTI_STEP", "CNN_LR_EXPONENTIAL",
      "CNN_LR_POLYNOMIAL", "CNN_LR_COSINE", "CNN_LR_ONE_CYCLE",  "CNN_LR_PLATEAU"};
  const Recipe *r = &graph->recipe;
  if (!r->normalize_from_dataset) {
    write_numbers(out, "mean", r->mean, graph->input->dim[1]);
    write_numbers(out, "deviation", r->deviation, graph->input->dim[1]);
  }
  fprintf(out, "static const cnn_recipe recipe = {\n    .epochs = %d,\n", r->epochs);
  fprintf(out, "    .optimizer = %s,\n    .lr = %.9g,\n", OPTIMIZERS[r->optimizer], r->lr);
  fprintf(out, "    .momentum = %.9g,\n    .weight_decay = %.9g,\n", r->momentum, r->weight_decay);
  fprintf(out, "    .beta1 = %.9g,\n    .beta2 = %.9g,\n    .eps = %.9g,\n", r->beta1, r->beta2,
          r->eps);
  fprintf(out, "    .nesterov = %d,\n    .schedule = %s,\n", r->nesterov, SCHEDULES[r->schedule]);
  fprintf(out, "    .accumulate = %d,\n", r->accumulate);
  write_settings(out, r);
  fprintf(out, "    .normalize_from_dataset = %d,\n", r->normalize_from_dataset);
  if (!r->normalize_from_dataset) fprintf(out, "    .mean = mean,\n    .deviation = deviation,\n");
  fprintf(out, "    .label_smoothing = %.9g,\n};\n", loss_node(graph)->attributes.label_smoothing);
}

static void write_descriptor(FILE *out, const Graph *training, const Graph *inference,
                             const CompileOptions *options, int parameters, int layers, int values,
                             int inference_values) {
  static const char *const TARGETS[] = {"CNN_SCALAR", "CNN_AVX2", "CNN_AVX512"};
  bool squared = loss_node(training)->op == OP_squared_error;
  const int *dim = training->input->dim;
  fprintf(out, "    .abi = CNN_ABI,\n    .name = \"%s\",\n", training->name);
  fprintf(out, "    .command = \"%s\",\n    .target = %s,\n",
          harmless(training->arena, options->command, true), TARGETS[options->target]);
  fprintf(out, "    .real_bytes = sizeof(real),\n    .lanes = LANES,\n");
  fprintf(out, "    .threads_max = THREADS_MAX,\n    .batch = %d,\n", training->recipe.batch);
  fprintf(out, "    .input = {%d, %d, %d},\n    .classes = %d,\n", dim[1], dim[2], dim[3],
          training->classes);
  fprintf(out, "    .loss = %s,\n    .recipe = &recipe,\n",
          squared ? "CNN_SQUARED_ERROR" : "CNN_SOFTMAX_CROSS_ENTROPY");
  fprintf(out, "    .parameters = parameters,\n    .parameter_count = %d,\n", parameters);
  fprintf(out, "    .layers = layers,\n    .layer_count = %d,\n", layers);
  fprintf(out, "    .parameter_reals = %" PRId64 ",\n    .optimizer_blocks = %d,\n",
          graph_parameter_reals(training), optimizer_blocks(&training->recipe));
  fprintf(out, "    .training_reals = %" PRId64 ",\n    .inference_reals = %" PRId64 ",\n",
          graph_activation_reals(training), graph_activation_reals(inference));
  if (options->keep_values)
    fprintf(out,
            "    .values = values,\n    .value_count = %d,\n"
            "    .inference_values = inference_values,\n    .inference_value_count = %d,\n"
            "    .guard_bytes = %d,\n",
            values, inference_values, GUARD_BYTES);
  fprintf(out, "    .gradients = gradients,\n    .update = update,\n    .train_step = "
               "train_step,\n    .infer = infer,\n");
}

/* --- the table in the header ----------------------------------------------------------------- */

static const char *shape_text(const LayerSummary *layer, char text[40]) {
  const int *s = layer->shape;
  if (s[1] == 1 && s[2] == 1)
    snprintf(text, 40, "%d", s[0]);
  else
    snprintf(text, 40, "%dx%dx%d", s[0], s[1], s[2]);
  return text;
}

/* The layer's forward kernel: kernels are in the order of their first call. */
static const char *kernel_of(const KernelList *kernels, const char *layer) {
  for (int i = 0; i < kernels->count; i++)
    if (kernel_has_user(kernels->at[i], layer)) return kernels->at[i]->name;
  return "";
}

static char *layer_table(const Graph *graph, const LayerSummaryList *summary,
                         const KernelList *kernels) {
  Text text;
  text_begin(&text);
  char shape[40];
  fprintf(text.out, "   %-20s %-12s %9s %9s  %s\n", "layer", "output", "MFLOP", "bytes", "kernel");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    fprintf(text.out, "   %-20s %-12s %9.3f %9" PRId64 "  %s\n", layer->name,
            shape_text(layer, shape), 2e-6 * (double)layer->macs, layer->activation_bytes,
            kernel_of(kernels, layer->name));
  }
  fprintf(text.out, "   MFLOP and bytes are those of one image, forward.\n");
  return text_done(&text, graph->arena);
}

/* --- the pass -------------------------------------------------------------------------------- */

static const char *vectors_of(TemplateEngine *engine, const CompileOptions *options) {
  static const char *const FILES[] = {"vec_scalar.h", "vec_avx2.h", "vec_avx512.h"};
  const TemplateParam real = param_string("real", options->real_is_double ? "double" : "float");
  return template_render(engine, FILES[options->target], &real, 1);
}

/* What the kernels are called does not depend on what the tensors are called: lower once for the
   names of the kernels, and name the tensors around them. */
static void name_both(Graph *training, Graph *inference, const CompileOptions *options) {
  KernelList kernels = {0};
  name_values(training, training, &kernels);
  name_values(inference, training, &kernels);
  for (int i = 0; i < training->nodes.count; i++)
    lower_node(training, training->nodes.at[i], options, &kernels);
  for (int i = 0; i < inference->nodes.count; i++)
    lower_node(inference, inference->nodes.at[i], options, &kernels);
  name_values(training, training, &kernels);
  name_values(inference, training, &kernels);
}

char *emit_program(Graph *training, Graph *inference, const CompileOptions *options) {
  Arena *arena = training->arena;
  TemplateEngine *engine = template_engine_new(arena);
  KernelList kernels = {0};
  name_both(training, inference, options);
  char *forward = calls_of(training, PHASE_FORWARD, "  ", options, &kernels);
  char *backward = calls_of(training, PHASE_BACKWARD, "  ", options, &kernels);
  char *update = calls_of(training, PHASE_UPDATE, "  ", options, &kernels);
  Text calls;
  text_begin(&calls);
  fputs(calls_of(inference, PHASE_FORWARD, "    ", options, &kernels), calls.out);
  fputs(logits_call(inference, "    ", options, &kernels), calls.out);
  char *infer = text_done(&calls, arena);

  const LayerSummaryList summary = summarize(training, options);
  Text tables, descriptor;
  text_begin(&tables);
  int parameters = write_parameters(tables.out, training);
  write_layers(tables.out, &summary);
  int values = 0, inference_values = 0;
  if (options->keep_values) {
    values = write_values(tables.out, "values", training);
    inference_values = write_values(tables.out, "inference_values", inference);
  }
  write_recipe(tables.out, training);
  text_begin(&descriptor);
  write_descriptor(descriptor.out, training, inference, options, parameters, summary.count, values,
                   inference_values);

  const TemplateParam sections[] = {
      param_string("name", training->name),
      param_string("command", harmless(arena, options->command, false)),
      param_string("target", target_name(options->target)),
      param_string("layers", layer_table(training, &summary, &kernels)),
      param_string("vectors", vectors_of(engine, options)),
      param_string("prelude", template_render(engine, "prelude.h", NULL, 0)),
      param_string("parameters", parameter_places(training)),
      param_string("kernels", kernel_functions(arena, engine, &kernels)),
      param_string("training_plan", activation_places(training)),
      param_string("inference_plan", activation_places(inference)),
      param_string("forward", forward),
      param_string("backward", backward),
      param_string("update", update),
      param_string("inference", infer),
      param_bool("uses_optimizer_state", optimizer_blocks(&training->recipe) > 0),
      param_bool("uses_buffers", uses_buffers(training)),
      param_bool("inference_uses_buffers", uses_buffers(inference)),
      param_string("tables", text_done(&tables, arena)),
      param_string("descriptor", text_done(&descriptor, arena)),
  };
  char *program =
      template_render(engine, "model.c.in", sections, (int)(sizeof sections / sizeof *sections));
  template_engine_release(engine);
  return program;
}
