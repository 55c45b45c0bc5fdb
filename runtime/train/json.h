/* JSON that is written without allocating. */
#ifndef CNN_JSON_H
#define CNN_JSON_H

#include "core/text.h"

/* Adds a JSON string, quotes included. */
void cnn_text_add_json(cnn_text *text, const char *string);

#endif
