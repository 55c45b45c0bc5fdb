/* emit: the C text of the program.
   Requires  both graphs planned.
   Establishes  kernels shared by shape, then the calls of training and inference in straight lists,
   one node a line, and the descriptor. Same graphs, same bytes: no dates, no paths, no addresses.
 */
#include "driver/text.h"
#include "emit/descriptor.h"
#include "emit/emit.h"
#include "emit/lower.h"
#include "emit/paste.h"
#include "emit/prune.h"
#include "ir/queries.h"
#include "passes/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------------ */

/* Text from outside as it may stand in a C comment, or (quoted) in a string. */
static char *harmless(Arena *arena, const char *text, bool quoted) {
  TextStream out;
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
    "auto",     "break",      "case",      "char",      "const",
    "continue", "default",    "do",        "double",    "else",
    "enum",     "extern",     "float",     "for",       "goto",
    "if",       "inline",     "int",       "long",      "real",
    "register", "restrict",   "return",    "short",     "signed",
    "sizeof",   "static",     "struct",    "switch",    "typedef",
    "union",    "unsigned",   "void",      "volatile",  "while",
    "vec",      "team",       "t",         "a",         "d",
    "p",        "o",          "state",     "batch",     "logits",
    "next",     "LANES",      "model",     "main",      "update",
    "infer",    "work_range", "span",      "gradients", "train_step",
    "asm",      "typeof",     "size_t",    "vmask",     "linux",
    "unix",     "i386",       "join_team", "s",         "update_parameters",
    "image",    "barrier",    "square",    "window",    "divide_up",
    "lanes",    "norm_input", "conv_axis", "tap_range", "weights_shape",
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

/* Whether a node of the phase reads or writes running statistics. */
static bool uses_buffers(const Graph *graph, Phase phase) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->phase == phase && node->in[k]->kind == VALUE_BUFFER) return true;
  }
  return false;
}

/* --- plans and calls ------------------------------------------------------------------------- */

static void write_shape(FILE *out, const Value *value) {
  fprintf(out, " [");
  for (int i = 0; i < value->rank; i++) fprintf(out, "%s%d", i ? "," : "", value->dim[i]);
  fputc(']', out);
}

/* `    name = offset, // [shape] in rows`, or `of` the value that it is a part of; vectors have
   their length in the calls and tables, gradients the shape of their value. */
static void write_place(FILE *out, const char *indent, const Value *value) {
  const bool shape = value->rank > 1 && value->kind != VALUE_GRADIENT;
  fprintf(out, "%s%s = %" PRId64 ",", indent, value->identifier, value->offset);
  if (shape || value->part_of) fprintf(out, " /*");
  if (shape) write_shape(out, value);
  if (shape && value->layout == LAYOUT_PADDED_ROWS) fprintf(out, " in rows");
  if (value->part_of) fprintf(out, " of %s", value->part_of->identifier);
  fprintf(out, shape || value->part_of ? " */\n" : "\n");
}

/* The four of a batch_norm are one line where they lie side by side, as they do. */
static bool write_norm_places(FILE *out, const Graph *graph, int i) {
  const char *name, *identifier;
  if (!find_norm(graph, i, &name, &identifier)) return false;
  Value *const *norm = graph->values.at + i; /* weight, bias, running mean and variance */
  int64_t size = norm[1]->offset - norm[0]->offset;
  if (norm[3]->offset - norm[2]->offset != size) return false;
  fprintf(out, "  NORM_PLACES(%s, %" PRId64 ", %" PRId64 ", %" PRId64 "),\n", identifier,
          norm[0]->offset, norm[2]->offset, size);
  return true;
}

static char *parameter_places(const Graph *graph) {
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    if (!value_is_stored(graph->values.at[i])) continue;
    if (write_norm_places(text.out, graph, i))
      i += 3;
    else
      write_place(text.out, "  ", graph->values.at[i]);
  }
  return text_done(&text, graph->arena);
}

static bool is_prepacked(const Value *value) {
  return value->kind == VALUE_PREPACKED;
}

