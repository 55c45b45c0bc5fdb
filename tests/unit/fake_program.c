/* The fake model as a program, for tests of the command line; "double" as the first argument makes
   it one of double precision. */
#include "fake_model.h"

#include <string.h>

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "double") == 0)
    return cnn_main(&fake_model_double, argc - 1, argv + 1);
  return cnn_main(&fake_model, argc, argv);
}
