#include "schedule/cost_model.h"

#include "common/integers.h"
#include "common/geometry.h"

const double WORTH_A_KERNEL = 0.12;
const double COST_OF_TAIL_CODE = 1.02;

static const double HIDDEN_LOAD = 0.1; /* cycles */

/* FMAs and loads of one term; either pair of units can be the limit. */
static double issue_cycles(const Target *target, double fmas, double loads) {
  const int in_flight = target->fma_ports * target->fma_latency;
  const double busiest = fmas > loads ? fmas : loads;
  return (busiest > in_flight ? busiest : in_flight) / target->fma_ports;
}

double tile_cycles(const Target *target, RegisterTile tile, double from_l2) {
  const double L2_LOAD = 0.4; /* of a line */
  const double fmas = tile.rows * tile.columns, loads = tile.rows + tile.columns;
  return issue_cycles(target, fmas, loads) + HIDDEN_LOAD * loads + L2_LOAD * from_l2 * tile.columns;
}

/* One term of the sum of a channel-blocked tile: weights are loads of vectors, from the L2 cache,
   pixels of single numbers. */
static double vector_tile_cycles(const Target *target, int oc_vectors, int pixels) {
  const double L2_WEIGHTS = 0.25, ONE_VECTOR = 1.25; /* a pixel serves one multiply-add */
  const double fmas = oc_vectors * pixels, loads = oc_vectors + pixels;
  const double factor = oc_vectors == 1 ? ONE_VECTOR : 1;
  return issue_cycles(target, fmas * factor, loads * factor) + HIDDEN_LOAD / 2 * loads +
         L2_WEIGHTS * oc_vectors;
}

/* One pixel of a channel-blocked tile of the gradient of weights: `taps` vectors of dy for each of
   oc_vectors, `channels` numbers of x. */
static double gradient_tile_cycles(const Target *target, int oc_vectors, int channels, int taps) {
  const double L2_VECTOR = 0.3, PIXEL = 0.5;
  const double fmas = oc_vectors * channels * taps, loads = oc_vectors * taps + channels;
  return issue_cycles(target, fmas, loads) + L2_VECTOR * oc_vectors + PIXEL;
}

bool tile_fits(RegisterTile tile, int registers) {
  return (int64_t)tile.rows * tile.columns + min_int(tile.rows, tile.columns) <= registers;
}

/* Cycles to cover an output of rows x columns with tiles, and its tails with smaller ones. */
static double cover_cycles(const Target *target, int rows, int columns, RegisterTile tile) {
  const int row_tail = rows % tile.rows, column_tail = columns % tile.columns;
  const RegisterTile bottom = {row_tail, tile.columns}, right = {tile.rows, column_tail};
  const RegisterTile corner = {row_tail, column_tail};
  double cycles =
      (double)(rows / tile.rows) * (columns / tile.columns) * tile_cycles(target, tile, 0);
  if (row_tail) cycles += (columns / tile.columns) * tile_cycles(target, bottom, 0);
  if (column_tail) cycles += (rows / tile.rows) * tile_cycles(target, right, 0);
  if (row_tail && column_tail) cycles += tile_cycles(target, corner, 0);
  return row_tail ? cycles * COST_OF_TAIL_CODE : cycles;
}

void choose_tile(const Target *target, int rows, int columns, int unit, int registers,
                 RegisterTile *tile) {
  double best = 0;
  if (tile->rows && tile->rows <= rows && tile->columns <= columns && tile_fits(*tile, registers))
    best = cover_cycles(target, rows, columns, *tile) * (1 - WORTH_A_KERNEL);
  for (int a = 1; a <= min_int(rows, registers); a++) {
    for (int b = unit; b <= columns; b += unit) {
      const RegisterTile other = {a, b};
      if (!tile_fits(other, registers) && (a > 1 || b > unit)) continue;
      const double cycles = cover_cycles(target, rows, columns, other);
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      *tile = other;
    }
  }
}

/* Cycles of a row of pixels. */
static double row_cycles(const Target *target, int oc_vectors, int pixels, int columns) {
  const int tail = columns % pixels;
  const double cycles = columns / pixels * vector_tile_cycles(target, oc_vectors, pixels);
  return tail ? cycles + vector_tile_cycles(target, oc_vectors, tail) : cycles;
}

RegisterTile choose_vector_tile(const Target *target, int oc_vectors, int columns) {
  const double WORTH_A_WIDTH = 0.03; /* gain for which a width of tiles gets code of its own */
  RegisterTile tile = {0};
  double best = 0;
  for (int v = 1; v <= min_int(oc_vectors, OC_VECTORS_MAX); v++) {
    const int widest =
        min_int(columns, (target->registers - 2 - v) / v); /* one for a pixel, one to spare */
    const int equal = divide_up(columns, divide_up(columns, widest));
    for (int k = 0; k < 2; k++) {
      const int pixels = k ? equal : widest, tail = oc_vectors % v;
      double cycles = oc_vectors / v * row_cycles(target, v, pixels, columns);
      if (tail) cycles = (cycles + row_cycles(target, tail, pixels, columns)) * COST_OF_TAIL_CODE;
      if (best != 0 && cycles >= best * (k ? 1 - WORTH_A_WIDTH : 1)) continue;
      best = cycles;
      tile = (RegisterTile){v, pixels};
    }
  }
  return tile;
}

int gradient_tile_registers(int oc_vectors, int channels, int taps) {
  return oc_vectors * channels * taps + oc_vectors * taps + 1;
}

double choose_gradient_tile(const Target *target, int oc_vectors, int ic, int taps,
                            RegisterTile *tile) {
  double best = 0;
  for (int v = 1; v <= min_int(oc_vectors, OC_VECTORS_MAX); v++) {
    for (int channels = 1; channels <= ic; channels++) {
      if (ic % channels || gradient_tile_registers(v, channels, taps) > target->registers) continue;
      double cycles =
          oc_vectors / v * (ic / channels) * gradient_tile_cycles(target, v, channels, taps);
      if (oc_vectors % v)
        cycles += ic / channels * gradient_tile_cycles(target, oc_vectors % v, channels, taps) *
                  COST_OF_TAIL_CODE;
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      *tile = (RegisterTile){v, channels};
    }
  }
  return best;
}
