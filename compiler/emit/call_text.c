#include "emit/call_text.h"

#include "driver/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The address of a value: the block that holds it, and its offset there. A textbook has macros
   A(conv1), P(conv1_weight) and D(conv1_weight) for the three blocks; a NULL is one of its own. */
static void write_address(FILE *out, const Value *value, bool textbook) {
  if (!value) {
    fputs("NULL", out);
    return;
  }
  const char *block = "a";
  if (value->kind == VALUE_PARAMETER) block = "p";
  if (value->kind == VALUE_BUFFER) block = "s"; /* running statistics: written, too */
  if (value->kind == VALUE_PARAMETER_GRADIENT) block = "d";
  if (textbook && value->rank > 1)
    fprintf(out, "%c(%s)", toupper((unsigned char)*block), value->identifier);
  else
    fprintf(out, "%s + %s", block, value->identifier);
}

/* --- values of one batch_norm --------------------------------------------------------------- */

/* Addresses that follow each other and belong to one batch_norm are a macro of the prelude:
   NORM(bn1) is p + bn1_weight, p + bn1_bias, s + bn1_running_mean, s + bn1_running_var. */
typedef struct Family {
  const char *macro;
  int count;
  ValueKind kind; /* of the first */
  const char *suffixes[4];
} Family;

static const Family FAMILIES[] = {
    {"NORM", 4, VALUE_PARAMETER, {"_weight", "_bias", "_running_mean", "_running_var"}},
    {"NORMED", 4, VALUE_PARAMETER, {"_weight", "_mean", "_inverse", "_bias"}},
    {"STATISTICS", 2, VALUE_ACTIVATION, {"_mean", "_inverse"}},
    {"NORM_GRADIENT", 2, VALUE_PARAMETER_GRADIENT, {"_weight", "_bias"}},
};

typedef LIST_OF(const Value *) Values;

/* Length of "bn1" where the values from number `first` on are such a family; else 0. */
static int family_name(const Family *family, const Values *values, int first) {
  for (int i = 0; i < family->count; i++)
    if (first + i >= values->count || !values->at[first + i]) return 0;
  if (values->at[first]->kind != family->kind) return 0;
  const char *name = values->at[first]->identifier;
  const size_t all = strlen(name), tail = strlen(family->suffixes[0]);
  if (all <= tail) return 0;
  const size_t length = all - tail;
  for (int i = 0; i < family->count; i++) {
    const char *other = values->at[first + i]->identifier;
    if (strncmp(other, name, length) != 0 || strcmp(other + length, family->suffixes[i]) != 0)
      return 0;
  }
  return (int)length;
}

static void write_addresses(FILE *out, const Values *values, bool textbook) {
  const Family *end = FAMILIES + sizeof FAMILIES / sizeof *FAMILIES;
  for (int i = 0; i < values->count; i++) {
    int length = 0;
    const Family *family = FAMILIES;
    while (family < end && !(length = family_name(family, values, i))) family++;
    if (i > 0) fputs(", ", out);
    if (length > 0) {
      fprintf(out, "%s(%.*s)", family->macro, length, values->at[i]->identifier);
      i += family->count - 1;
    } else {
      write_address(out, values->at[i], textbook);
    }
  }
}

/* --- arguments -------------------------------------------------------------------------------- */

static void write_norm_input(FILE *out, Arena *arena, const Argument *argument) {
  Values values = {0};
  for (int i = 0; i < argument->count; i++) LIST_PUSH(arena, &values, argument->values[i]);
  fputs("(norm_input){", out);
  write_addresses(out, &values, false);
  fputs(argument->count == 4 ? ", NULL}" : "}", out);
}

/* One block of optimiser state follows the other. */
static void write_optimizer(FILE *out, const Argument *argument) {
  fputs("o", out);
  if (argument->integer == 1) fprintf(out, " + (size_t)%" PRId64, argument->count);
  if (argument->integer > 1)
    fprintf(out, " + (size_t)%" PRId64 " * %" PRId64, argument->integer, argument->count);
  fprintf(out, " + %s", argument->value->identifier);
}

/* Arguments that are one text, and what stands in front of those that are a list of ints. */
static const char *const TEXTS[] = {[ARGUMENT_STATE] = "state",
                                    [ARGUMENT_BATCH] = "batch",
                                    [ARGUMENT_BATCH_COUNT] = "batch->count",
                                    [ARGUMENT_LOGITS] = "logits",
                                    [ARGUMENT_IMAGE] = "(image){",
                                    [ARGUMENT_INTS] = "(const int[]){"};

static void write_ints(FILE *out, const Argument *argument) {
  for (int i = 0; i < argument->count; i++) fprintf(out, "%s%d", i ? ", " : "", argument->ints[i]);
  fputc('}', out);
}

/* In the order of the struct: names would take 12 kB of the largest nets. */
static void write_weights_shape(FILE *out, const weights_shape *s) {
  fprintf(out, "(weights_shape){LANES, %d, %d, %d, %d, %d, %d}", s->ic, s->oc, s->groups, s->kh,
          s->kw, s->oc_vectors);
}

static void write_argument(FILE *out, Arena *arena, const Argument *argument) {
  switch (argument->kind) {
  case ARGUMENT_OPTIMIZER:
    write_optimizer(out, argument);
    break;
  case ARGUMENT_NORM_INPUT:
    write_norm_input(out, arena, argument);
    break;
  case ARGUMENT_WEIGHTS_SHAPE:
    write_weights_shape(out, &argument->weights);
    break;
  case ARGUMENT_INT:
    fprintf(out, "%" PRId64, argument->integer);
    break;
  case ARGUMENT_NUMBER:
    fprintf(out, "%.9g", argument->number);
    break;
  default:
    fputs(TEXTS[argument->kind], out);
    if (argument->count > 0) write_ints(out, argument);
    break;
  }
}

/* What stands in front of all arguments: who works, or on how many images. */
static const char *first_argument(const Call *call, bool textbook) {
  if (!textbook) return call->of_groups ? "lanes" : "t";
  return call->node && call->node->phase == PHASE_UPDATE ? "" : "N";
}

char *call_text(Arena *arena, const Call *call, bool textbook) {
  TextStream text;
  text_begin(&text);
  const char *separator = first_argument(call, textbook);
  fprintf(text.out, "%s(%s", call->kernel->name, separator);
  separator = *separator ? ", " : "";
  for (int i = 0; i < call->arguments.count;) {
    Values values = {0}; /* in a row */
    for (; i < call->arguments.count && call->arguments.at[i]->kind == ARGUMENT_VALUE; i++)
      LIST_PUSH(arena, &values, call->arguments.at[i]->value);
    fputs(separator, text.out);
    separator = ", ";
    if (values.count > 0)
      write_addresses(text.out, &values, textbook);
    else
      write_argument(text.out, arena, call->arguments.at[i++]);
  }
  fputc(')', text.out);
  return text_done(&text, arena);
}
