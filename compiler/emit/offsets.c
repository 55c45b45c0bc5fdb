#include "emit/offsets.h"

#include "driver/text.h"
#include "ir/queries.h"

#include <inttypes.h>
#include <string.h>

static void write_shape(FILE *out, const Value *value) {
  fprintf(out, " [");
  for (int i = 0; i < value->rank; i++) fprintf(out, "%s%d", i ? "," : "", value->dim[i]);
  fputc(']', out);
}

/* `name = offset, [shape] in rows`, or `of` the value that it is a part of. Vectors and gradients
   have no shape: calls and tables have the length of vectors, a gradient has its value's shape. */
static void write_offset(FILE *out, const char *indent, const Value *value) {
  const bool shape = value->rank > 1 && value->kind != VALUE_GRADIENT;
  fprintf(out, "%s%s = %" PRId64 ",", indent, value->identifier, value->offset);
  if (shape || value->part_of) fprintf(out, " /*");
  if (shape) write_shape(out, value);
  if (shape && value->layout == LAYOUT_PADDED_ROWS) fprintf(out, " in rows");
  if (value->part_of) fprintf(out, " of %s", value->part_of->identifier);
  fprintf(out, shape || value->part_of ? " */\n" : "\n");
}

/* The four of a batch_norm are one line where they are next to each other. */
static bool write_norm_offsets(FILE *out, const Graph *graph, int i) {
  const char *name, *identifier;
  if (!find_norm(graph, i, &name, &identifier)) return false;
  Value *const *norm = graph->values.at + i; /* weight, bias, running mean and variance */
  int64_t size = norm[1]->offset - norm[0]->offset;
  if (norm[3]->offset - norm[2]->offset != size) return false;
  fprintf(out, "  NORM_OFFSETS(%s, %" PRId64 ", %" PRId64 ", %" PRId64 "),\n", identifier,
          norm[0]->offset, norm[2]->offset, size);
  return true;
}

char *parameter_offsets(const Graph *graph) {
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    if (!value_is_stored(graph->values.at[i])) continue;
    if (write_norm_offsets(text.out, graph, i))
      i += 3;
    else
      write_offset(text.out, "  ", graph->values.at[i]);
  }
  return text_done(&text, graph->arena);
}

/* The first tensor with this gradient; summands of an add have one together. NULL: there is none.
 */
static const Value *owner_of(const Graph *graph, const Value *gradient) {
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->gradient == gradient && value_is_planned(value)) return value;
  }
  return NULL;
}

/* The statistics of a batch_norm are one line where they are next to each other. */
static bool write_statistics_offsets(FILE *out, const char *indent, const Graph *graph, int i) {
  if (i + 1 == graph->values.count) return false;
  const Value *mean = graph->values.at[i], *inverse = graph->values.at[i + 1];
  const size_t all = strlen(mean->identifier), tail = strlen("_mean");
  if (mean->kind != VALUE_ACTIVATION || mean->rank != 1 || all <= tail) return false;
  const char *name = arena_printf(graph->arena, "%.*s", (int)(all - tail), mean->identifier);
  if (strcmp(mean->identifier, arena_printf(graph->arena, "%s_mean", name)) != 0 ||
      strcmp(inverse->identifier, arena_printf(graph->arena, "%s_inverse", name)) != 0 ||
      inverse->offset != mean->offset + mean->dim[0])
    return false;
  fprintf(out, "%sSTATISTICS_OFFSETS(%s, %" PRId64 ", %d),\n", indent, name, mean->offset,
          mean->dim[0]);
  return true;
}

char *tensor_offsets(const Graph *graph) {
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!value_is_planned(value) || owner_of(graph, value)) continue;
    if (write_statistics_offsets(text.out, "  ", graph, i)) {
      i++;
      continue;
    }
    fprintf(text.out, "  %s = %" PRId64 ",", value->identifier, value->offset);
    if (value->gradient && owner_of(graph, value->gradient) == value)
      fprintf(text.out, " %s = %" PRId64 ",", value->gradient->identifier, value->gradient->offset);
    fprintf(text.out, " /*");
    write_shape(text.out, value);
    fprintf(text.out, " */\n");
  }
  return text_done(&text, graph->arena);
}

char *activation_offsets(const Graph *graph, const char *indent, bool (*belongs)(const Value *)) {
  TextStream text;
  text_begin(&text);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (!belongs(value)) continue;
    if (write_statistics_offsets(text.out, indent, graph, i))
      i++;
    else
      write_offset(text.out, indent, value);
  }
  return text_done(&text, graph->arena);
}
