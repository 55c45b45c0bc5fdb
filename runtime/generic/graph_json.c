/* The exported graph, from JSON to tensors and nodes. The exporter is trusted to give shapes that
   fit; what this file checks is that every name, op and number it needs is there. */
#include "generic.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *graph_path;

static void complain(const char *what, const char *which) {
  fprintf(stderr, "cnn-generic: %s: %s '%s'\n", graph_path, what, which);
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    fprintf(stderr, "cnn-generic: %s: %s\n", path, strerror(errno));
    return NULL;
  }
  size_t used = 0, room = 1 << 16;
  char *text = malloc(room);
  for (size_t got; text && (got = fread(text + used, 1, room - used - 1, file)) > 0;) {
    used += got;
    if (room - used > 1) continue;
    char *more = realloc(text, room *= 2);
    if (!more) free(text);
    text = more;
  }
  fclose(file);
  if (text) text[used] = '\0';
  return text;
}

static const char *text_of(const cJSON *object, const char *key, const char *otherwise) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? item->valuestring : otherwise;
}

static double number_of(const cJSON *object, const char *key, double otherwise) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

static bool flag_of(const cJSON *object, const char *key, bool otherwise) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsBool(item) ? cJSON_IsTrue(item) : otherwise;
}

static void pair_of(const cJSON *object, const char *key, int otherwise, int pair[2]) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  for (int i = 0; i < 2; i++) {
    const cJSON *number = cJSON_GetArrayItem(item, i);
    pair[i] = cJSON_IsNumber(number) ? number->valueint : otherwise;
  }
}

Tensor *net_find(const Net *net, const char *name) {
  for (int i = 0; name && i < net->tensor_count; i++)
    if (strcmp(net->tensors[i].name, name) == 0) return &net->tensors[i];
  return NULL;
}

static bool read_tensor(const cJSON *item, int batch, Tensor *tensor) {
  static const char *const kinds[] = {"input",  "activation", "parameter",
                                      "buffer", "loss",       "gradient"};
  const char *name = text_of(item, "name", NULL), *kind = text_of(item, "kind", "");
  if (!name) return complain("a value without", "name"), false;
  tensor->name = strdup(name);
  size_t k = 0;
  while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k], kind) != 0) k++;
  if (k == sizeof kinds / sizeof *kinds) return complain("unknown kind of value", kind), false;
  tensor->kind = (TensorKind)k;

  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
  tensor->rank = cJSON_GetArraySize(shape);
  if (tensor->rank < 1 || tensor->rank > 4) return complain("no shape of 1 to 4 for", name), false;
  for (int i = 0; i < 4; i++) {
    const cJSON *size = cJSON_GetArrayItem(shape, i);
    tensor->dim[i] = size ? size->valueint : 1;
    if (tensor->dim[i] < 1) return complain("a shape with a dimension below 1:", name), false;
  }
  const bool statistics = tensor->kind == TENSOR_ACTIVATION && tensor->rank == 1; /* of a batch */
  tensor->per_image =
      tensor->kind != TENSOR_PARAMETER && tensor->kind != TENSOR_BUFFER && !statistics;
  if (tensor->per_image) tensor->dim[0] = batch;
  tensor->image = (size_t)tensor->dim[1] * tensor->dim[2] * tensor->dim[3];
  tensor->count = tensor->image * tensor->dim[0];

  const cJSON *init = cJSON_GetObjectItemCaseSensitive(item, "init");
  tensor->init = strdup(text_of(init, "kind", "zeros"));
  tensor->scale = number_of(init, "scale", 1);
  tensor->trainable = flag_of(item, "trainable", true);
  tensor->lr_scale = number_of(item, "lr_scale", 1);
  tensor->decay_scale = number_of(item, "decay_scale", 1);
  return true;
}

/* The tensors of a node's "inputs" or "outputs"; NULL and a message if one is unknown. */
static Tensor **read_names(const Net *net, const cJSON *names, int *count) {
  *count = cJSON_GetArraySize(names);
  Tensor **tensors = calloc(*count + 1, sizeof *tensors);
  for (int i = 0; i < *count; i++) {
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(names, i));
    tensors[i] = net_find(net, name);
    if (tensors[i]) continue;
    complain("a node with an unknown value", name ? name : "?");
    free(tensors);
    return NULL;
  }
  return tensors;
}

static bool read_node(const Net *net, const cJSON *item, Node *node) {
  const char *op = text_of(item, "op", "");
  node->op = op_find(op);
  if (!node->op) return complain("cannot run op", op), false;
  node->name = strdup(text_of(item, "name", op));
  node->in = read_names(net, cJSON_GetObjectItemCaseSensitive(item, "inputs"), &node->in_count);
  node->out = read_names(net, cJSON_GetObjectItemCaseSensitive(item, "outputs"), &node->out_count);
  if (!node->in || !node->out) return false;

  const cJSON *from = cJSON_GetObjectItemCaseSensitive(item, "attributes");
  if (strcmp(text_of(from, "activation", "none"), "none") != 0)
    return complain("wants a graph before fusion; fused activation in", node->name), false;
  Attributes *to = &node->attributes;
  pair_of(from, "kernel", 1, to->kernel);
  pair_of(from, "stride", 1, to->stride);
  pair_of(from, "padding", 0, to->padding);
  pair_of(from, "dilation", 1, to->dilation);
  to->groups = (int)number_of(from, "groups", 1);
  to->bias = flag_of(from, "bias", false);
  to->ceil_mode = flag_of(from, "ceil_mode", false);
  to->count_include_pad = flag_of(from, "count_include_pad", true);
  pair_of(from, "output", 0, to->output);
  to->p = number_of(from, "p", 0.5);
  to->slope = number_of(from, "slope", 0.01);
  to->momentum = number_of(from, "momentum", 0.1);
  to->eps = number_of(from, "eps", 1e-5);
  to->frozen_statistics = flag_of(from, "frozen_statistics", false);
  to->size = (int)number_of(from, "size", 1);
  to->alpha = number_of(from, "alpha", 1e-4);
  to->beta = number_of(from, "beta", 0.75);
  to->k = number_of(from, "k", 1);
  to->label_smoothing = number_of(from, "label_smoothing", 0);
  to->loss_weight = number_of(from, "loss_weight", 1);
  to->auxiliary = flag_of(from, "auxiliary", false);

  if (node->in_count < node->op->inputs + (to->bias ? 1 : 0) || node->out_count < node->op->outputs)
    return complain("too few inputs or outputs of", node->name), false;
  return true;
}

