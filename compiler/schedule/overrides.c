#include "schedule/overrides.h"

#include "ir/queries.h"

#include <string.h>

/* --- applying --------------------------------------------------------------------------------- */

bool override_value(const Override *line, const ScheduleField *field, int *value) {
  for (int i = 0; i < line->fields.count; i++) {
    *value = line->fields.at[i].value;
    if (!strcmp(line->fields.at[i].name, field->name)) return true;
  }
  const OldNumbers *old = &line->old[field->group];
  if (field->old < 0 || field->old >= old->count) return false;
  *value = old->number[field->old];
  return true;
}

void override_apply(const Override *line, ScheduleGroup group, Schedule *s) {
  int count, value;
  const ScheduleField *fields = schedule_fields(s->kind, &count);
  for (int i = 0; i < count; i++)
    if (fields[i].group == group && schedule_has_field(s, &fields[i]) &&
        override_value(line, &fields[i], &value))
      schedule_set(s, &fields[i], value);
}

const char *override_unknown_field(const Override *line, const Schedule *s) {
  for (int i = 0; i < line->fields.count; i++) {
    const char *name = line->fields.at[i].name;
    if (!schedule_find_field(s->kind, s->algorithm, name)) return name;
  }
  return NULL;
}

const char *override_fields_text(Arena *arena, ScheduleKind kind, Algorithm algorithm) {
  const char *text = "";
  int count;
  const ScheduleField *fields = schedule_fields(kind, &count);
  for (int i = 0; i < count; i++)
    if (schedule_find_field(kind, algorithm, fields[i].name))
      text = arena_join(arena, text, ", ", fields[i].name);
  return text;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_lines(const Graph *graph, bool inference, FILE *out) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const ScheduleOp *op = schedule_op(graph, node);
    if (op && op->inference == inference)
      fprintf(out, "%s %s %s\n", node->name, schedule_op_name(op),
              schedule_text(graph->arena, &node->schedule));
  }
}

void schedule_file_print(const Graph *training, const Graph *inference, FILE *out) {
  print_lines(training, false, out);
  print_lines(inference, true, out);
}

static bool uses(const ScheduleOp *op, ScheduleKind kind) {
  for (int a = 0; a < SCHEDULE_ALGORITHMS; a++)
    if (op->kinds[a] == kind) return true;
  return false;
}

/* Prepacked weights have the tile of the convolution that reads them, and no op of their own. */
static bool has_ops(ScheduleKind kind) {
  for (int i = 0; schedule_op_at(i); i++)
    if (uses(schedule_op_at(i), kind)) return true;
  return false;
}

static void help_kind(ScheduleKind kind, FILE *out) {
  const char *before = "op: ";
  fprintf(out, "\n%s\n  ", schedule_kind_documentation(kind));
  for (int i = 0; schedule_op_at(i); i++) {
    const ScheduleOp *op = schedule_op_at(i);
    if (!uses(op, kind)) continue;
    fprintf(out, "%s%s", before, schedule_op_name(op));
    before = ", ";
  }
  fputc('\n', out);
  int count;
  const ScheduleField *fields = schedule_fields(kind, &count);
  for (int i = 0; i < count; i++) {
    const char *alone = fields[i].algorithm ? algorithm_name(fields[i].algorithm) : NULL;
    fprintf(out, "  %-12s %s%s%s%s\n", fields[i].name, fields[i].documentation,
            alone ? " (with algorithm=" : "", alone ? alone : "", alone ? ")" : "");
  }
}

void schedule_file_help(FILE *out) {
  fprintf(out, "A schedule file has a line for each op of a layer that it overrides:\n"
               "  LAYER OP [algorithm=NAME] FIELD=VALUE...\n");
  for (int kind = SCHEDULE_NONE + 1; kind < SCHEDULE_KINDS; kind++)
    if (has_ops((ScheduleKind)kind)) help_kind((ScheduleKind)kind, out);
}

/* --- looking up ------------------------------------------------------------------------------- */

const Override *schedule_file_find(const ScheduleFile *file, const ScheduleOp *op,
                                   const char *layer) {
  for (int i = 0; file && i < file->lines.count; i++) {
    const Override *line = file->lines.at[i];
    if (line->op == op && !strcmp(line->layer, layer)) return line;
  }
  return NULL;
}

static bool check_line(const Override *line, const Graph *graph) {
  const char *ops = "";
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const ScheduleOp *op = schedule_op(graph, node);
    if (!op || strcmp(node->name, line->layer) != 0) continue;
    if (op == line->op) return true;
    ops = arena_join(graph->arena, ops, ", ", schedule_op_name(op));
  }
  const char *where = line->op->inference ? " in inference" : "";
  if (*ops)
    return diag_set(graph->diag, EXIT_MODEL, line->pos, "%s has no %s; it has %s%s", line->layer,
                    schedule_op_name(line->op), ops, where);
  return diag_set(graph->diag, EXIT_MODEL, line->pos,
                  "there is no layer '%s' with a schedule%s; cnnc MODEL.lua --dump=schedule-file "
                  "lists all",
                  line->layer, where);
}

bool schedule_file_check(const ScheduleFile *file, const Graph *graph) {
  const bool inference = graph->loss == NULL;
  for (int i = 0; i < file->lines.count; i++) {
    const Override *line = file->lines.at[i];
    if (line->op->inference == inference && !check_line(line, graph)) return false;
  }
  return true;
}
