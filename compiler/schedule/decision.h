/* The decision about one node: the cost model fills in the fields of its schedule group by group,
   and the overrides of a schedule file replace fields as soon as their group is filled in. What
   depends on a group is decided after it. Whatever lowering and kernels rely on is checked of both:
   an override that is wrong goes to the graph's diag, and the model's schedule stays. */
#ifndef CNNC_DECISION_H
#define CNNC_DECISION_H

#include "common/integers.h"
#include "ir/graph.h"
#include "ir/options.h"
#include "schedule/cost_model.h"
#include "schedule/overrides.h"

typedef struct Decision {
  const Node *node;
  const Graph *graph;
  const CompileOptions *options;
  const Override *override; /* or NULL */
  Schedule s;
} Decision;

/* The algorithm of the file in the place of the model's. */
void decision_override_algorithm(Decision *d);

/* The algorithm is final: its fields are 0. False if the file has a field which it lacks. */
bool decision_begin(Decision *d, ScheduleKind kind);

/* The fields of the file in the place of those of the group. */
void decision_override(Decision *d, ScheduleGroup group);

/* Reports what is wrong in the line of the file. Returns false. */
bool decision_reject(const Decision *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The number, a field of d->s, is from 1 to `most`; a multiple of `unit`; divides `whole`. */
bool decision_check(const Decision *d, const int *number, int64_t most);
bool decision_check_multiple(const Decision *d, const int *number, int unit);
bool decision_check_divides(const Decision *d, const int *number, int whole);

/* A register tile of rows x columns accumulators, two fields of d->s, with `operands` registers for
   what is multiplied and `spare` more. */
bool decision_check_registers(const Decision *d, const int *rows, const int *columns, int operands,
                              int spare);

/* The tile is not larger than its output, and fits the registers with the shorter side held. */
bool decision_check_tile(const Decision *d, const int *rows, int rows_most, const int *columns,
                         int columns_most);

/* Registers that a tile leaves: one for what passes through, one or two more for the C compiler,
   which would spill without; and those that it may have. */
int spare_registers(const Decision *d);
int tile_registers(const Decision *d);

/* Vector registers of the target; lanes of a vector, and bytes of so many numbers. */
int all_registers(const Decision *d);
int lanes_of(const Decision *d);
int vector_bytes(const CompileOptions *options);

#endif