/* The statistics of a batch_norm are one line where they lie side by side, as they mostly do. */
static bool write_statistics_places(FILE *out, const char *indent, const Graph *graph, int i) {
  if (i + 1 == graph->values.count) return false;
  const Value *mean = graph->values.at[i], *inverse = graph->values.at[i + 1];
  const size_t all = strlen(mean->identifier), tail = strlen("_mean");
  if (mean->kind != VALUE_ACTIVATION || mean->rank != 1 || all <= tail) return false;
  const char *name = arena_printf(graph->arena, "%.*s", (int)(all - tail), mean->identifier);
  if (strcmp(mean->identifier, arena_printf(graph->arena, "%s_mean", name)) != 0 ||
      strcmp(inverse->identifier, arena_printf(graph->arena, "%s_inverse", name)) != 0 ||
      inverse->offset != mean->offset + mean->dim[0])
    return false;
  fprintf(out, "%sSTATISTICS_PLACES(%s, %" PRId64 ", %d),\n", indent, name, mean->offset,
          mean->dim[0]);
  return true;
}

/* Those that `belongs` picks. */
static char *activation_places(const Graph *graph, const char *indent,
                               bool (*belongs)(const Value *)) {
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!belongs(value)) continue;
    if (write_statistics_places(text.out, indent, graph, i))
      i++;
    else
      write_place(text.out, indent, value);
  }
  return text_done(&text, graph->arena);
}

/* What calls are written with. */
typedef struct Calls {
  Graph *graph;
  const CompileOptions *options;
  const char *indent;
  bool apart;                 /* a call reads what others made */
  KernelList *kernels;        /* of all calls so far */
  ProfiledCallList *profiled; /* of this graph's */
} Calls;

/* What the node makes is there after this call. */
static void number_values(const Node *node, int call) {
  for (int i = 0; i < node->out_count; i++) node->out[i]->call = call;
}

enum { CALL_COLUMNS = 120, KERNEL_COLUMNS = 140 };

/* How long the first part of a line is that begins in column `begun` and is broken behind a comma;
   0 if all fits, or nothing can be broken. */
static int first_part(const char *line, int length, int begun, int columns) {
  int end = 0;
  if (begun + length <= columns) return 0;
  for (int i = 0; i + 1 < length && (end == 0 || begun + i < columns); i++)
    if (line[i] == ',' && line[i + 1] == ' ') end = i + 1;
  return end;
}

/* Writes the parts, unless out is NULL, and returns how many they are. */
static int write_parts(FILE *out, const char *line, int length, int margin, int columns) {
  int parts = 1, begun = 0;
  for (int end; (end = first_part(line, length, begun, columns)) > 0; parts++) {
    if (out) fprintf(out, "%.*s\n%*s", end, line, margin, "");
    line += end + 1;
    length -= end + 1;
    begun = margin;
  }
  if (out) fprintf(out, "%.*s\n", length, line);
  return parts;
}

/* A line in as few parts of at most so many columns as it can be broken into behind commas, none of
   them longer than need be; what follows the first part stands further in. */
static void write_broken(FILE *out, const char *line, int length, int columns) {
  enum { FURTHER = 4 };
  const int margin = (int)strspn(line, " ") + FURTHER;
  const int parts = write_parts(NULL, line, length, margin, columns);
  while (parts > 1 && columns > margin &&
         write_parts(NULL, line, length, margin, columns - 1) == parts)
    columns--;
  write_parts(out, line, length, margin, columns);
}

static void write_call(FILE *out, const Calls *calls, const Call *call, const char *layer,
                       NodeCost cost) {
  ProfiledCall *profiled = ARENA_NEW(calls->graph->arena, ProfiledCall);
  *profiled = (ProfiledCall){layer, cost};
  LIST_PUSH(calls->graph->arena, calls->profiled, profiled);
  const char *line =
      arena_printf(calls->graph->arena, "%s%s(%s, %s);%s", calls->indent, call->kernel->name,
                   call->team, call->arguments, calls->apart ? " NEXT;" : "");
  write_broken(out, line, (int)strlen(line), CALL_COLUMNS);
}

/* layer1.0 of layer1.0.conv1; conv1 of conv1. */
static const char *scope_of(Arena *arena, const char *layer) {
  const char *dot = strrchr(layer, '.');
  return dot ? arena_printf(arena, "%.*s", (int)(dot - layer), layer) : layer;
}

