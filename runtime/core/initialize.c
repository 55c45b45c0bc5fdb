#include "core/initialize.h"

#include "core/random.h"
#include "core/real.h"

/* The distribution of torch.nn.init.trunc_normal_ with a = -2 and b = 2: what lies outside is drawn
   again. */
static double truncated_normal(double deviation, cnn_random *random) {
  for (;;) {
    double value = deviation * cnn_random_normal(random);
    if (value >= -2 && value <= 2) return value;
  }
}

static double draw(const cnn_parameter *parameter, cnn_random *random) {
  switch (parameter->init) {
  case CNN_CONSTANT:
    return parameter->scale;
  case CNN_UNIFORM:
    return parameter->scale * (2 * cnn_random_uniform(random) - 1);
  case CNN_NORMAL:
    return parameter->scale * cnn_random_normal(random);
  case CNN_TRUNCATED_NORMAL:
    return truncated_normal(parameter->scale, random);
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
