/* Schedule files: a line with overrides for a node,

     LAYER OP FIELD=VALUE...

   with comments from # to the end of the line. The fields are those of ir/schedules.def, and
   `algorithm`. A dump of a schedule has the same form. */
#ifndef CNNC_OVERRIDES_H
#define CNNC_OVERRIDES_H

#include "schedule/schedule_ops.h"

#include <stdio.h>

typedef struct OverrideField {
  const char *name;
  int value; /* 1 at least; or 0 and 1 for false and true */
} OverrideField;

/* The positional numbers of a group, as files had them up to release 0.1. count 0: none. */
typedef struct OldNumbers {
  int count, number[SCHEDULE_OLD_MAX];
} OldNumbers;

/* A line of the file. */
typedef struct Override {
  SourcePos pos;
  const char *layer;
  const ScheduleOp *op;
  Algorithm algorithm; /* ALGORITHM_NONE: no override */
  LIST_OF(OverrideField) fields;
  OldNumbers old[SCHEDULE_GROUPS];
} Override;

typedef struct ScheduleFile {
  LIST_OF(Override *) lines;
} ScheduleFile;

/* Whether the line has a value for the field; which. */
bool override_value(const Override *line, const ScheduleField *field, int *value);

/* The fields of the line that belong to the group, and to the schedule's kind and algorithm. */
void override_apply(const Override *line, ScheduleGroup group, Schedule *schedule);

/* A field of the line that the schedule's kind and algorithm do not have; NULL: there is none. */
const char *override_unknown_field(const Override *line, const Schedule *schedule);

/* "oc_unroll, ow_unroll": all fields. */
const char *override_fields_text(Arena *arena, ScheduleKind kind, Algorithm algorithm);

/* A line for every node that has a schedule, of both scheduled graphs of a program. What is
   batch-blocked in inference, too, has one line for both. */
void schedule_file_print(const Graph *training, const Graph *inference, FILE *out);

/* All ops, algorithms and fields with what these mean. */
void schedule_file_help(FILE *out);

/* NULL, and the mistake in diag, if the file cannot be read or has another form. pass_schedule
   checks whether a graph has the layers, and its shapes allow the values. Lines in the words of an
   old release are accepted; `hints` gets a line with the new words for each. */
const ScheduleFile *schedule_file_read(Arena *arena, Diag *diag, const char *path, FILE *hints);

/* The line about an op of a layer; NULL: there is none. */
const Override *schedule_file_find(const ScheduleFile *file, const ScheduleOp *op,
                                   const char *layer);

/* Whether the graph, of training or of inference, has a node for every line about such a graph;
   else the first that has none is in its diag. */
bool schedule_file_check(const ScheduleFile *file, const Graph *graph);

#endif
