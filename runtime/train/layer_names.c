#include "train/layer_names.h"

#include <string.h>

bool cnn_is_of_layer(const char *name, const char *layer, size_t length) {
  return strncmp(name, layer, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

const char *cnn_next_layer(const char *layers, const char *layer) {
  const char *next = layer ? strchr(layer, ',') : layers;
  if (layer && next) next++;
  return next && *next ? next : NULL;
}

bool cnn_is_of_layers(const char *name, const char *layers) {
  for (const char *layer = NULL; (layer = cnn_next_layer(layers, layer));)
    if (cnn_is_of_layer(name, layer, strcspn(layer, ","))) return true;
  return false;
}
