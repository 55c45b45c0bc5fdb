#include "emit/lowering.h"
#include "ir/queries.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- parameters and arguments ---------------------------------------------------------------- */

static void add_parameter(Lowering *l, TemplateParam parameter) {
  assert(l->kernel.parameter_count < KERNEL_PARAMETERS_MAX);
  l->kernel.parameters[l->kernel.parameter_count++] = parameter;
}

void lowering_int(Lowering *l, const char *name, int64_t value) {
  add_parameter(l, param_int(name, value));
}

void lowering_bool(Lowering *l, const char *name, bool value) {
  add_parameter(l, param_bool(name, value));
}

void lowering_text(Lowering *l, const char *name, const char *value) {
  add_parameter(l, param_string(name, value));
}

const char *lowering_memory(Lowering *l, const Value *value) {
  const char *block = "a";
  if (value->kind == VALUE_PARAMETER) block = "p";
  if (value->kind == VALUE_BUFFER) block = "s"; /* running statistics: written, too */
  if (value->kind == VALUE_PARAMETER_GRADIENT) block = "d";
  return arena_printf(l->graph->arena, "%s + %s", block, value->identifier);
}

const char *lowering_digits(Lowering *l, double number) {
  const char *text = "";
  for (int digits = 1; digits <= 17; digits++) {
    text = arena_printf(l->graph->arena, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  return text;
}

/* 1e+05 is 1e05 in a name. */
const char *lowering_number(Lowering *l, const char *name, double number) {
  const char *text = lowering_digits(l, number);
  lowering_text(l, name, text);
  char *suffix = arena_printf(l->graph->arena, "%s", text), *to = suffix;
  for (const char *c = text; *c; c++)
    if (*c != '+') *to++ = (char)(isalnum((unsigned char)*c) ? *c : '_');
  *to = '\0';
  return suffix;
}

void lowering_argue(Lowering *l, const char *text) {
  l->arguments = l->arguments ? arena_printf(l->graph->arena, "%s, %s", l->arguments, text) : text;
}

/* Values of one batch_norm that stand behind each other have one word for all of them, a macro of
   the prelude: NORM(bn1) is p + bn1_weight, p + bn1_bias, s + bn1_running_mean, s +
   bn1_running_var.
 */
typedef struct Family {
  const char *macro;
  int count;
  ValueKind kind; /* of the first */
  const char *suffixes[4];
} Family;

static const Family FAMILIES[] = {
    {"NORM", 4, VALUE_PARAMETER, {"_weight", "_bias", "_running_mean", "_running_var"}},
    {"NORMED", 4, VALUE_PARAMETER, {"_weight", "_mean", "_inverse", "_bias"}},
    {"STATISTICS", 2, VALUE_ACTIVATION, {"_mean", "_inverse"}},
    {"NORM_GRADIENT", 2, VALUE_PARAMETER_GRADIENT, {"_weight", "_bias"}},
};

/* "bn1" where the first of the values are such a family; else NULL. */
static const char *family_name(Arena *arena, const Family *family, Value *const *values,
                               int count) {
  if (count < family->count || values[0]->kind != family->kind) return NULL;
  const char *first = values[0]->identifier;
  size_t all = strlen(first), tail = strlen(family->suffixes[0]);
  if (all <= tail) return NULL;
  const char *name = arena_printf(arena, "%.*s", (int)(all - tail), first);
  for (int i = 0; i < family->count; i++)
    if (strcmp(values[i]->identifier, arena_printf(arena, "%s%s", name, family->suffixes[i])) != 0)
      return NULL;
  return name;
}

void lowering_argue_list(Lowering *l, Value *const *values, int count) {
  for (int i = 0; i < count; i++) {
    const Family *family = FAMILIES, *end = FAMILIES + sizeof FAMILIES / sizeof *FAMILIES;
    const char *name = NULL;
    for (; family < end; family++)
      if ((name = family_name(l->graph->arena, family, values + i, count - i)) != NULL) break;
    if (name) {
      lowering_argue(l, arena_printf(l->graph->arena, "%s(%s)", family->macro, name));
      i += family->count - 1;
    } else if (values[i]->kind != VALUE_LOSS) {
      lowering_argue(l, lowering_memory(l, values[i]));
    }
  }
}

void lowering_argue_values(Lowering *l) {
  lowering_argue_list(l, l->node->in, l->node->in_count);
  lowering_argue_list(l, l->node->out, l->node->out_count);
  if (l->node->workspace) lowering_argue(l, lowering_memory(l, l->node->workspace));
}

/* --- names that hold the shape --------------------------------------------------------------- */

/* "_s2_p1" or "_s2x1_p0x2"; what has its usual value is left out. */
const char *lowering_pair_suffix(Lowering *l, const char *letter, const int pair[2], int usual) {
  Arena *arena = l->graph->arena;
  if (pair[0] == usual && pair[1] == usual) return "";
  if (pair[0] == pair[1]) return arena_printf(arena, "_%s%d", letter, pair[0]);
  return arena_printf(arena, "_%s%dx%d", letter, pair[0], pair[1]);
}

const char *lowering_window_suffix(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  return arena_printf(l->graph->arena, "%s%s", lowering_pair_suffix(l, "s", a->stride, 1),
                      lowering_pair_suffix(l, "p", a->padding, 0));
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

/* Shape parameters C H W and O P Q, kernel, stride and padding. */
void lowering_window(Lowering *l, int read, const Value *x, int made, const Value *y) {
  const Attributes *a = &l->node->attributes;
  lowering_int(l, "C", read);
  lowering_int(l, "H", x->dim[2]);
  lowering_int(l, "W", x->dim[3]);
  lowering_int(l, "O", made);
  lowering_int(l, "P", y->dim[2]);
  lowering_int(l, "Q", y->dim[3]);
  lowering_int(l, "KH", a->kernel[0]);
  lowering_int(l, "KW", a->kernel[1]);
  lowering_int(l, "SH", a->stride[0]);
  lowering_int(l, "SW", a->stride[1]);
  lowering_int(l, "PH", a->padding[0]);
  lowering_int(l, "PW", a->padding[1]);
}

/* "6x28x28". */
const char *lowering_image(Lowering *l, const Value *value) {
  return arena_printf(l->graph->arena, "%dx%dx%d", value->dim[1], value->dim[2], value->dim[3]);
}

/* --- kernels of equal shape are one ---------------------------------------------------------- */

static bool same_parameter(const TemplateParam *a, const TemplateParam *b) {
  if (strcmp(a->name, b->name) != 0 || a->type != b->type) return false;
  switch (a->type) {
  case PARAM_INT:
    return a->integer == b->integer;
  case PARAM_BOOL:
    return a->boolean == b->boolean;
  case PARAM_STRING:
    return !strcmp(a->string, b->string);
  }
  return false;
}

static bool same_parameters(const Kernel *a, const Kernel *b) {
  if (a->parameter_count != b->parameter_count) return false;
  for (int i = 0; i < a->parameter_count; i++)
    if (!same_parameter(&a->parameters[i], &b->parameters[i])) return false;
  return true;
}

bool kernel_has_user(const Kernel *kernel, const char *layer) {
  size_t length = strlen(layer);
  for (const char *at = kernel->users; (at = strstr(at, layer)) != NULL; at += length) {
    bool starts = at == kernel->users || at[-1] == ' ';
    if (starts && (at[length] == '\0' || at[length] == ',')) return true;
  }
  return false;
}

/* The kernel of the list that is equal to the given one, which joins it unless it is there. */
static Kernel *find_kernel(Arena *arena, KernelList *kernels, const Kernel *wanted) {
  for (int i = 0; i < kernels->count; i++) {
    Kernel *kernel = kernels->at[i];
    if (strcmp(kernel->name, wanted->name) != 0) continue;
    assert(same_parameters(kernel, wanted));
    return kernel;
  }
  Kernel *kernel = ARENA_NEW(arena, Kernel);
  *kernel = *wanted;
  kernel->users = "";
  LIST_PUSH(arena, kernels, kernel);
  return kernel;
}

const Kernel *lowering_body(Lowering *l, const Kernel *body) {
  return find_kernel(l->graph->arena, l->kernels, body);
}

static const Kernel *add_kernel(Lowering *l, KernelList *kernels, const char *user) {
  Kernel *kernel = find_kernel(l->graph->arena, kernels, &l->kernel);
  if (!kernel_has_user(kernel, user))
    kernel->users =
        arena_printf(l->graph->arena, "%s%s%s", kernel->users, *kernel->users ? ", " : "", user);
  return kernel;
}

Call lower_node(Graph *graph, const Node *node, const CompileOptions *options,
                KernelList *kernels) {
  Lowering l = {.graph = graph, .node = node, .options = options, .kernels = kernels};
  l.lanes = target_lanes(options->target);
  lowering_apply_rule(&l);
  Call call = {0};
  if (!l.kernel.template_name) return call;
  if (node->variant) SET_NAME(&l, "%s%s", l.kernel.name, node->variant);
  call.kernel = add_kernel(&l, kernels, node->name);
  call.arguments = l.arguments;
  const bool both = graph->image_layout != graph->feature_layout && node->phase != PHASE_UPDATE;
  call.team = both && !node_is_channel_blocked(graph, node) ? "lanes" : "t";
  return call;
}

Call lower_logits(Graph *graph, const CompileOptions *options, KernelList *kernels) {
  Lowering l = {.graph = graph, .options = options, .lanes = target_lanes(options->target)};
  bool rows = graph->output->layout == LAYOUT_CHANNEL_BLOCKED;
  l.kernel.template_name = "logits.c.in";
  lowering_int(&l, "K", value_features(graph->output));
  lowering_int(&l, "ROW", rows ? lowering_row(&l, graph->output) : 0);
  SET_NAME(&l, "logits%s_%" PRId64, rows ? "_rows" : "", value_features(graph->output));
  lowering_argue(&l, "state");
  lowering_argue(&l, "batch->count");
  lowering_argue(&l, lowering_memory(&l, graph->output));
  lowering_argue(&l, "logits");
  Call call = {add_kernel(&l, kernels, "infer"), l.arguments, "t"};
  return call;
}