static char *calls_of(const Calls *calls, Phase phase) {
  Graph *graph = calls->graph;
  TextStream text;
  text_begin(&text);
  const char *scope = "";
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->phase != phase) continue;
    Call call = lower_node(graph, node, calls->options, calls->kernels);
    number_values(node, calls->profiled->count - !call.kernel); /* a view is there already */
    if (!call.kernel) continue;
    const char *around = scope_of(graph->arena, node->name);
    bool grouped = phase == PHASE_FORWARD || phase == PHASE_BACKWARD;
    if (grouped && strcmp(scope, around) != 0)
      fprintf(text.out, "%s/* %s */\n", calls->indent, around);
    scope = around;
    write_call(text.out, calls, &call, node->name, node_cost(graph, node, calls->options));
  }
  return text_done(&text, graph->arena);
}

static char *logits_call(const Calls *calls) {
  TextStream text;
  text_begin(&text);
  Call call = lower_logits(calls->graph, calls->options, calls->kernels);
  write_call(text.out, calls, &call, "logits", logits_cost(calls->graph, calls->options));
  return text_done(&text, calls->graph->arena);
}

static bool is_first_of_template(const KernelList *kernels, int i) {
  for (int k = 0; k < i; k++)
    if (!strcmp(kernels->at[k]->template_name, kernels->at[i]->template_name)) return false;
  return true;
}

/* Code in lines that are not too long; a macro is left as it is. */
static void write_code(FILE *out, const char *code) {
  for (const char *line = code; *line;) {
    const int length = (int)strcspn(line, "\n");
    const bool macro = *line == '#' || (length > 0 && line[length - 1] == '\\');
    write_broken(out, line, length, macro ? INT_MAX : KERNEL_COLUMNS);
    line += length + (line[length] == '\n');
  }
}

/* The kernels' functions, and what they include. */
static char *kernel_functions(Paster *paster, const KernelList *kernels) {
  Arena *arena = paster->arena;
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < kernels->count; i++) {
    const Kernel *kernel = kernels->at[i];
    TemplateParam parameters[KERNEL_PARAMETERS_MAX + 2];
    int count = kernel->parameter_count;
    memcpy(parameters, kernel->parameters, sizeof *parameters * (size_t)count);
    parameters[count++] = param_string("name", kernel->name);
    parameters[count++] = param_string("users", kernel->users);
    const char *code = template_render(paster->engine, kernel->template_name, parameters, count);
    if (is_first_of_template(kernels, i))
      fprintf(text.out, "/* From %s. */\n\n", kernel->template_name);
    paste_text(paster, text.out, code);
    fputc('\n', text.out);
  }
  return text_done(&text, arena);
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

/* The layer's kernel, of those of the forward half: they are in the order of their first call. */
static const char *kernel_of(const KernelList *kernels, const char *layer) {
  for (int i = 0; i < kernels->count; i++)
    if (kernel_has_user(kernels->at[i], layer)) return kernels->at[i]->name;
  return "";
}

/* In the table: not what is elementwise, or nearly so. */
static bool is_listed(const LayerSummary *layer) {
  return layer->reshapes || layer->macs;
}

static char *layer_table(const Graph *graph, const LayerSummaryList *summary,
                         const KernelList *kernels) {
  TextStream text;
  text_begin(&text);
  char shape[40];
  int width = 0;
  for (int i = 0; i < summary->count; i++)
    if (is_listed(&summary->at[i]) && (int)strlen(summary->at[i].name) > width)
      width = (int)strlen(summary->at[i].name);
  fprintf(text.out, "   %-*s %-12s %9s %9s  %s\n", width, "layer", "output", "MFLOP", "bytes",
          "kernel");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    if (!is_listed(layer)) continue;
    const char *kernel = kernel_of(kernels, layer->name);
    fprintf(text.out, "   %-*s %-12s %9.3f %9" PRId64 "%s%s\n", width, layer->name,
            shape_text(layer, shape), 2e-6 * (double)layer->macs, layer->activation_bytes,
            *kernel ? "  " : "", kernel);
  }
  fprintf(text.out, "   MFLOP and bytes are those of one image, forward. Left out: layers that "
                    "neither multiply by\n"
                    "   weights nor change a shape (relu, batch_norm, dropout...).\n");
  return text_done(&text, graph->arena);
}

/* --- the pass -------------------------------------------------------------------------------- */

/* The text of a header, with what it includes. */
static char *header_text(Paster *paster, const char *name) {
  TextStream text;
  text_begin(&text);
  paste_header(paster, text.out, name);
  return text_done(&text, paster->arena);
}

