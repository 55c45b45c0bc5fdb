#include "schedule/overrides.h"

#include "driver/text.h"
#include "ir/queries.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 1000000, ALGORITHMS = ALGORITHM_WINOGRAD + 1 };

/* --- ops -------------------------------------------------------------------------------------- */

struct ScheduleOp {
  OpKind op;
  const char *name, *old_name; /* of a file, if not the op's; before release 0.2, or NULL */
  bool channel_blocked, inference;
  ScheduleKind kinds[ALGORITHMS]; /* SCHEDULE_NONE: there is no such algorithm */
};

#define BATCH_BLOCKED .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_CONV_BATCH_BLOCKED}

#define CHANNEL_BLOCKED                                                                            \
  .channel_blocked = true, .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_CONV_CHANNEL_BLOCKED,           \
                                     [ALGORITHM_WINOGRAD] = SCHEDULE_CONV_WINOGRAD}

#define DIRECT_ALONE(kind) .kinds = {[ALGORITHM_DIRECT] = (kind)}

static const ScheduleOp OPS[] = {
    {OP_conv2d, NULL, NULL, BATCH_BLOCKED},
    {OP_conv2d_backward_data, NULL, NULL, BATCH_BLOCKED},
    {OP_conv2d_backward_weights, NULL, NULL,
     .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_WEIGHTS_BATCH_BLOCKED,
               [ALGORITHM_TAPS] = SCHEDULE_WEIGHTS_BATCH_BLOCKED}},
    {OP_linear, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_BATCH_BLOCKED)},
    {OP_linear_backward_data, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_BACKWARD_DATA)},
    {OP_linear_backward_weights, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_WEIGHTS)},
    {OP_conv2d_prepacked, NULL, "conv2d_prepared", .inference = true, CHANNEL_BLOCKED},
    {OP_conv2d, "conv2d_channel_blocked", "conv2d_channels", CHANNEL_BLOCKED},
    {OP_conv2d_backward_data, "conv2d_backward_data_channel_blocked",
     "conv2d_backward_data_channels", CHANNEL_BLOCKED},
    {OP_conv2d_backward_weights, "conv2d_backward_weights_channel_blocked",
     "conv2d_backward_weights_channels", .channel_blocked = true,
     .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_WEIGHTS_CHANNEL_BLOCKED,
               [ALGORITHM_TAPS] = SCHEDULE_WEIGHTS_CHANNEL_BLOCKED,
               [ALGORITHM_WINOGRAD] = SCHEDULE_WEIGHTS_WINOGRAD}},
    {OP_linear, "linear_padded_rows", "linear_rows", .channel_blocked = true, .inference = true,
     DIRECT_ALONE(SCHEDULE_LINEAR_PADDED_ROWS)},
};
enum { OPS_COUNT = sizeof OPS / sizeof *OPS };

const ScheduleOp *schedule_op(const Graph *graph, const Node *node) {
  for (int i = 0; i < OPS_COUNT; i++)
    if (OPS[i].op == node->op && OPS[i].channel_blocked == node_is_channel_blocked(graph, node))
      return &OPS[i];
  return NULL;
}

const char *schedule_op_name(const ScheduleOp *op) {
  return op->name ? op->name : op_name(op->op);
}

bool schedule_op_is_inference(const ScheduleOp *op) {
  return op->inference;
}

/* NULL: no algorithm of the op has such a field. */
static const ScheduleField *find_field(const ScheduleOp *op, const char *name) {
  for (int i = 0; i < ALGORITHMS; i++) {
    const ScheduleField *field = schedule_find_field(op->kinds[i], ALGORITHM_NONE, name);
    if (field) return field;
  }
  return NULL;
}

/* Positions that a group had in old files; 0: it had no word. */
static int old_count(const ScheduleOp *op, ScheduleGroup group) {
  int most = 0, count;
  for (int i = 0; i < ALGORITHMS; i++) {
    const ScheduleField *fields = schedule_fields(op->kinds[i], &count);
    for (int k = 0; k < count; k++)
      if (fields[k].group == group && fields[k].old >= most) most = fields[k].old + 1;
  }
  return most;
}

