/* What the schedule pass decided about a node, as plain data: an algorithm, and a struct by the
   kind of kernel. ir/schedules.def has the kinds, their fields and what these mean. */
#ifndef CNNC_SCHEDULE_H
#define CNNC_SCHEDULE_H

#include "driver/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum Algorithm {
  ALGORITHM_NONE,    /* a view: no code */
  ALGORITHM_DIRECT,  /* loops over the shape with one register tile */
  ALGORITHM_TAPS,    /* conv2d_backward_weights: the tile holds the taps of a row of the filter */
  ALGORITHM_WINOGRAD /* of 3x3 or 5x5, channel-blocked: F(4x4, 3x3), F(2x2, 5x5) */
} Algorithm;

#define KIND(id, member, type, documentation) typedef struct type {
#define INT(member, field, ...) int field;
#define BOOL(member, field, ...) bool field;
#define END(id, member, type)                                                                      \
  }                                                                                                \
  type;
#include "ir/schedules.def"
#undef KIND
#undef INT
#undef BOOL
#undef END

typedef enum ScheduleKind {
  SCHEDULE_NONE, /* an op whose kernel leaves no choice */
#define KIND(id, ...) SCHEDULE_##id,
#define INT(...)
#define BOOL(...)
#define END(...)
#include "ir/schedules.def"
#undef KIND
#undef INT
#undef BOOL
#undef END
  SCHEDULE_KINDS
} ScheduleKind;

typedef struct Schedule {
  Algorithm algorithm;
  ScheduleKind kind;
  union {
#define KIND(...)
#define INT(...)
#define BOOL(...)
#define END(id, member, type) type member;
#include "ir/schedules.def"
#undef KIND
#undef INT
#undef BOOL
#undef END
  };
} Schedule;

/* Fields of a group are decided together. */
typedef enum ScheduleGroup {
  GROUP_TILE,
  GROUP_BLOCK,
  GROUP_SPLIT_K,
  GROUP_PREPACK,
  GROUP_OC_OUTER,
  SCHEDULE_GROUPS
} ScheduleGroup;

typedef struct ScheduleField {
  const char *name;
  bool is_bool; /* else an int */
  size_t offset;
  ScheduleGroup group;
  int old;             /* position in the word that files had for the group; -1: none */
  Algorithm algorithm; /* which alone has the field; ALGORITHM_NONE: all have it */
  const char *documentation;
} ScheduleField;

/* Most fields of a kind, and most positions of a group in old schedule files. */
enum { SCHEDULE_FIELDS_MAX = 10, SCHEDULE_OLD_MAX = 5 };

/* "conv2d_backward_weights, channel-blocked" */
const char *schedule_kind_documentation(ScheduleKind kind);

/* Those of the kind, whatever the algorithm, in the order of schedules.def. */
const ScheduleField *schedule_fields(ScheduleKind kind, int *count);

/* NULL: the kind has no such field with the algorithm. ALGORITHM_NONE: with any. */
const ScheduleField *schedule_find_field(ScheduleKind kind, Algorithm algorithm, const char *name);

/* The field that stands there in a schedule: schedule_field_at(s, &s->conv_winograd.tile_block). */
const ScheduleField *schedule_field_at(const Schedule *schedule, const void *number);

bool schedule_has_field(const Schedule *schedule, const ScheduleField *field);
int schedule_get(const Schedule *schedule, const ScheduleField *field);
void schedule_set(Schedule *schedule, const ScheduleField *field, int value);

/* "algorithm=taps oc_unroll=3 kw_taps=5 oh_block=5 oc_block=3"; the algorithm's name alone where
   there are no fields. */
const char *schedule_text(Arena *arena, const Schedule *schedule);

const char *algorithm_name(Algorithm algorithm);

/* Whether it is of a channel-blocked convolution or its gradients. */
bool schedule_is_channel_blocked_conv(const Schedule *schedule);

/* Vectors of output channels of the register tile, of a channel-blocked convolution or the node
   that prepacks its weights. */
int schedule_oc_vectors(const Schedule *schedule);

#endif