static bool read_optimizer(const cJSON *from, Recipe *to) {
  const cJSON *optimizer = cJSON_GetObjectItemCaseSensitive(from, "optimizer");
  static const char *const kinds[] = {"sgd", "adam", "adamw", "rmsprop"};
  const char *kind = text_of(optimizer, "kind", "sgd");
  size_t k = 0;
  while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k], kind) != 0) k++;
  if (k == sizeof kinds / sizeof *kinds) return complain("unknown optimiser", kind), false;
  to->optimizer = (Optimizer)k;
  to->nesterov = flag_of(optimizer, "nesterov", false);
  to->centered = flag_of(optimizer, "centered", false);
  to->lr = number_of(optimizer, "lr", 0.01);
  to->momentum = number_of(optimizer, "momentum", 0);
  to->weight_decay = number_of(optimizer, "weight_decay", 0);
  to->beta1 = number_of(optimizer, "beta1", 0.9);
  to->beta2 = to->optimizer == RMSPROP ? number_of(optimizer, "alpha", 0.99)
                                       : number_of(optimizer, "beta2", 0.999);
  to->eps = number_of(optimizer, "eps", 1e-8);
  return true;
}

static bool read_graph(Net *net, const cJSON *root, int batch) {
  if (strcmp(text_of(root, "format", ""), "cnnc-graph") != 0 || number_of(root, "version", 0) != 1)
    return complain("wants format 'cnnc-graph', version 1, not", text_of(root, "format", "none")),
           false;
  net->name = strdup(text_of(root, "name", "net"));
  net->batch = batch ? batch : (int)number_of(root, "batch", 1);
  net->classes = (int)number_of(root, "classes", 0);
  const cJSON *input = cJSON_GetObjectItemCaseSensitive(root, "input");
  for (int i = 0; i < 3; i++) {
    const cJSON *size = cJSON_GetArrayItem(input, i);
    net->input[i] = size ? size->valueint : 0;
  }

  const cJSON *values = cJSON_GetObjectItemCaseSensitive(root, "values"), *item;
  net->tensors = calloc(cJSON_GetArraySize(values) + 1, sizeof *net->tensors);
  cJSON_ArrayForEach(item, values) {
    Tensor *tensor = &net->tensors[net->tensor_count++];
    if (!read_tensor(item, net->batch, tensor)) return false;
    if (tensor->kind == TENSOR_INPUT) net->images = tensor;
  }

  const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(root, "nodes");
  net->nodes = calloc(cJSON_GetArraySize(nodes) + 1, sizeof *net->nodes);
  cJSON_ArrayForEach(item, nodes) {
    if (strcmp(text_of(item, "phase", "forward"), "forward") != 0) continue;
    Node *node = &net->nodes[net->node_count];
    node->index = net->node_count++;
    if (!read_node(net, item, node)) return false;
  }

  net->output = net_find(net, text_of(root, "output", NULL));
  const cJSON *loss = cJSON_GetObjectItemCaseSensitive(root, "loss");
  net->loss = net_find(net, text_of(loss, "value", NULL));
  if (!net->images) return complain("no value of kind", "input"), false;
  if (!net->output) return complain("no value named as", "output"), false;
  if (!net->loss) return complain("no value named as", "loss"), false;
  return read_optimizer(cJSON_GetObjectItemCaseSensitive(root, "recipe"), &net->recipe);
}

Net *net_load(const char *path, int batch) {
  graph_path = path;
  char *text = read_text(path);
  if (!text) return NULL;
  cJSON *root = cJSON_Parse(text);
  if (!root) {
    const char *at = cJSON_GetErrorPtr();
    fprintf(stderr,
            "cnn-generic: %s: not JSON at byte %td; write it with `cnnc export MODEL.lua`\n", path,
            at ? at - text : 0);
  }
  free(text);
  if (!root) return NULL;
  Net *net = calloc(1, sizeof *net);
  const bool read = read_graph(net, root, batch);
  cJSON_Delete(root);
  if (read) return net;
  net_free(net);
  return NULL;
}

void net_free(Net *net) {
  for (int i = 0; i < net->tensor_count; i++)
    free(net->tensors[i].name), free(net->tensors[i].init), free(net->tensors[i].magnitude);
  for (int i = 0; i < net->node_count; i++)
    free(net->nodes[i].name), free(net->nodes[i].in), free(net->nodes[i].out);
  free(net->tensors), free(net->nodes), free(net->name);
  free(net->memory), free(net->columns), free(net->partial);
  free(net);
}
