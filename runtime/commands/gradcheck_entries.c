/* Where relu or max-pooling has a kink within the step, or rounding is larger than the effect of
   the step, the differences of several steps disagree. An entry for which they disagree at every
   step is undecided, and another is checked. */
#include "commands/gradcheck.h"
#include "core/random.h"
#include "core/real.h"

#include <math.h>

static double loss_at_entry(cnn_gradient_check *c, size_t index, double step) {
  const cnn_model *model = c->session.model;
  double weight = cnn_real_get(model, c->start, index);
  cnn_real_set(model, c->session.state.parameters, index, weight + step);
  double loss = cnn_check_mean_loss(c);
  cnn_real_set(model, c->session.state.parameters, index, weight);
  return loss;
}

const double CNN_ENTRY_TOLERANCE = 1e-6;

/* An entry's derivative by the loss. */
typedef struct estimate {
  double slope, size; /* size: what errors are relative to */
  bool clear;         /* neither a kink within the step nor rounding disturbs it */
} estimate;

/* For a loss without kinks, differences of h and h / 2 agree, and slopes to the right and to the
   left differ by curvature alone, which halves with the step. */
static estimate estimate_entry(cnn_gradient_check *c, size_t index, double expected, double scale,
                               double step) {
  double right = loss_at_entry(c, index, step), left = loss_at_entry(c, index, -step);
  double near_right = loss_at_entry(c, index, step / 2);
  double near_left = loss_at_entry(c, index, -step / 2);
  double coarse = (right - left) / (2 * step), fine = (near_right - near_left) / step;
  double bend = (right - 2 * c->loss + left) / step;
  double near_bend = (near_right - 2 * c->loss + near_left) / (step / 2);
  double size = fmax(fmax(fabs(fine), fabs(expected)), fmax(scale, 1e-5));
  return (estimate){.slope = fine,
                    .size = size,
                    .clear = fabs(coarse - fine) <= CNN_ENTRY_TOLERANCE / 4 * size &&
                             fabs(2 * near_bend - bend) <= CNN_ENTRY_TOLERANCE / 2 * size};
}

/* Right if one clear estimate confirms the gradient; wrong if two of different steps agree on
   another number; else undecided. */
static void check_entry(cnn_gradient_check *c, const cnn_parameter *parameter, size_t i,
                        double scale, cnn_check_result *result) {
  static const double steps[] = {1e-5, 1e-4, 1e-6, 1e-3, 1e-7};
  double expected = cnn_check_gradient(c, parameter, i), earlier[5];
  int clear = 0;
  for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
    estimate e = estimate_entry(c, parameter->offset + i, expected, scale, steps[k]);
    double error = fabs(e.slope - expected) / e.size;
    if (!isfinite(error)) return cnn_check_add(result, error);
    if (!e.clear) continue;
    bool confirmed = error <= CNN_ENTRY_TOLERANCE;
    for (int m = 0; m < clear && !confirmed; m++)
      confirmed = fabs(earlier[m] - e.slope) <= CNN_ENTRY_TOLERANCE / 2 * e.size;
    if (confirmed) return cnn_check_add(result, error);
    earlier[clear++] = e.slope;
  }
  result->undecided++;
}

/* Entries that are undecided are replaced, by at most as many again. */
cnn_check_result cnn_check_entries(cnn_gradient_check *c, const cnn_parameter *parameter) {
  cnn_check_result result = {0};
  cnn_random random = cnn_random_stream(c->seed, "gradcheck", parameter->offset);
  size_t count = cnn_parameter_count(parameter), wanted = (size_t)c->tries;
  double scale = cnn_check_gradient_rms(c, parameter);
  bool all = count <= wanted;
  size_t tries = all ? count : 2 * wanted;
  result.wanted = (int)(all ? count : wanted);
  for (size_t k = 0; k < tries && result.checked < result.wanted; k++)
    check_entry(c, parameter, all ? k : cnn_random_below(&random, (uint32_t)count), scale, &result);
  return result;
}