/* --- applying --------------------------------------------------------------------------------- */

/* Whether the line has a value for the field; which. */
static bool find_value(const Override *line, const ScheduleField *field, int *value) {
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
        find_value(line, &fields[i], &value))
      schedule_set(s, &fields[i], value);
}

const char *override_unknown_field(const Override *line, const Schedule *s) {
  for (int i = 0; i < line->fields.count; i++) {
    const char *name = line->fields.at[i].name;
    if (!schedule_find_field(s->kind, s->algorithm, name)) return name;
  }
  return NULL;
}

static const char *listed(Arena *arena, const char *list, const char *word) {
  return arena_printf(arena, "%s%s%s", list, *list ? ", " : "", word);
}

const char *override_fields_text(Arena *arena, ScheduleKind kind, Algorithm algorithm) {
  const char *text = "";
  int count;
  const ScheduleField *fields = schedule_fields(kind, &count);
  for (int i = 0; i < count; i++)
    if (schedule_find_field(kind, algorithm, fields[i].name))
      text = listed(arena, text, fields[i].name);
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

static void help_kind(ScheduleKind kind, FILE *out) {
  const char *before = "op: ";
  fprintf(out, "\n%s\n  ", schedule_kind_documentation(kind));
  for (int i = 0; i < OPS_COUNT; i++) {
    bool there = false;
    for (int a = 0; a < ALGORITHMS; a++) there = there || OPS[i].kinds[a] == kind;
    if (!there) continue;
    fprintf(out, "%s%s", before, schedule_op_name(&OPS[i]));
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
  for (int kind = SCHEDULE_NONE + 1; kind < SCHEDULE_PREPACK; kind++)
    help_kind((ScheduleKind)kind, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const char *const OLD_WORDS[SCHEDULE_GROUPS] = {[GROUP_TILE] = "tile",
                                                       [GROUP_BLOCK] = "block",
                                                       [GROUP_SPLIT_K] = "parts",
                                                       [GROUP_PREPACK] = "pack",
                                                       [GROUP_OC_OUTER] = "tiles_first"};

typedef struct Reading {
  Arena *arena;
  Diag *diag;
  FILE *hints; /* or NULL */
  ScheduleFile *file;
  Override *line;
  const char *old; /* words of an old release in the line; NULL: none */
} Reading;

/* Reports a mistake in the line at hand, with its layer and op where they are known. */
static bool reject(const Reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool reject(const Reading *r, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(r->arena, format, args);
  va_end(args);
  const Override *line = r->line;
  if (!line->layer) return diag_set(r->diag, EXIT_MODEL, line->pos, "%s", text);
  return diag_set(r->diag, EXIT_MODEL, line->pos, "%s %s: %s", line->layer,
                  schedule_op_name(line->op), text);
}

static const char *ops_text(Arena *arena) {
  const char *text = "";
  for (int i = 0; i < OPS_COUNT; i++) text = listed(arena, text, schedule_op_name(&OPS[i]));
  return text;
}

/* Whether the kind stands for an earlier algorithm of the op, too. */
static bool is_repeated(const ScheduleOp *op, int algorithm) {
  for (int i = 0; i < algorithm; i++)
    if (op->kinds[i] == op->kinds[algorithm]) return true;
  return false;
}

/* "algorithm, oc_vectors, ow_unroll": all words of a line about the op, each once. */
static const char *words_text(Arena *arena, const ScheduleOp *op) {
  const char *text = "algorithm";
  for (int a = 0; a < ALGORITHMS; a++) {
    int count;
    const ScheduleField *fields = schedule_fields(op->kinds[a], &count);
    if (is_repeated(op, a)) continue;
    for (int i = 0; i < count; i++) {
      bool there = false;
      for (int b = 0; b < a; b++)
        there = there || schedule_find_field(op->kinds[b], ALGORITHM_NONE, fields[i].name);
      if (!there) text = listed(arena, text, fields[i].name);
    }
  }
  return text;
}

static bool is_op(const char *name) {
  for (OpKind op = 0; op < OP_COUNT; op++)
    if (!strcmp(op_name(op), name)) return true;
  return false;
}

static bool read_op(Reading *r, const char *layer, const char *name) {
  int i = 0;
  while (i < OPS_COUNT && strcmp(schedule_op_name(&OPS[i]), name) != 0 &&
         !(OPS[i].old_name && !strcmp(OPS[i].old_name, name)))
    i++;
  if (i == OPS_COUNT)
    return reject(r,
                  is_op(name) ? "%s has no schedule; ops with a schedule are %s"
                              : "there is no op '%s'; ops with a schedule are %s",
                  name, ops_text(r->arena));
  if (strcmp(schedule_op_name(&OPS[i]), name) != 0) r->old = name;
  const Override *other = schedule_file_find(r->file, &OPS[i], layer);
  r->line->layer = layer;
  r->line->op = &OPS[i];
  return !other || reject(r, "line %d is about it already", other->pos.line);
}

static bool read_algorithm(const Reading *r, const char *value) {
  const ScheduleOp *op = r->line->op;
  const char *text = "";
  if (r->line->algorithm) return reject(r, "algorithm is there twice");
  for (int i = ALGORITHM_DIRECT; i < ALGORITHMS; i++) {
    const Algorithm algorithm = (Algorithm)i;
    if (!op->kinds[i]) continue;
    r->line->algorithm = algorithm;
    if (!strcmp(value, algorithm_name(algorithm))) return true;
    text = arena_printf(r->arena, "%s%s%s", text, *text ? " or " : "", algorithm_name(algorithm));
  }
  return reject(r, "algorithm=%s: must be %s", value, text);
}

/* A whole number up to the end or an x. */
static bool read_number(const char *text, char **end, int *number) {
  const long value = *text >= '0' && *text <= '9' ? strtol(text, end, 10) : 0;
  *number = (int)value;
  return value >= 1 && value <= VALUE_MAX;
}

static bool read_truth(const Reading *r, const char *name, const char *value, int *to) {
  *to = !strcmp(value, "true");
  return *to || !strcmp(value, "false") || reject(r, "%s=%s: must be true or false", name, value);
}

static bool read_field(const Reading *r, const ScheduleField *field, const char *value) {
  OverrideField item = {.name = field->name};
  char *end;
  for (int i = 0; i < r->line->fields.count; i++)
    if (!strcmp(r->line->fields.at[i].name, field->name))
      return reject(r, "%s is there twice", field->name);
  if (field->is_bool) {
    if (!read_truth(r, field->name, value, &item.value)) return false;
  } else if (!read_number(value, &end, &item.value) || *end) {
    return reject(r, "%s=%s: must be a whole number from 1 to %d (%s)", field->name, value,
                  VALUE_MAX, field->documentation);
  }
  LIST_PUSH(r->arena, &r->line->fields, item);
  return true;
}

/* "3x5": exactly as many numbers as the group had. */
static bool read_old(Reading *r, ScheduleGroup group, const char *value) {
  OldNumbers *old = &r->line->old[group];
  const char *at = value, *name = OLD_WORDS[group];
  const int count = old_count(r->line->op, group);
  r->old = r->old ? listed(r->arena, r->old, name) : name;
  if (old->count) return reject(r, "%s is there twice", name);
  if (group == GROUP_PREPACK || group == GROUP_OC_OUTER) {
    old->count = 1;
    return read_truth(r, name, value, &old->number[0]);
  }
  for (; old->count < count; old->count++) {
    char *end;
    if (!read_number(at, &end, &old->number[old->count]) ||
        *end != (old->count + 1 < count ? 'x' : '\0'))
      return reject(r, "%s=%s: must be %d whole number%s from 1 to %d%s", name, value, count,
                    count > 1 ? "s" : "", VALUE_MAX, count > 1 ? " with x between them" : "");
    at = end + 1;
  }
  return true;
}

static bool read_word(Reading *r, char *text) {
  const ScheduleOp *op = r->line->op;
  char *equals = strchr(text, '=');
  if (equals) {
    *equals = '\0';
    if (!strcmp(text, "algorithm")) return read_algorithm(r, equals + 1);
    const ScheduleField *field = find_field(op, text);
    if (field) return read_field(r, field, equals + 1);
    for (int i = 0; i < SCHEDULE_GROUPS; i++)
      if (!strcmp(text, OLD_WORDS[i]) && old_count(op, (ScheduleGroup)i))
        return read_old(r, (ScheduleGroup)i, equals + 1);
  }
  return reject(r, "there is no field '%s%s'; write FIELD=VALUE with a field of %s", text,
                equals ? "=" : "", words_text(r->arena, op));
}

/* The line's fields with the algorithm, in today's words. */
static const char *today(const Reading *r, Algorithm algorithm) {
  const Schedule s = {.algorithm = algorithm, .kind = r->line->op->kinds[algorithm]};
  int count, value;
  const ScheduleField *fields = schedule_fields(s.kind, &count);
  const char *text = arena_printf(r->arena, "algorithm=%s", algorithm_name(algorithm));
  for (int i = 0; i < count; i++) {
    if (!schedule_has_field(&s, &fields[i]) || !find_value(r->line, &fields[i], &value)) continue;
    text = fields[i].is_bool
               ? arena_printf(r->arena, "%s %s=%s", text, fields[i].name, value ? "true" : "false")
               : arena_printf(r->arena, "%s %s=%d", text, fields[i].name, value);
  }
  return text;
}

/* One line for a line of the file in old words: the same in new ones. */
static void hint(const Reading *r) {
  const Override *line = r->line;
  const char *text = "";
  if (!r->hints || !r->old) return;
  for (int i = ALGORITHM_DIRECT; i < ALGORITHMS; i++)
    if (line->op->kinds[i] && (!line->algorithm || line->algorithm == (Algorithm)i))
      text = arena_printf(r->arena, "%s%s%s", text, *text ? ", or " : "", today(r, (Algorithm)i));
  fprintf(r->hints, "%s:%d: %s of an old release: now %s %s %s\n", line->pos.file, line->pos.line,
          r->old, line->layer, schedule_op_name(line->op), text);
}

static bool read_line(Reading *r, char *text) {
  static const char BLANKS[] = " \t\r\v\f";
  char *next = NULL;
  r->old = NULL;
  text[strcspn(text, "#")] = '\0';
  const char *layer = strtok_r(text, BLANKS, &next);
  if (!layer) return true;
  const char *op = strtok_r(NULL, BLANKS, &next);
  if (!op)
    return reject(r,
                  "'%s' is not a whole line; write LAYER OP FIELD=VALUE, such as conv1 conv2d "
                  "oc_unroll=4",
                  layer);
  if (!read_op(r, layer, op)) return false;
  char *word = strtok_r(NULL, BLANKS, &next);
  if (!word)
    return reject(r, "the line has no field; write FIELD=VALUE with a field of %s",
                  words_text(r->arena, r->line->op));
  for (; word; word = strtok_r(NULL, BLANKS, &next))
    if (!read_word(r, word)) return false;
  hint(r);
  LIST_PUSH(r->arena, &r->file->lines, r->line);
  return true;
}

const ScheduleFile *schedule_file_read(Arena *arena, Diag *diag, const char *path, FILE *hints) {
  size_t length;
  char *text = text_read(arena, path, &length);
  Reading r = {
      .arena = arena, .diag = diag, .hints = hints, .file = ARENA_NEW(arena, ScheduleFile)};
  if (!text || strlen(text) != length) {
    diag_set(diag, EXIT_MODEL, (SourcePos){0}, "cannot read %s: %s; name a schedule file", path,
             text ? "it is no text" : strerror(errno));
    return NULL;
  }
  for (int number = 1; text; number++) {
    char *line = strsep(&text, "\n");
    r.line = ARENA_NEW(arena, Override);
    r.line->pos = (SourcePos){path, number};
    if (!read_line(&r, line)) return NULL;
  }
  return r.file;
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
    ops = listed(graph->arena, ops, schedule_op_name(op));
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
