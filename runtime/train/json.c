#include "train/json.h"

void cnn_text_add_json(cnn_text *text, const char *string) {
  cnn_text_add(text, "\"");
  for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
    if (*c == '"' || *c == '\\')
      cnn_text_add(text, "\\%c", *c);
    else if (*c < 0x20)
      cnn_text_add(text, "\\u%04x", *c);
    else
      cnn_text_add(text, "%c", *c);
  }
  cnn_text_add(text, "\"");
}