/* Sections of code that many programs share; a program has what it uses of them. */
enum { SECTION_VECTORS, SECTION_PRELUDE, SECTION_KERNELS, SHARED_SECTIONS };

static void make_shared_sections(Paster *paster, const KernelList *kernels,
                                 const char *texts[SHARED_SECTIONS]) {
  texts[SECTION_VECTORS] = header_text(paster, "vec.h");
  texts[SECTION_PRELUDE] = header_text(paster, "prelude.h");
  texts[SECTION_KERNELS] = kernel_functions(paster, kernels);
}

/* Of the shared sections, what `program`, the text around them, uses. */
static void prune_sections(Arena *arena, const char *texts[SHARED_SECTIONS], const char *program) {
  Declarations *all = declarations_scan(arena, texts, SHARED_SECTIONS);
  declarations_mark(all, program);
  for (int i = 0; i < SHARED_SECTIONS; i++) {
    TextStream text;
    text_begin(&text);
    write_code(text.out, declarations_kept(all, i));
    texts[i] = text_done(&text, arena);
  }
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
  Descriptor descriptor = {.training = training,
                           .inference = inference,
                           .options = options,
                           .command = harmless(arena, options->command, true),
                           .layers = summarize(training, options)};
  const Calls train = {training, options, "  ", true, &kernels, &descriptor.training_calls};
  const Calls infer = {inference, options, "    ", true, &kernels, &descriptor.inference_calls};
  char *forward = calls_of(&train, PHASE_FORWARD);
  const char *layers = layer_table(training, &descriptor.layers, &kernels);
  char *backward = calls_of(&train, PHASE_BACKWARD);
  char *update = calls_of(&train, PHASE_UPDATE);
  ProfiledCallList once = {0}; /* not a part of a step */
  const Calls prepare = {inference, options, "    ", false, &kernels, &once};
  char *prepared = calls_of(&prepare, PHASE_PREPACK);
  char *inferred = calls_of(&infer, PHASE_FORWARD);
  inferred = arena_printf(arena, "%s%s", inferred, logits_call(&infer));
  TextStream tables, fields;
  text_begin(&tables);
  text_begin(&fields);
  write_descriptor(&descriptor, tables.out, fields.out);

  static const char *const FILES[] = {"vec_scalar.h", "vec_avx2.h", "vec_avx512.h"};
  Paster paster = {
      arena, engine, FILES[options->target], options->real_is_double ? "double" : "float", {0}};
  const char *shared[SHARED_SECTIONS];
  make_shared_sections(&paster, &kernels, shared);

  TemplateParam sections[] = {
      param_string("vectors", ""),
      param_string("prelude", ""),
      param_string("kernels", ""),
      param_string("name", training->name),
      param_string("command", harmless(arena, options->command, false)),
      param_string("target", target_name(options->target)),
      param_string("layers", layers),
      param_string("parameters", parameter_places(training)),
      param_string("training_plan", activation_places(training, "    ", value_is_planned)),
      param_string("preparation_plan", activation_places(inference, "    ", is_prepacked)),
      param_string("inference_plan", activation_places(inference, "    ", value_is_planned)),
      param_string("forward", forward),
      param_string("backward", backward),
      param_string("update", update),
      param_string("inference", inferred),
      param_string("preparation", prepared),
      param_bool("channels", inference->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("trains_channels", training->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("prepares", *prepared != 0),
      param_bool("uses_optimizer_state", optimizer_blocks(&training->recipe) > 0),
      param_bool("uses_buffers", uses_buffers(training, PHASE_FORWARD)),
      param_bool("preparation_uses_buffers", uses_buffers(inference, PHASE_PREPACK)),
      param_bool("inference_uses_buffers", uses_buffers(inference, PHASE_FORWARD)),
      param_string("tables", text_done(&tables, arena)),
      param_string("descriptor", text_done(&fields, arena)),
  };
  const int count = (int)(sizeof sections / sizeof *sections);
  prune_sections(arena, shared, template_render(engine, "model.c.in", sections, count));
  for (int i = 0; i < SHARED_SECTIONS; i++) sections[i].string = shared[i];
  char *program = template_render(engine, "model.c.in", sections, count);
  template_engine_release(engine);
  return program;
}
