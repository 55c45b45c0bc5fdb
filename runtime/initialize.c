#include "initialize.h"

#include "random.h"
#include "real.h"

static double draw(const cnn_parameter *parameter, cnn_random *random) {
  switch (parameter->init) {
  case CNN_CONSTANT:
    return parameter->scale;
  case CNN_UNIFORM:
    return parameter->scale * (2 * cnn_random_uniform(random) - 1);
  case CNN_NORMAL:
    return parameter->scale * cnn_random_normal(random);
  case CNN_ZEROS:
    break;
  }
  return 0;
}

void cnn_init_parameters(const cnn_model *model, uint64_t seed, void *parameters) {
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    cnn_random random = cnn_random_stream(seed, parameter->name, 0);
    size_t count = cnn_parameter_count(parameter);
    for (size_t k = 0; k < count; k++)
      cnn_real_set(model, parameters, parameter->offset + k, draw(parameter, &random));
  }
}
