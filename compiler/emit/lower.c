#include "emit/lowering.h"

#include "driver/target.h"
#include "ir/queries.h"

#include <assert.h>
#include <string.h>

/* --- parameters ------------------------------------------------------------------------------- */

static void add_parameter(Kernel *kernel, TemplateParam parameter) {
  assert(kernel->parameter_count < KERNEL_PARAMETERS_MAX);
  kernel->parameters[kernel->parameter_count++] = parameter;
}

void kernel_int(Kernel *kernel, const char *name, int64_t value) {
  add_parameter(kernel, param_int(name, value));
}

void kernel_bool(Kernel *kernel, const char *name, bool value) {
  add_parameter(kernel, param_bool(name, value));
}

void kernel_text(Kernel *kernel, const char *name, const char *value) {
  add_parameter(kernel, param_string(name, value));
}

void kernel_number(Kernel *kernel, const char *name, double value) {
  add_parameter(kernel, param_number(name, value));
}

void kernel_reference(Kernel *kernel, const char *name, const Kernel *other) {
  if (other)
    add_parameter(kernel, param_reference(name, &other->name));
  else
    kernel_text(kernel, name, "");
}

const TemplateParam *kernel_parameter(const Kernel *kernel, const char *name) {
  for (int i = 0; i < kernel->parameter_count; i++)
    if (!strcmp(kernel->parameters[i].name, name)) return &kernel->parameters[i];
  return NULL;
}

int lowering_planes(const Lowering *l, const Value *value) {
  if (value->layout != LAYOUT_CHANNEL_BLOCKED) return value->dim[1];
  return (value->dim[1] + l->lanes - 1) / l->lanes;
}

int64_t lowering_row(const Lowering *l, const Value *value) {
  return (value_features(value) + l->lanes - 1) / l->lanes * l->lanes;
}

bool lowering_is_channel_blocked(const Lowering *l) {
  return node_is_channel_blocked(l->graph, l->node);
}

void lowering_set_layout(Lowering *l, const char *template_name) {
  l->kernel.template_name = template_name;
  kernel_bool(&l->kernel, "channel_blocked", lowering_is_channel_blocked(l));
}

void lowering_window(Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  Kernel *k = &l->kernel;
  kernel_int(k, "IH", x->dim[2]);
  kernel_int(k, "IW", x->dim[3]);
  kernel_int(k, "OH", y->dim[2]);
  kernel_int(k, "OW", y->dim[3]);
  kernel_int(k, "KH", a->kernel[0]);
  kernel_int(k, "KW", a->kernel[1]);
  kernel_int(k, "SH", a->stride[0]);
  kernel_int(k, "SW", a->stride[1]);
  kernel_int(k, "PH", a->padding[0]);
  kernel_int(k, "PW", a->padding[1]);
}

/* --- arguments -------------------------------------------------------------------------------- */

void lowering_pass(Lowering *l, Argument argument) {
  Argument *copy = ARENA_NEW(l->arena, Argument);
  *copy = argument;
  LIST_PUSH(l->arena, &l->call->arguments, copy);
}

void lowering_pass_int(Lowering *l, int64_t integer) {
  lowering_pass(l, (Argument){.kind = ARGUMENT_INT, .integer = integer});
}

void lowering_pass_value(Lowering *l, const Value *value) {
  if (value->kind == VALUE_LOSS) return; /* state has its place */
  lowering_pass(l, (Argument){.kind = ARGUMENT_VALUE, .value = value});
}

void lowering_pass_ints(Lowering *l, int kind, int count, const int *ints) {
  int *copy = ARENA_ARRAY(l->arena, int, count);
  memcpy(copy, ints, sizeof *copy * (size_t)count);
  lowering_pass(l, (Argument){.kind = kind, .ints = copy, .count = count});
}

void lowering_pass_image(Lowering *l, const Value *value) {
  lowering_pass_ints(l, ARGUMENT_IMAGE, 3, value->dim + 1);
}

void lowering_pass_values(Lowering *l) {
  const Node *node = l->node;
  for (int i = 0; i < node->in_count; i++) lowering_pass_value(l, node->in[i]);
  for (int i = 0; i < node->out_count; i++) lowering_pass_value(l, node->out[i]);
  if (node->workspace) lowering_pass_value(l, node->workspace);
}

/* --- equal kernels are one ------------------------------------------------------------------ */

static bool same_parameter(const TemplateParam *a, const TemplateParam *b) {
  if (strcmp(a->name, b->name) != 0 || a->type != b->type) return false;
  switch (a->type) {
  case PARAM_INT:
    return a->integer == b->integer;
  case PARAM_BOOL:
    return a->boolean == b->boolean;
  case PARAM_STRING:
    return !strcmp(a->string, b->string);
  case PARAM_NUMBER:
    return a->number == b->number;
  case PARAM_REFERENCE:
    return a->reference == b->reference;
  }
  return false;
}

