/* check_nodes GRAPH.json TRACE.safetensors [--tolerance T] [--largest]

   Compares everything that a generated program computed in one training step, or in inference, with
   naive twins. GRAPH.json is `cnnc export --after=layout` of the model, or --after=inference;
   TRACE.safetensors what the program, made with --keep-values, wrote with `trace`, or with
   `trace --infer`. Every node's inputs are taken from the trace, its
   outputs are computed again in double, and must be equal to those in the trace: exactly, which
   they are where all numbers are small integers (trace --integers) and a power of two divides
   them, or within T times the sum of the absolute terms; --largest: within T times the largest of
   these in the tensor, for Winograd convolutions, where all pixels of an output tile have the same
   rounding errors.

   Of inference, the logits that the program gives must be those that it computed.

   Exits with 1 and prints where, if they are not. */
#include "train/safetensors.h"
#include "twins.h"

#include <cjson/cJSON.h>

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Check {
  Arena *arena;
  const char *graph_path, *trace_path;
  double tolerance; /* 0: exact */
  int largest;      /* of the tensor's magnitude */
  cnn_safetensors trace;
  Batch batch;
  LIST_OF(Tensor *) tensors;
  LIST_OF(Step *) steps;
  const Tensor *output;
  Expected loss;         /* of all steps so far that are losses, the last of which is last_loss */
  const Step *last_loss; /* NULL: inference */
  long long compared, wrong;
} Check;

__attribute__((format(printf, 1, 2))) static void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "check_nodes: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  exit(2);
}

/* --- the trace -------------------------------------------------------------------------------- */

static const cnn_tensor *traced(const Check *check, const char *name) {
  const cnn_tensor *tensor = cnn_safetensors_find(&check->trace, name);
  if (!tensor) die("%s: has no '%s'", check->trace_path, name);
  return tensor;
}

static const double *traced_numbers(Check *check, const char *name) {
  const cnn_tensor *tensor = traced(check, name);
  int64_t count = cnn_tensor_count(tensor);
  double *numbers = ARENA_ARRAY(check->arena, double, count);
  for (int64_t i = 0; i < count; i++) numbers[i] = cnn_tensor_get(tensor, i);
  return numbers;
}

static void open_trace(Check *check) {
  cnn_error error = {0};
  if (!cnn_safetensors_open(&check->trace, check->trace_path, &error)) die("%s", error.message);
  check->batch =
      (Batch){(int)cnn_tensor_count(traced(check, "labels")), traced_numbers(check, "labels"),
              traced_numbers(check, "scale"), traced_numbers(check, "shift")};
}

/* --- the graph -------------------------------------------------------------------------------- */

static cJSON *read_json(const char *path) {
  FILE *file = fopen(path, "r");
  char *text = NULL;
  size_t size = 0;
  if (!file || getdelim(&text, &size, '\0', file) < 0) die("%s: cannot be read", path);
  fclose(file);
  cJSON *root = cJSON_Parse(text);
  free(text);
  if (!root) die("%s: is not JSON", path);
  return root;
}

static const cJSON *member(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  if (!item) die("an object without '%s':\n%s", name, cJSON_Print(object));
  return item;
}

static const char *text_member(const cJSON *object, const char *name) {
  return cJSON_GetStringValue(member(object, name));
}

static ValueKind kind_named(const char *name) {
  for (ValueKind kind = VALUE_INPUT; kind <= VALUE_BUFFER; kind++)
    if (strcmp(name, value_kind_name(kind)) == 0) return kind;
  die("a value of kind '%s'", name);
  return VALUE_INPUT;
}

/* Parameters, their gradients, running statistics and those of a batch have none. */
static bool has_images(const Tensor *tensor, int rank) {
  switch (tensor->kind) {
  case VALUE_PARAMETER:
  case VALUE_PARAMETER_GRADIENT:
  case VALUE_BUFFER:
  case VALUE_PREPACKED:
    return false;
  case VALUE_ACTIVATION:
    return rank > 1;
  default:
    return true;
  }
}

