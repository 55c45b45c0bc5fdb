/* Lists of layers, names with commas between: "fc" or "aux1,aux2". A name is a layer's or a
   scope's: "layer1" is of layer1.0.conv1.weight, too. */
#ifndef CNN_LAYER_NAMES_H
#define CNN_LAYER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a parameter's name begins with a layer's, of `length` characters: "fc" is of fc.weight,
   and of fc.0.bias. */
bool cnn_is_of_layer(const char *name, const char *layer, size_t length);

/* The first name of a list, or the one after `layer`, which ends at a comma or the end; NULL: no
   more. layers may be NULL. */
const char *cnn_next_layer(const char *layers, const char *layer);

/* Whether it is of one of the layers. */
bool cnn_is_of_layers(const char *name, const char *layers);

#endif