static bool same_kernel(const Kernel *a, const Kernel *b) {
  if (strcmp(a->template_name, b->template_name) != 0) return false;
  if (a->parameter_count != b->parameter_count) return false;
  for (int i = 0; i < a->parameter_count; i++)
    if (!same_parameter(&a->parameters[i], &b->parameters[i])) return false;
  return true;
}

static Kernel *share_kernel(Arena *arena, KernelList *kernels, const Kernel *wanted) {
  for (int i = 0; i < kernels->count; i++)
    if (same_kernel(kernels->at[i], wanted)) return kernels->at[i];
  Kernel *kernel = ARENA_NEW(arena, Kernel);
  *kernel = *wanted;
  kernel->users = "";
  LIST_PUSH(arena, kernels, kernel);
  return kernel;
}

const Kernel *lowering_share(Lowering *l, const Kernel *kernel) {
  return share_kernel(l->arena, l->kernels, kernel);
}

/* Whether the layer is in the list "conv1, conv2". */
static bool has_user(const char *users, const char *layer) {
  const size_t length = strlen(layer);
  for (const char *at = users; (at = strstr(at, layer)) != NULL; at += length) {
    const bool starts = at == users || at[-1] == ' ';
    if (starts && (at[length] == '\0' || at[length] == ',')) return true;
  }
  return false;
}

/* Shares the kernel that the rule has filled in, and makes it the call's. */
static Call *finish(Lowering *l, const char *user) {
  Kernel *kernel = share_kernel(l->arena, l->kernels, &l->kernel);
  if (!has_user(kernel->users, user))
    kernel->users = arena_join(l->arena, kernel->users, ", ", user);
  l->call->kernel = kernel;
  return l->call;
}

/* --- graphs ----------------------------------------------------------------------------------- */

static Lowering begin(const Graph *graph, const Node *node, const CompileOptions *options,
                      KernelList *kernels) {
  Lowering l = {.arena = graph->arena,
                .graph = graph,
                .node = node,
                .options = options,
                .kernels = kernels,
                .lanes = target_lanes(options->target),
                .call = ARENA_NEW(graph->arena, Call)};
  l.call->node = node;
  return l;
}

static Call *lower_node(const Graph *graph, const Node *node, const CompileOptions *options,
                        KernelList *kernels) {
  Lowering l = begin(graph, node, options, kernels);
  lowering_apply_rule(&l);
  l.call->of_groups = graph->image_layout != graph->feature_layout && node->phase != PHASE_UPDATE &&
                      !node_is_channel_blocked(graph, node);
  if (l.kernel.template_name) finish(&l, node->name);
  return l.call;
}

/* In a textbook, the gradients of a layer stand behind it: kernels join the list in this order. */
static void list_by_layers(const Graph *graph, const CompileOptions *options, KernelList *kernels) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *layer = graph->nodes.at[i];
    if (layer->phase != PHASE_FORWARD) continue;
    lower_node(graph, layer, options, kernels);
    for (int k = i + 1; k < graph->nodes.count; k++)
      if (graph->nodes.at[k]->forward == layer)
        lower_node(graph, graph->nodes.at[k], options, kernels);
  }
}

CallList lower_graph(const Graph *graph, const CompileOptions *options, KernelList *kernels) {
  CallList calls = {0};
  if (target_is_reference(options->target)) list_by_layers(graph, options, kernels);
  for (int i = 0; i < graph->nodes.count; i++)
    LIST_PUSH(graph->arena, &calls, lower_node(graph, graph->nodes.at[i], options, kernels));
  return calls;
}

Call *lower_logits(const Graph *graph, const CompileOptions *options, KernelList *kernels) {
  Lowering l = begin(graph, NULL, options, kernels);
  if (target_is_reference(options->target)) {
    lower_reference_logits(&l);
    return finish(&l, "infer");
  }
  const bool rows = graph->output->layout == LAYOUT_CHANNEL_BLOCKED;
  l.kernel.template_name = "logits.c.in";
  kernel_int(&l.kernel, "K", value_features(graph->output));
  kernel_int(&l.kernel, "ROW", rows ? lowering_row(&l, graph->output) : 0);
  lowering_pass(&l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass(&l, (Argument){.kind = ARGUMENT_BATCH_COUNT});
  lowering_pass_value(&l, graph->output);
  lowering_pass(&l, (Argument){.kind = ARGUMENT_LOGITS});
  return finish(&l, "infer");
}
