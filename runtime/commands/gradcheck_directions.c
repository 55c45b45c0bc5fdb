/* A parameter moves along v = g / rms(g) + s, with random signs s, in which every entry's
   derivative counts. The loss must change by the integral of g . v over the way, whatever kinks are
   on it. */
#include "commands/gradcheck.h"
#include "core/random.h"
#include "core/real.h"

#include <math.h>

/* Puts the parameter at start + t * v; c->direction becomes direction number `direction`. */
static void move(cnn_gradient_check *c, const cnn_parameter *parameter, int direction, double scale,
                 double t) {
  const cnn_model *model = c->session.model;
  cnn_random random = cnn_random_stream(c->seed, parameter->name, (uint64_t)direction + 1);
  size_t count = cnn_parameter_count(parameter);
  for (size_t i = 0; i < count; i++) {
    double sign = cnn_random_u32(&random) & 1 ? 1 : -1;
    double v = sign + (scale > 0 ? cnn_check_gradient(c, parameter, i) / scale : 0);
    double weight = cnn_real_get(model, c->start, parameter->offset + i);
    cnn_real_set(model, c->direction, i, v);
    cnn_real_set(model, c->session.state.parameters, parameter->offset + i, weight + t * v);
  }
}

/* gradients . v */
static double slope(const cnn_gradient_check *c, const cnn_parameter *parameter,
                    const void *gradients) {
  const cnn_model *model = c->session.model;
  size_t count = cnn_parameter_count(parameter);
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += cnn_real_get(model, gradients, parameter->offset + i) *
           cnn_real_get(model, c->direction, i);
  return sum;
}

static double loss_along(cnn_gradient_check *c, const cnn_parameter *parameter, int direction,
                         double scale, double t) {
  move(c, parameter, direction, scale, t);
  return cnn_check_mean_loss(c);
}

/* Where the gradient is almost 0, as of a bias in front of a batch norm, no way
   changes the loss, and a long one leaves what the numbers can hold. */
static const double LENGTH_MOST = 1;

/* The relative error in one direction, by the gradients at `points` points of the way. */
static double direction_error(cnn_gradient_check *c, const cnn_parameter *parameter, int direction,
                              double scale, int points) {
  static const double change = 0.004; /* of the loss on the whole way: far above rounding */
  double size = fmax(scale * sqrt((double)cnn_parameter_count(parameter)), 1e-4);
  move(c, parameter, direction, scale, 0);
  double magnitude = fmax(fabs(slope(c, parameter, c->gradients)), size);
  double length = fmin(change / magnitude, LENGTH_MOST), integral = 0;
  for (int i = 0; i < points; i++) {
    loss_along(c, parameter, direction, scale, length * ((i + 0.5) / points - 0.5));
    integral += slope(c, parameter, c->session.state.gradients) * length / points;
  }
  double difference = loss_along(c, parameter, direction, scale, length / 2) -
                      loss_along(c, parameter, direction, scale, -length / 2);
  move(c, parameter, direction, scale, 0);
  return fabs(difference - integral) / fmax(fabs(difference), change);
}

const double CNN_DIRECTION_TOLERANCE = 2e-2;

/* Many kinks on the way need many points between them; a wrong gradient stays wrong. */
static void check_direction(cnn_gradient_check *c, const cnn_parameter *parameter, int direction,
                            double scale, cnn_check_result *result) {
  enum { POINTS = 16, POINTS_MOST = 64 };
  double error = INFINITY;
  for (int points = POINTS; points <= POINTS_MOST && !(error <= CNN_DIRECTION_TOLERANCE);
       points *= 4)
    error = direction_error(c, parameter, direction, scale, points);
  cnn_check_add(result, error);
}

cnn_check_result cnn_check_directions(cnn_gradient_check *c, const cnn_parameter *parameter) {
  cnn_check_result result = {0};
  double scale = cnn_check_gradient_rms(c, parameter);
  for (int k = 0; k < c->tries; k++) check_direction(c, parameter, k, scale, &result);
  return result;
}
