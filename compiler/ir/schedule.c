#include "ir/schedule.h"

#include <assert.h>
#include <string.h>

/* The documentation of a kind, and its fields up to one without a name. */
typedef struct KindTable {
  const char *documentation;
  ScheduleField fields[SCHEDULE_FIELDS_MAX];
} KindTable;

enum { NEW = -1 };
#define ALGORITHM_ANY ALGORITHM_NONE /* no enumerator, which had another type */

static const KindTable KINDS[SCHEDULE_KINDS] = {
    [SCHEDULE_NONE] = {.documentation = ""},
#define KIND(id, member, type, documentation) [SCHEDULE_##id] = {documentation, {
#define FIELD(member, field, is_bool, group, old, algorithm, documentation)                        \
  {#field,        is_bool, offsetof(Schedule, member.field),                                       \
   GROUP_##group, old,     ALGORITHM_##algorithm,                                                  \
   documentation},
#define INT(member, field, ...) FIELD(member, field, false, __VA_ARGS__)
#define BOOL(member, field, ...) FIELD(member, field, true, __VA_ARGS__)
#define END(...)                                                                                   \
  }                                                                                                \
  }                                                                                                \
  ,
#include "ir/schedules.def"
#undef KIND
#undef FIELD
#undef INT
#undef BOOL
#undef END
};

const char *schedule_kind_documentation(ScheduleKind kind) {
  return KINDS[kind].documentation;
}

const ScheduleField *schedule_fields(ScheduleKind kind, int *count) {
  const ScheduleField *fields = KINDS[kind].fields;
  *count = 0;
  while (*count < SCHEDULE_FIELDS_MAX && fields[*count].name) ++*count;
  return fields;
}

static bool exists_with(const ScheduleField *field, Algorithm algorithm) {
  return field->algorithm == ALGORITHM_ANY || algorithm == ALGORITHM_NONE ||
         field->algorithm == algorithm;
}

const ScheduleField *schedule_find_field(ScheduleKind kind, Algorithm algorithm, const char *name) {
  int count;
  const ScheduleField *fields = schedule_fields(kind, &count);
  for (int i = 0; i < count; i++)
    if (!strcmp(fields[i].name, name) && exists_with(&fields[i], algorithm)) return &fields[i];
  return NULL;
}

const ScheduleField *schedule_field_at(const Schedule *schedule, const void *number) {
  const size_t offset = (size_t)((const char *)number - (const char *)schedule);
  int count;
  const ScheduleField *fields = schedule_fields(schedule->kind, &count);
  for (int i = 0; i < count; i++)
    if (fields[i].offset == offset) return &fields[i];
  assert(!"a field of another kind of schedule");
  return NULL;
}

bool schedule_has_field(const Schedule *schedule, const ScheduleField *field) {
  return exists_with(field, schedule->algorithm);
}

int schedule_get(const Schedule *schedule, const ScheduleField *field) {
  const char *at = (const char *)schedule + field->offset;
  if (!field->is_bool) return *(const int *)at;
  return *(const bool *)at;
}

void schedule_set(Schedule *schedule, const ScheduleField *field, int value) {
  char *at = (char *)schedule + field->offset;
  if (field->is_bool)
    *(bool *)at = value != 0;
  else
    *(int *)at = value;
}

const char *schedule_text(Arena *arena, const Schedule *s) {
  int count;
  const ScheduleField *fields = schedule_fields(s->kind, &count);
  if (!count) return algorithm_name(s->algorithm);
  const char *text = arena_printf(arena, "algorithm=%s", algorithm_name(s->algorithm));
  for (int i = 0; i < count; i++) {
    if (!schedule_has_field(s, &fields[i])) continue;
    const int value = schedule_get(s, &fields[i]);
    text = fields[i].is_bool
               ? arena_printf(arena, "%s %s=%s", text, fields[i].name, value ? "true" : "false")
               : arena_printf(arena, "%s %s=%d", text, fields[i].name, value);
  }
  return text;
}

const char *algorithm_name(Algorithm algorithm) {
  static const char *const NAMES[] = {[ALGORITHM_NONE] = "none",
                                      [ALGORITHM_DIRECT] = "direct",
                                      [ALGORITHM_TAPS] = "taps",
                                      [ALGORITHM_WINOGRAD] = "winograd"};
  return NAMES[algorithm];
}

int schedule_oc_vectors(const Schedule *s) {
  switch (s->kind) {
  case SCHEDULE_CONV_CHANNEL_BLOCKED:
    return s->conv_channel_blocked.oc_vectors;
  case SCHEDULE_CONV_WINOGRAD:
    return s->conv_winograd.oc_vectors;
  case SCHEDULE_WEIGHTS_CHANNEL_BLOCKED:
    return s->weights_channel_blocked.oc_vectors;
  case SCHEDULE_WEIGHTS_WINOGRAD:
    return s->weights_winograd.oc_vectors;
  case SCHEDULE_PREPACK:
    return s->prepack.oc_vectors;
  default:
    assert(!"no channel-blocked convolution");
    return 0;
  }
}

bool schedule_is_channel_blocked_conv(const Schedule *s) {
  return s->kind == SCHEDULE_CONV_CHANNEL_BLOCKED || s->kind == SCHEDULE_CONV_WINOGRAD ||
         s->kind == SCHEDULE_WEIGHTS_CHANNEL_BLOCKED || s->kind == SCHEDULE_WEIGHTS_WINOGRAD;
}