/* Shapes: the graph's, with the images that the trace has of the batch. */
static void read_value(Check *check, const cJSON *item) {
  Tensor *tensor = ARENA_NEW(check->arena, Tensor);
  tensor->kind = kind_named(text_member(item, "kind"));
  tensor->name = arena_strdup(check->arena, text_member(item, "name"));
  const char *name = tensor->kind == VALUE_INPUT  ? "images"
                     : tensor->kind == VALUE_LOSS ? "loss"
                                                  : tensor->name;
  const cJSON *shape = member(item, "shape");
  const cnn_tensor *numbers = traced(check, name);
  if (numbers->rank != cJSON_GetArraySize(shape)) die("%s: has another rank in the trace", name);
  for (int i = 0; i < 4; i++) {
    tensor->dim[i] = i < numbers->rank ? cJSON_GetArrayItem(shape, i)->valueint : 1;
    if (i == 0 && has_images(tensor, numbers->rank)) tensor->dim[i] = check->batch.count;
    if (i < numbers->rank && numbers->shape[i] != tensor->dim[i])
      die("%s: dimension %d is %lld in the trace, not %d", name, i, (long long)numbers->shape[i],
          tensor->dim[i]);
  }
  tensor->data = traced_numbers(check, name);
  LIST_PUSH(check->arena, &check->tensors, tensor);
}

static const Tensor *find_tensor(const Check *check, const char *name) {
  for (int i = 0; i < check->tensors.count; i++)
    if (strcmp(check->tensors.at[i]->name, name) == 0) return check->tensors.at[i];
  die("%s: no value '%s'", check->graph_path, name);
  return NULL;
}

static OpKind op_named(const char *name) {
  for (OpKind op = 0; op < OP_COUNT; op++)
    if (strcmp(name, op_name(op)) == 0) return op;
  die("no op '%s'", name);
  return OP_COUNT;
}

static void read_INT(const cJSON *item, int *to) {
  *to = item->valueint;
}
static void read_PAIR(const cJSON *item, int (*to)[2]) {
  for (int i = 0; i < 2; i++) (*to)[i] = cJSON_GetArrayItem(item, i)->valueint;
}
static void read_BOOL(const cJSON *item, bool *to) {
  *to = cJSON_IsTrue(item);
}
static void read_REAL(const cJSON *item, double *to) {
  *to = item->valuedouble;
}
static void read_ACTIVATION(const cJSON *item, Activation *to) {
  *to = strcmp(cJSON_GetStringValue(item), "relu") == 0 ? ACTIVATION_RELU : ACTIVATION_NONE;
}

