#include "schedule/decision.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* --- overrides -------------------------------------------------------------------------------- */

void decision_override_algorithm(Decision *d) {
  if (d->override && d->override->algorithm != ALGORITHM_NONE)
    d->s.algorithm = d->override->algorithm;
}

bool decision_begin(Decision *d, ScheduleKind kind) {
  d->s = (Schedule){.algorithm = d->s.algorithm, .kind = kind};
  const char *name = d->override ? override_unknown_field(d->override, &d->s) : NULL;
  return !name || decision_reject(d, "algorithm=%s has no field %s; it has %s",
                                  algorithm_name(d->s.algorithm), name,
                                  override_fields_text(d->graph->arena, kind, d->s.algorithm));
}

void decision_override(Decision *d, ScheduleGroup group) {
  if (d->override) override_apply(d->override, group, &d->s);
}

bool decision_reject(const Decision *d, const char *format, ...) {
  assert(d->override); /* the model keeps the rules */
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(d->graph->arena, format, args);
  va_end(args);
  return diag_set(d->graph->diag, EXIT_MODEL, d->override->pos, "%s %s: %s", d->override->layer,
                  schedule_op_name(d->override->op), text);
}

/* --- checks ----------------------------------------------------------------------------------- */

static const char *field_name(const Decision *d, const int *number) {
  return schedule_field_at(&d->s, number)->name;
}

bool decision_check(const Decision *d, const int *number, int64_t most) {
  if (*number >= 1 && *number <= most) return true;
  const ScheduleField *field = schedule_field_at(&d->s, number);
  if (most == 1)
    return decision_reject(d, "%s must be 1, not %d (%s)", field->name, *number,
                           field->documentation);
  return decision_reject(d, "%s must be from 1 to %" PRId64 ", not %d (%s)", field->name, most,
                         *number, field->documentation);
}

bool decision_check_multiple(const Decision *d, const int *number, int unit) {
  return *number % unit == 0 ||
         decision_reject(d, "%s must be a multiple of %d, as the register tile has so many, not %d",
                         field_name(d, number), unit, *number);
}

bool decision_check_divides(const Decision *d, const int *number, int whole) {
  return whole % *number == 0 ||
         decision_reject(d, "%s must divide %d, not be %d", field_name(d, number), whole, *number);
}

bool decision_check_registers(const Decision *d, const int *rows, const int *columns, int operands,
                              int spare) {
  const int registers = all_registers(d);
  const int64_t needed = (int64_t)*rows * *columns + operands + spare;
  return needed <= registers ||
         decision_reject(d,
                         "%s=%d %s=%d need %" PRId64 " vector registers: an accumulator each, %d "
                         "for operands, %d spare; %s has %d",
                         field_name(d, rows), *rows, field_name(d, columns), *columns, needed,
                         operands, spare, target_name(d->options->target), registers);
}

bool decision_check_tile(const Decision *d, const int *rows, int rows_most, const int *columns,
                         int columns_most) {
  return decision_check(d, rows, rows_most) && decision_check(d, columns, columns_most) &&
         decision_check_registers(d, rows, columns, min_int(*rows, *columns), spare_registers(d));
}

/* --- the target ------------------------------------------------------------------------------- */

int spare_registers(const Decision *d) {
  enum { LINEAR_SPARE = 3 };
  const bool linear = d->node->in[0]->rank == 2;
  return linear ? LINEAR_SPARE : d->options->target->spare_registers;
}

int tile_registers(const Decision *d) {
  return all_registers(d) - spare_registers(d);
}

int all_registers(const Decision *d) {
  return target_registers(d->options->target);
}

int lanes_of(const Decision *d) {
  return target_lanes(d->options->target);
}

int vector_bytes(const CompileOptions *options) {
  return target_lanes(options->target) * real_bytes(options);
}
