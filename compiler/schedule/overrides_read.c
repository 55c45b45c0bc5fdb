/* Reads schedule files, also in the words of old releases. */
#include "schedule/overrides.h"

#include "driver/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 1000000 };

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
  for (int i = 0; schedule_op_at(i); i++)
    text = arena_join(arena, text, ", ", schedule_op_name(schedule_op_at(i)));
  return text;
}

/* Whether the kind stands for an earlier algorithm of the op, too. */
static bool is_repeated(const ScheduleOp *op, int algorithm) {
  for (int i = 0; i < algorithm; i++)
    if (op->kinds[i] == op->kinds[algorithm]) return true;
  return false;
}

/* "algorithm, oc_vectors, ow_unroll": all words of a line about the op, each once. */
static const char *fields_text(Arena *arena, const ScheduleOp *op) {
  const char *text = "algorithm";
  for (int a = 0; a < SCHEDULE_ALGORITHMS; a++) {
    int count;
    const ScheduleField *fields = schedule_fields(op->kinds[a], &count);
    if (is_repeated(op, a)) continue;
    for (int i = 0; i < count; i++) {
      bool there = false;
      for (int b = 0; b < a; b++)
        there = there || schedule_find_field(op->kinds[b], ALGORITHM_NONE, fields[i].name);
      if (!there) text = arena_join(arena, text, ", ", fields[i].name);
    }
  }
  return text;
}

static bool is_op(const char *name) {
  for (OpKind op = 0; op < OP_COUNT; op++)
    if (!strcmp(op_name(op), name)) return true;
  return false;
}

static bool is_named(const ScheduleOp *op, const char *name) {
  return !strcmp(schedule_op_name(op), name) || (op->old_name && !strcmp(op->old_name, name));
}

static bool read_op(Reading *r, const char *layer, const char *name) {
  int i = 0;
  while (schedule_op_at(i) && !is_named(schedule_op_at(i), name)) i++;
  const ScheduleOp *op = schedule_op_at(i);
  if (!op)
    return reject(r,
                  is_op(name) ? "%s has no schedule; ops with a schedule are %s"
                              : "there is no op '%s'; ops with a schedule are %s",
                  name, ops_text(r->arena));
  if (strcmp(schedule_op_name(op), name) != 0) r->old = name;
  const Override *other = schedule_file_find(r->file, op, layer);
  r->line->layer = layer;
  r->line->op = op;
  return !other || reject(r, "line %d is about it already", other->pos.line);
}

static bool read_algorithm(const Reading *r, const char *value) {
  const ScheduleOp *op = r->line->op;
  const char *text = "";
  if (r->line->algorithm) return reject(r, "algorithm is there twice");
  for (int i = ALGORITHM_DIRECT; i < SCHEDULE_ALGORITHMS; i++) {
    const Algorithm algorithm = (Algorithm)i;
    if (!op->kinds[i]) continue;
    r->line->algorithm = algorithm;
    if (!strcmp(value, algorithm_name(algorithm))) return true;
    text = arena_join(r->arena, text, " or ", algorithm_name(algorithm));
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
  const int count = schedule_op_old_count(r->line->op, group);
  r->old = r->old ? arena_join(r->arena, r->old, ", ", name) : name;
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
    const ScheduleField *field = schedule_op_field(op, text);
    if (field) return read_field(r, field, equals + 1);
    for (int i = 0; i < SCHEDULE_GROUPS; i++)
      if (!strcmp(text, OLD_WORDS[i]) && schedule_op_old_count(op, (ScheduleGroup)i))
        return read_old(r, (ScheduleGroup)i, equals + 1);
  }
  return reject(r,
                equals ? "there is no field '%s'; write FIELD=VALUE with a field of %s"
                       : "'%s' has no value; write FIELD=VALUE with a field of %s",
                text, fields_text(r->arena, op));
}

/* The line's fields with the algorithm, in today's words. */
static const char *today(const Reading *r, Algorithm algorithm) {
  const Schedule s = {.algorithm = algorithm, .kind = r->line->op->kinds[algorithm]};
  int count, value;
  const ScheduleField *fields = schedule_fields(s.kind, &count);
  const char *text = arena_printf(r->arena, "algorithm=%s", algorithm_name(algorithm));
  for (int i = 0; i < count; i++) {
    if (!schedule_has_field(&s, &fields[i]) || !override_value(r->line, &fields[i], &value))
      continue;
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
  for (int i = ALGORITHM_DIRECT; i < SCHEDULE_ALGORITHMS; i++)
    if (line->op->kinds[i] && (!line->algorithm || line->algorithm == (Algorithm)i))
      text = arena_join(r->arena, text, ", or ", today(r, (Algorithm)i));
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
                  fields_text(r->arena, r->line->op));
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
