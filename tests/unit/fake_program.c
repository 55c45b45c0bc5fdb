/* The fake model as a program, for tests of the command line; "double" as the first argument makes
   it one of double precision. */
#include "fake_model.h"

#include <string.h>

/* A model whose schedule begins with a warm-up. */
static int run_warm(int argc, char **argv) {
  cnn_recipe recipe = *fake_model.recipe;
  recipe.epochs = 3;
  recipe.warmup_epochs = 1.5;
  cnn_model model = fake_model;
  model.recipe = &recipe;
  return cnn_main(&model, argc, argv);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "warm") == 0) return run_warm(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "double") == 0)
    return cnn_main(&fake_model_double, argc - 1, argv + 1);
  return cnn_main(&fake_model, argc, argv);
}
