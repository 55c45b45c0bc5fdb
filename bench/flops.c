#include "flops.h"

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *read_json(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t room = 0;
  const bool read = file && getdelim(&text, &room, '\0', file) > 0;
  if (file) fclose(file);
  cJSON *root = read ? cJSON_Parse(text) : NULL;
  free(text);
  return root;
}

static const char *text_of(const cJSON *object, const char *key) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
  return text ? text : "";
}

static cJSON *find_value(const cJSON *root, const cJSON *name) {
  cJSON *value;
  cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(
                                root, "values")) if (strcmp(text_of(value, "name"),
                                                            name ? name->valuestring : "") ==
                                                     0) return value;
  return NULL;
}

/* Product of a shape's dimensions from `first` on. */
static double product(const cJSON *value, int first) {
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(value, "shape");
  double count = 1;
  for (int i = first; i < cJSON_GetArraySize(shape); i++)
    count *= cJSON_GetArrayItem(shape, i)->valuedouble;
  return count;
}

/* Adds what a convolution or linear layer needs. */
static void add_layer(const cJSON *node, const cJSON *out, const cJSON *weight,
                      bool data_is_learned, NetFacts *facts) {
  const char *op = text_of(node, "op");
  if (strcmp(op, "conv2d") != 0 && strcmp(op, "linear") != 0) return;
  /* weight [O,C/groups,kH,kW] or [O,I]: an output is a sum over all dimensions but the first */
  const double flops = 2 * product(out, 1) * product(weight, 1);
  facts->infer_flops += flops;
  facts->train_flops += flops * (data_is_learned ? 3 : 2);
}

bool net_facts(const char *path, NetFacts *facts) {
  static const char learned[] = "learned"; /* our mark on values that a parameter stands before */
  cJSON *root = read_json(path), *node, *name;
  const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(root, "nodes");
  *facts = (NetFacts){.batch = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(root, "batch"))};
  snprintf(facts->name, sizeof facts->name, "%s", text_of(root, "name"));
  cJSON_ArrayForEach(node, nodes) {
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(node, "inputs");
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(node, "outputs");
    cJSON *out = find_value(root, cJSON_GetArrayItem(outputs, 0));
    bool data_is_learned = false, has_parameters = false;
    cJSON_ArrayForEach(name, inputs) {
      const cJSON *value = find_value(root, name);
      if (cJSON_HasObjectItem(value, learned)) data_is_learned = true;
      if (strcmp(text_of(value, "kind"), "parameter") == 0) has_parameters = true;
    }
    if (out && (data_is_learned || has_parameters)) cJSON_AddTrueToObject(out, learned);
    add_layer(node, out, find_value(root, cJSON_GetArrayItem(inputs, 1)), data_is_learned, facts);
  }
  if (!nodes) fprintf(stderr, "cnnc bench: %s: not an exported graph\n", path);
  cJSON_Delete(root);
  return nodes != NULL;
}