/* What an op does not have stays neutral. */
static Attributes read_attributes(const cJSON *object) {
  Attributes a = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
  const cJSON *item;
#define READ(field, type)                                                                          \
  if ((item = cJSON_GetObjectItemCaseSensitive(object, #field))) read_##type(item, &a.field);
  ATTRIBUTES(READ)
#undef READ
  return a;
}

static const Tensor **read_names(const Check *check, const cJSON *names, int *count) {
  *count = cJSON_GetArraySize(names);
  const Tensor **tensors = ARENA_ARRAY(check->arena, const Tensor *, *count);
  for (int i = 0; i < *count; i++)
    tensors[i] = find_tensor(check, cJSON_GetStringValue(cJSON_GetArrayItem(names, i)));
  return tensors;
}

static void read_node(Check *check, const cJSON *item) {
  Step *step = ARENA_NEW(check->arena, Step);
  step->op = op_named(text_member(item, "op"));
  step->name = arena_strdup(check->arena, text_member(item, "name"));
  step->attributes = read_attributes(member(item, "attributes"));
  step->in = read_names(check, member(item, "inputs"), &step->in_count);
  step->out = read_names(check, member(item, "outputs"), &step->out_count);
  for (int i = 0; i < check->steps.count; i++) {
    const Step *other = check->steps.at[i];
    const bool forward = other->op == OP_dropout || other->op == OP_max_pool2d;
    if (forward && strcmp(other->name, step->name) == 0) step->forward = other;
    if (other->op == OP_prepack_conv2d && step->in_count > 1 && other->out[0] == step->in[1])
      step->maker = other;
  }
  LIST_PUSH(check->arena, &check->steps, step);
}

static void read_graph(Check *check) {
  cJSON *root = read_json(check->graph_path);
  const cJSON *item;
  cJSON_ArrayForEach(item, member(root, "values")) read_value(check, item);
  cJSON_ArrayForEach(item, member(root, "nodes")) read_node(check, item);
  check->output = find_tensor(check, text_member(root, "output"));
  cJSON_Delete(root);
}

/* --- comparison ------------------------------------------------------------------------------- */

static bool agrees(const Check *check, double actual, double expected, double magnitude) {
  return fabs(actual - expected) <= check->tolerance * magnitude; /* not with a NaN */
}

static void report(const Step *step, const Tensor *tensor, size_t i, const Expected *expected) {
  size_t plain = i, at[4];
  for (int d = 3; d >= 0; d--) {
    at[d] = plain % (size_t)tensor->dim[d];
    plain /= (size_t)tensor->dim[d];
  }
  fprintf(stderr,
          "%s '%s': %s[%zu,%zu,%zu,%zu] is %.9g, but the twin has %.9g (absolute terms "
          "sum up to %g)\n",
          op_name(step->op), step->name, tensor->name, at[0], at[1], at[2], at[3], tensor->data[i],
          expected->value[i], expected->magnitude[i]);
}

static void compare(Check *check, const Step *step, const Tensor *tensor,
                    const Expected *expected) {
  long long wrong = 0;
  double largest = 0;
  for (size_t i = 0; i < tensor_count(tensor); i++) largest = fmax(largest, expected->magnitude[i]);
  for (size_t i = 0; i < tensor_count(tensor); i++) {
    const double magnitude = check->largest ? largest : expected->magnitude[i];
    if (agrees(check, tensor->data[i], expected->value[i], magnitude)) continue;
    if (wrong++ < 3) report(step, tensor, i, expected);
  }
  if (wrong)
    fprintf(stderr, "%s '%s': %lld of %zu numbers of %s are wrong\n", op_name(step->op), step->name,
            wrong, tensor_count(tensor), tensor->name);
  check->compared += (long long)tensor_count(tensor);
  check->wrong += wrong;
}

/* A program traces the sum of all losses: that of the logits and those of auxiliary heads. */
static void add_loss(Check *check, const Step *step, const Expected *loss) {
  if (!check->last_loss) check->loss = *loss;
  for (int i = 0; i < check->batch.count && check->last_loss; i++) {
    check->loss.value[i] += loss->value[i];
    check->loss.magnitude[i] += loss->magnitude[i];
  }
  check->last_loss = step;
}

static void check_step(Check *check, const Step *step) {
  if (!step->out_count) return;
  Expected *expected = ARENA_ARRAY(check->arena, Expected, step->out_count);
  for (int k = 0; k < step->out_count; k++) {
    expected[k].value = ARENA_ARRAY(check->arena, double, tensor_count(step->out[k]));
    expected[k].magnitude = ARENA_ARRAY(check->arena, double, tensor_count(step->out[k]));
  }
  TWINS[step->op](step, &check->batch, expected);
  twin_epilogue(step, &expected[0]);
  if (op_is_loss(step->op)) add_loss(check, step, &expected[0]);
  for (int k = op_is_loss(step->op); k < step->out_count; k++)
    if (step->out[k]->kind != VALUE_PREPACKED) compare(check, step, step->out[k], &expected[k]);
}

/* Row-major floats of blocked or padded logits: a kernel of its own. */
static void check_logits(Check *check) {
  const double *logits = traced_numbers(check, "logits");
  const Tensor *output = check->output;
  if (cnn_tensor_count(traced(check, "logits")) != (int64_t)tensor_count(output))
    die("%s: has not the logits of this batch", check->trace_path);
  long long wrong = 0;
  for (size_t i = 0; i < tensor_count(output); i++) {
    if (logits[i] == output->data[i]) continue;
    if (wrong++ < 3)
      fprintf(stderr, "logit %zu is %.9g, but %s has %.9g\n", i, logits[i], output->name,
              output->data[i]);
  }
  check->compared += (long long)tensor_count(output);
  check->wrong += wrong;
}

static void parse(Check *check, int argc, char **argv) {
  const struct option options[] = {{"tolerance", required_argument, NULL, 't'},
                                   {"largest", no_argument, &check->largest, 1},
                                   {0}};
  for (int key; (key = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (key != 't' && key != 0) exit(2);
    if (key == 't') check->tolerance = strtod(optarg, NULL);
  }
  if (argc - optind != 2) die("give GRAPH.json TRACE.safetensors [--tolerance T] [--largest]");
  check->graph_path = argv[optind];
  check->trace_path = argv[optind + 1];
}

int main(int argc, char **argv) {
  Check check = {.arena = arena_new()};
  parse(&check, argc, argv);
  open_trace(&check);
  read_graph(&check);
  for (int i = 0; i < check.steps.count; i++) check_step(&check, check.steps.at[i]);
  if (check.last_loss)
    compare(&check, check.last_loss, check.last_loss->out[0], &check.loss);
  else
    check_logits(&check);
  if (!check.compared) die("%s: no nodes", check.graph_path);
  printf("%d nodes, %lld numbers: %lld wrong\n", check.steps.count, check.compared, check.wrong);
  cnn_safetensors_close(&check.trace);
  arena_release(check.arena);
  return check.wrong ? 1 : 0;
}
