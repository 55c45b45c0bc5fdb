#include "commands/gradcheck.h"
#include "core/real.h"

#include <math.h>

void cnn_check_add(cnn_check_result *result, double error) {
  result->checked++;
  if (!(error <= result->worst)) result->worst = isnan(error) ? INFINITY : error;
}

double cnn_check_mean_loss(cnn_gradient_check *c) {
  cnn_session *session = &c->session;
  session->model->gradients(&session->state, &session->batch);
  double sum = 0;
  for (int i = 0; i < session->batch.count; i++)
    sum += cnn_real_get(session->model, session->state.loss, (size_t)i);
  return sum / session->batch.count;
}

double cnn_check_gradient(const cnn_gradient_check *c, const cnn_parameter *parameter, size_t i) {
  return cnn_real_get(c->session.model, c->gradients, parameter->offset + i);
}

double cnn_check_gradient_rms(const cnn_gradient_check *c, const cnn_parameter *parameter) {
  size_t count = cnn_parameter_count(parameter);
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += cnn_check_gradient(c, parameter, i) * cnn_check_gradient(c, parameter, i);
  return sqrt(sum / (double)count);
}
