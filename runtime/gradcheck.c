#include "commands.h"
bool cnn_gradcheck(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  (void)model, (void)argc, (void)argv;
  return cnn_fail(error, CNN_EXIT_FAILED, "todo");
}
