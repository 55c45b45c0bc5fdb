/* emit: the C text of the program.
   Requires  both graphs planned.
   Establishes  kernels shared by shape, then the calls of training and inference in straight lists,
   one node a line, and the descriptor. Same graphs, same bytes: no dates, no paths, no
   addresses. */
#include "driver/text.h"
#include "emit/emit.h"
#include "emit/kernel_name.h"
#include "emit/layer_table.h"
#include "emit/lines.h"
#include "emit/offsets.h"
#include "emit/paste.h"
#include "emit/prune.h"
#include "emit/step_text.h"
#include "emit/value_name.h"
#include "ir/queries.h"

#include <assert.h>
#include <ctype.h>
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
    if (*paster->vectors && is_first_of_template(kernels, i)) /* a textbook is in order of layers */
      fprintf(text.out, "/* From %s. */\n\n", kernel->template_name);
    paste_text(paster, text.out, code);
    fputc('\n', text.out);
  }
  return text_done(&text, arena);
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
  const bool reference = !*paster->vectors; /* textbook kernels include what they use */
  texts[SECTION_VECTORS] = reference ? "" : header_text(paster, "vec.h");
  texts[SECTION_PRELUDE] = header_text(paster, reference ? "arguments.h" : "prelude.h");
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

/* The text with the headers and kernels that it uses, in lines. `sections` begins with the shared
   ones, which are empty. */
static char *program_text(TemplateEngine *engine, const char *model, Arena *arena,
                          Declarations *declarations, TemplateParam *sections, int count) {
  declarations_mark(declarations, template_render(engine, model, sections, count));
  for (int i = 0; i < SHARED_SECTIONS; i++) sections[i].string = declarations_kept(declarations, i);
  return in_lines(arena, template_render(engine, model, sections, count));
}

/* What the sections of a program are made of. */
typedef struct Parts {
  const Graph *training, *inference;
  const CompileOptions *options;
  CallTexts calls;
  const char *layers, *tables, *descriptor;
} Parts;

enum { SECTIONS_MAX = 32 };

/* The parameters of model.c.in, the shared sections first, which are empty. */
static int make_sections(const Parts *p, TemplateParam sections[SECTIONS_MAX]) {
  const Graph *train = p->training, *infer = p->inference;
  Arena *arena = train->arena;
  const TemplateParam made[] = {
      param_string("vectors", ""),
      param_string("prelude", ""),
      param_string("kernels", ""),
      param_string("name", train->name),
      param_string("command", harmless(arena, p->options->command, false)),
      param_string("target", target_name(p->options->target)),
      param_int("LANES", target_lanes(p->options->target)),
      param_string("real", p->options->real_is_double ? "double" : "float"),
      param_bool("batch_blocked", has_layout(train, infer, LAYOUT_BATCH_BLOCKED)),
      param_bool("channel_blocked", has_layout(train, infer, LAYOUT_CHANNEL_BLOCKED)),
      param_bool("channels_last", has_layout(train, infer, LAYOUT_CHANNELS_LAST)),
      param_bool("padded_rows", has_layout(train, infer, LAYOUT_PADDED_ROWS)),
      param_string("layers", p->layers),
      param_string("parameters", parameter_offsets(train)),
      param_string("training_offsets", graph_is_plain(train)
                                           ? tensor_offsets(train)
                                           : activation_offsets(train, "    ", value_is_planned)),
      param_string("prepacked_offsets", activation_offsets(infer, "    ", is_prepacked)),
      param_string("inference_offsets", activation_offsets(infer, "    ", value_is_planned)),
      param_string("forward", p->calls.forward),
      param_string("backward", p->calls.backward),
      param_string("update", p->calls.update),
      param_string("inference", p->calls.inference),
      param_string("prepacking", p->calls.prepacking),
      param_bool("channels", infer->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("trains_channels", train->image_layout == LAYOUT_CHANNEL_BLOCKED),
      param_bool("prepacks", *p->calls.prepacking != 0),
      param_bool("uses_optimizer_state", optimizer_blocks(&train->recipe) > 0),
      param_bool("uses_buffers", uses_buffers(train, PHASE_FORWARD)),
      param_bool("prepacking_uses_buffers", uses_buffers(infer, PHASE_PREPACK)),
      param_bool("inference_uses_buffers", uses_buffers(infer, PHASE_FORWARD)),
      param_string("tables", p->tables),
      param_string("descriptor", p->descriptor),
  };
  static_assert(sizeof made / sizeof *made <= SECTIONS_MAX, "SECTIONS_MAX");
  memcpy(sections, made, sizeof made);
  return (int)(sizeof made / sizeof *made);
}

/* The headers and kernels of the program, and the names of its values, which must differ from
   theirs. */
static Declarations *name_values(TemplateEngine *engine, Graph *training, Graph *inference,
                                 const CompileOptions *options, const KernelList *kernels) {
  Arena *arena = training->arena;
  const bool scalar = options->target == &target_SCALAR;
  const char *vectors =
      scalar && options->real_is_double ? "vec_double.h" : options->target->header;
  Paster paster = {arena, engine, vectors, {0}};
  const char *shared[SHARED_SECTIONS];
  make_shared_sections(&paster, kernels, shared);
  Declarations *declarations = declarations_scan(arena, shared, SHARED_SECTIONS);
  value_names(training, training, declarations);
  value_names(inference, training, declarations);
  return declarations;
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
  Declarations *declarations = name_values(engine, training, inference, options, &kernels);

  Parts parts = {training,
                 inference,
                 options,
                 call_texts(&train, &infer, logits),
                 layer_table(training, &descriptor.layers, &train.calls),
                 NULL,
                 NULL};
  TextStream tables, fields;
  text_begin(&tables);
  text_begin(&fields);
  write_descriptor(&descriptor, tables.out, fields.out);
  parts.tables = text_done(&tables, arena);
  parts.descriptor = text_done(&fields, arena);

  TemplateParam sections[SECTIONS_MAX];
  const int count = make_sections(&parts, sections);
  const char *model = target_is_reference(options->target) ? "reference_model.c.in" : "model.c.in";
  char *program = program_text(engine, model, arena, declarations, sections, count);
  template_engine_release(engine);
  return program;
}
