#include "ir/dump.h"

#include "driver/escape.h"
#include "ir/init.h"
#include "ir/queries.h"

#include <inttypes.h>
#include <string.h>

static const char *const KIND_NAMES[] = {"input",     "activation",         "gradient",
                                         "parameter", "parameter gradient", "loss",
                                         "workspace", "prepacked",          "buffer"};
static const char *const LAYOUT_NAMES[] = {
    "", "plain", "batch_blocked", "padded_rows", "channel_blocked", "channels_last"};
static const char *const PHASE_NAMES[] = {"prepack", "forward", "backward", "update"};
static const char *const ACTIVATION_NAMES[] = {"none", "relu"};

const char *value_kind_name(ValueKind kind) {
  return KIND_NAMES[kind];
}
const char *layout_name(Layout layout) {
  return LAYOUT_NAMES[layout];
}
const char *phase_name(Phase phase) {
  return PHASE_NAMES[phase];
}
const char *activation_name(Activation activation) {
  return ACTIVATION_NAMES[activation];
}

static void print_shape(const Value *value, FILE *out) {
  fputc('[', out);
  for (int i = 0; i < value->rank; i++) fprintf(out, "%s%d", i ? "," : "", value->dim[i]);
  fputc(']', out);
}

static void print_value(const Value *value, FILE *out) {
  fprintf(out, "  %s %s", KIND_NAMES[value->kind], value->name);
  print_shape(value, out);
  if (value_is_stored(value)) {
    fprintf(out, " %s", init_name(value->init.kind));
    if (value->init.kind != INIT_ZEROS) fprintf(out, " %g", value->init.scale);
  }
  if (value->layout != LAYOUT_UNSET) fprintf(out, " layout=%s", LAYOUT_NAMES[value->layout]);
  if (value->part_of) fprintf(out, " part=%s:%d", value->part_of->name, value->part_first);
  if (value->view_of) fprintf(out, " view=%s", value->view_of->name);
  if (value->elements) {
    fprintf(out, " at=%" PRId64 " size=%" PRId64, value->offset, value->elements);
    if (!value_is_stored(value) && value->kind != VALUE_PARAMETER_GRADIENT)
      fprintf(out, " live=%d..%d", value->first, value->last);
  }
  fputc('\n', out);
}

static void print_attributes(const Node *node, FILE *out) {
  const Attributes *a = &node->attributes;
#define PRINT_INT(field) fprintf(out, " " #field "=%d", a->field)
#define PRINT_PAIR(field) fprintf(out, " " #field "=%dx%d", a->field[0], a->field[1])
#define PRINT_BOOL(field) fprintf(out, " " #field "=%s", a->field ? "true" : "false")
#define PRINT_REAL(field) fprintf(out, " " #field "=%g", a->field)
#define PRINT_ACTIVATION(field) fprintf(out, " " #field "=%s", ACTIVATION_NAMES[a->field])
#define PRINT(field, type)                                                                         \
  if (op_has_attribute(node->op, #field)) PRINT_##type(field);
  ATTRIBUTES(PRINT)
#undef PRINT
}

static void print_node(const Graph *graph, const Node *node, FILE *out) {
  fprintf(out, "  ");
  for (int i = 0; i < node->out_count; i++) {
    fprintf(out, "%s%s", i ? ", " : "", node->out[i]->name);
    print_shape(node->out[i], out);
  }
  fprintf(out, "%s%s(", node->out_count ? " = " : "", op_name(node->op));
  for (int i = 0; i < node->in_count; i++) fprintf(out, "%s%s", i ? ", " : "", node->in[i]->name);
  fputc(')', out);
  print_attributes(node, out);
  if (node->schedule.algorithm != ALGORITHM_NONE)
    fprintf(out, " | %s", schedule_text(graph->arena, &node->schedule));
  if (node->pos.file) {
    fputs("  -- ", out);
    escape_print(out, node->pos.file, strlen(node->pos.file));
    fprintf(out, ":%d", node->pos.line);
  }
  fputc('\n', out);
}

void graph_print(const Graph *graph, FILE *out) {
  fprintf(out, "graph %s batch %d\nvalues:\n", graph->name, graph->recipe.batch);
  for (int i = 0; i < graph->values.count; i++) print_value(graph->values.at[i], out);
  int phase = -1;
  for (int i = 0; i < graph->nodes.count; i++) {
    if ((int)graph->nodes.at[i]->phase != phase) {
      phase = (int)graph->nodes.at[i]->phase;
      fprintf(out, "%s:\n", PHASE_NAMES[phase]);
    }
    print_node(graph, graph->nodes.at[i], out);
  }
}
