/* emit: the C text of the program.
   Requires  both graphs planned.
   Establishes  kernels shared by shape, then the calls of training and inference in straight lists,
   one node a line, and the descriptor. Same graphs, same bytes: no dates, no paths, no addresses.
 */
#include "driver/text.h"
#include "emit/descriptor.h"
#include "emit/emit.h"
#include "emit/call_text.h"
#include "emit/kernel_name.h"
#include "emit/lines.h"
#include "emit/offsets.h"
#include "emit/value_name.h"
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

/* Whether a node of the phase reads or writes running statistics. */
static bool uses_buffers(const Graph *graph, Phase phase) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->phase == phase && node->in[k]->kind == VALUE_BUFFER) return true;
  }
  return false;
}

static bool has_value(const Graph *graph, Layout layout) {
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->layout == layout) return true;
  return false;
}

static bool has_layout(const Graph *training, const Graph *inference, Layout layout) {
  return has_value(training, layout) || has_value(inference, layout);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The calls of a graph, as they are written. */
typedef struct Calls {
  const Graph *graph;
  const CompileOptions *options;
  CallList calls;
  ProfiledCallList *profiled; /* those of a step, for the profile */
} Calls;

/* What the node makes is there after this call. */
static void number_values(const Node *node, int call) {
  for (int i = 0; i < node->out_count; i++) node->out[i]->call = call;
}

static void write_call(FILE *out, const Calls *calls, const Call *call, const char *indent,
                       NodeCost cost) {
  Arena *arena = calls->graph->arena;
  const bool prepacks = call->node && call->node->phase == PHASE_PREPACK;
  if (!prepacks) { /* prepacking is not a part of a step, and its calls do not need each other */
    ProfiledCall *profiled = ARENA_NEW(arena, ProfiledCall);
    *profiled = (ProfiledCall){call->node ? call->node->name : "logits", cost};
    LIST_PUSH(arena, calls->profiled, profiled);
  }
  fprintf(out, "%s%s;%s\n", indent, call_text(arena, call), prepacks ? "" : " NEXT;");
}

/* layer1.0 of layer1.0.conv1; conv1 of conv1. */
static const char *scope_of(Arena *arena, const char *layer) {
  const char *dot = strrchr(layer, '.');
  return dot ? arena_printf(arena, "%.*s", (int)(dot - layer), layer) : layer;
}

static char *calls_of(const Calls *calls, Phase phase, const char *indent) {
  const Graph *graph = calls->graph;
  TextStream text;
  text_begin(&text);
  const char *scope = "";
  for (int i = 0; i < calls->calls.count; i++) {
    const Call *call = calls->calls.at[i];
    const Node *node = call->node;
    if (node->phase != phase) continue;
    if (phase != PHASE_PREPACK) /* a view is there already */
      number_values(node, calls->profiled->count - !call->kernel);
    if (!call->kernel) continue;
    const char *around = scope_of(graph->arena, node->name);
    const bool grouped = phase == PHASE_FORWARD || phase == PHASE_BACKWARD;
    if (grouped && strcmp(scope, around) != 0) fprintf(text.out, "%s/* %s */\n", indent, around);
    scope = around;
    write_call(text.out, calls, call, indent, node_cost(graph, node, calls->options));
  }
  return text_done(&text, graph->arena);
}

static char *logits_call(const Calls *calls, const Call *call, const char *indent) {
  TextStream text;
  text_begin(&text);
  write_call(text.out, calls, call, indent, logits_cost(calls->graph, calls->options));
  return text_done(&text, calls->graph->arena);
}

/* --- kernels ---------------------------------------------------------------------------------- */

static bool is_first_of_template(const KernelList *kernels, int i) {
  for (int k = 0; k < i; k++)
    if (!strcmp(kernels->at[k]->template_name, kernels->at[i]->template_name)) return false;
  return true;
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

/* The name of the kernel of the layer's forward call, or "". */
static const char *kernel_of(const CallList *calls, const char *layer) {
  for (int i = 0; i < calls->count; i++) {
    const Call *call = calls->at[i];
    if (call->kernel && call->node->phase == PHASE_FORWARD && !strcmp(call->node->name, layer))
      return call->kernel->name;
  }
  return "";
}

/* In the table: not what is elementwise, or nearly so. */
static bool is_listed(const LayerSummary *layer) {
  return layer->reshapes || layer->macs;
}

static char *layer_table(const Graph *graph, const LayerSummaryList *summary,
                         const CallList *calls) {
  TextStream text;
  text_begin(&text);
  char shape[40];
  int width = 0;
  for (int i = 0; i < summary->count; i++)
    if (is_listed(&summary->at[i]) && (int)strlen(summary->at[i].name) > width)
      width = (int)strlen(summary->at[i].name);
  fprintf(text.out, "   %-*s %-11s %8s %8s  %s\n", width, "layer", "output", "MFLOP", "bytes",
          "kernel");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    if (!is_listed(layer)) continue;
    const char *kernel = kernel_of(calls, layer->name);
    fprintf(text.out, "   %-*s %-11s %8.3f %8" PRId64 "%s%s\n", width, layer->name,
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

static bool is_prepacked(const Value *value) {
  return value->kind == VALUE_PREPACKED;
}

static char *in_lines(Arena *arena, const char *program) {
  TextStream text;
  text_begin(&text);
  write_lines(text.out, program);
  return text_done(&text, arena);
}

typedef struct CallTexts {
  const char *forward, *backward, *update, *prepacking, *inference;
} CallTexts;

/* In the order of the profile: the calls of a training step, then those of inference. */
static CallTexts call_texts(const Calls *train, const Calls *infer, const Call *logits) {
  CallTexts texts = {.forward = calls_of(train, PHASE_FORWARD, "  ")};
  texts.backward = calls_of(train, PHASE_BACKWARD, "  ");
  texts.update = calls_of(train, PHASE_UPDATE, "  ");
  texts.prepacking = calls_of(infer, PHASE_PREPACK, "    ");
  const char *forward = calls_of(infer, PHASE_FORWARD, "    ");
  texts.inference =
      arena_printf(infer->graph->arena, "%s%s", forward, logits_call(infer, logits, "    "));
  return texts;
}

/* The text with the headers and kernels that it uses, in lines. `sections` begins with the shared
   ones, which are empty. */
static char *program_text(TemplateEngine *engine, Arena *arena, Declarations *declarations,
                          TemplateParam *sections, int count) {
  declarations_mark(declarations, template_render(engine, "model.c.in", sections, count));
  for (int i = 0; i < SHARED_SECTIONS; i++) sections[i].string = declarations_kept(declarations, i);
  return in_lines(arena, template_render(engine, "model.c.in", sections, count));
}

char *emit_program(Graph *training, Graph *inference, const CompileOptions *options) {
  Arena *arena = training->arena;
  TemplateEngine *engine = template_engine_new(arena);
  KernelList kernels = {0};
  Descriptor descriptor = {.training = training,
                           .inference = inference,
                           .options = options,
                           .command = harmless(arena, options->command, true),
                           .layers = summarize(training, options)};
  const Calls train = {training, options, lower_graph(training, options, &kernels),
                       &descriptor.training_calls};
  const Calls infer = {inference, options, lower_graph(inference, options, &kernels),
                       &descriptor.inference_calls};
  const Call *logits = lower_logits(inference, options, &kernels);
  kernel_names(arena, &kernels);

  const char *vectors = options->real_is_double ? "vec_double.h" : options->target->header;
  Paster paster = {arena, engine, vectors, {0}};
  const char *shared[SHARED_SECTIONS];
  make_shared_sections(&paster, &kernels, shared);
  Declarations *declarations = declarations_scan(arena, shared, SHARED_SECTIONS);
  value_names(training, training, declarations);
  value_names(inference, training, declarations);

  const CallTexts calls = call_texts(&train, &infer, logits);
  TextStream tables, fields;
  text_begin(&tables);
  text_begin(&fields);
  write_descriptor(&descriptor, tables.out, fields.out);

  TemplateParam sections[] = {
      param_string("vectors", ""), /* the shared sections come first */
      param_string("prelude", ""),
      param_string("kernels", ""),
      param_string("name", training->name),
      param_string("command", harmless(arena, options->command, false)),
      param_string("target", target_name(options->target)),
      param_int("LANES", target_lanes(options->target)),
      param_bool("batch_blocked", has_layout(training, inference, LAYOUT_BATCH_BLOCKED)),
      param_bool("channel_blocked", has_layout(training, inference, LAYOUT_CHANNEL_BLOCKED)),
      param_bool("channels_last", has_layout(training, inference, LAYOUT_CHANNELS_LAST)),
      param_bool("padded_rows", has_layout(training, inference, LAYOUT_PADDED_ROWS)),
      param_string("layers", layer_table(training, &descriptor.layers, &train.calls)),
      param_string("parameters", parameter_offsets(training)),
      param_string("training_offsets", activation_offsets(training, "    ", value_is_planned)),
      param_string("prepacked_offsets", activation_offsets(inference, "    ", is_prepacked)),
      param_string("inference_offsets", activation_offsets(inference, "    ", value_is_planned)),
      param_string("forward", calls.forward),
      param_string("backward", calls.backward),
      param_string("update", calls.update),
      param_string("inference", calls.inference),
      param_string("prepacking", calls.prepacking),
      param_bool("channels", inference->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("trains_channels", training->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("prepacks", *calls.prepacking != 0),
      param_bool("uses_optimizer_state", optimizer_blocks(&training->recipe) > 0),
      param_bool("uses_buffers", uses_buffers(training, PHASE_FORWARD)),
      param_bool("prepacking_uses_buffers", uses_buffers(inference, PHASE_PREPACK)),
      param_bool("inference_uses_buffers", uses_buffers(inference, PHASE_FORWARD)),
      param_string("tables", text_done(&tables, arena)),
      param_string("descriptor", text_done(&fields, arena)),
  };
  const int count = (int)(sizeof sections / sizeof *sections);
  char *program = program_text(engine, arena, declarations, sections, count);
  template_engine_release(engine);
  return program;
}
