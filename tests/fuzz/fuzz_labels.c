/* Tables of labels. */
#include "data/label_table.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cnn_label_table table;
  cnn_error error = {0};
  if (cnn_label_table_read(&table, input_file(data, size), &error))
    free(cnn_label_table_classes(&table, &error));
  cnn_label_table_release(&table);
  return 0;
}
