#include "core/text.h"
#include "report/gradient_flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The smallest and the largest positive gradient of weights; false if there is none. */
static bool find_range(const cnn_flow *flow, const cnn_flow_row **least,
                       const cnn_flow_row **most) {
  *least = *most = NULL;
  for (int i = 0; i < flow->count; i++) {
    const cnn_flow_row *row = &flow->rows[i];
    if (!cnn_flow_is_weighted(row) || !(row->weight_gradient > 0)) continue;
    if (!*least || row->weight_gradient < (*least)->weight_gradient) *least = row;
    if (!*most || row->weight_gradient > (*most)->weight_gradient) *most = row;
  }
  return *least != NULL;
}

/* A bar of 1 to BAR signs, by the logarithm of the number. */
static void print_bar(double value, double low, double high) {
  enum { BAR = 24 };
  if (!(value > 0)) return;
  printf("  ");
  int length = 1 + (int)lround((BAR - 1) * log(value / low) / log(high / low));
  for (int i = 0; i < length; i++) putchar('#');
}

static void print_size(double size) {
  if (isnan(size))
    printf(" %12s", "-");
  else
    printf(" %12.3e", size);
}

void cnn_flow_table(const cnn_flow *flow, bool all) {
  const cnn_flow_row *least, *most;
  bool ranged = find_range(flow, &least, &most);
  double low = 1, high = 10; /* of the bars: whole powers of ten */
  if (ranged) {
    low = pow(10, floor(log10(least->weight_gradient)));
    high = fmax(pow(10, ceil(log10(most->weight_gradient))), 10 * low);
  }
  int width = 5;
  for (int i = 0; i < flow->count; i++)
    if (all || cnn_flow_is_weighted(&flow->rows[i]))
      width = (int)fmax(width, (double)strlen(flow->rows[i].layer));
  printf("%-*s %12s %12s %12s %12s  d weight, %.0e to %.0e\n", width, "layer", "activation",
         "d activation", "weight", "d weight", low, high);
  for (int i = 0; i < flow->count; i++) {
    const cnn_flow_row *row = &flow->rows[i];
    if (!all && !cnn_flow_is_weighted(row)) continue;
    printf("%-*s", width, row->layer);
    print_size(row->activation);
    print_size(row->activation_gradient);
    print_size(row->weight);
    print_size(row->weight_gradient);
    print_bar(row->weight_gradient, low, high);
    printf("\n");
  }
}

void cnn_flow_range(const cnn_flow *flow) {
  const cnn_flow_row *least, *most, *none = NULL;
  int nones = 0;
  if (!find_range(flow, &least, &most)) {
    printf("%s: no layer with weights has a gradient\n", flow->model);
    return;
  }
  printf("%s: gradients of weights from %.2e (%s) to %.2e (%s), a factor of %.3g\n", flow->model,
         least->weight_gradient, least->layer, most->weight_gradient, most->layer,
         most->weight_gradient / least->weight_gradient);
  for (int i = 0; i < flow->count; i++)
    if (cnn_flow_is_weighted(&flow->rows[i]) && flow->rows[i].weight_gradient == 0 && nones++ == 0)
      none = &flow->rows[i];
  if (nones > 0)
    printf("%s: no gradient at all in %d layer%s, the first %s\n", flow->model, nones,
           cnn_plural(nones), none->layer);
}
