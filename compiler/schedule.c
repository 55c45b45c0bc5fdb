/* schedule: an algorithm and its register tile for every node, as plain data.
   Requires  a fused graph.
   Establishes  node->schedule of every node that becomes code.
   May break  nothing.

   The cost model: a tile of a x b accumulators takes, for every term of its sum, a*b FMAs and a+b
   loads, two of either a cycle; fewer accumulators than FMAs in flight wait for each other. The
   tile with the least cycles for the whole node wins, remainders of the shape included; a load
   counts a little even where FMAs hide it, since it may miss the first cache. */
#include "passes.h"

enum {
  FMAS_IN_FLIGHT = 8, /* two a cycle, four cycles each */
  SPARE_REGISTERS =
      3 /* for the broadcast operand and the compiler's freedom: at 32 live it spills */
};

static const double HIDDEN_LOAD = 0.1;    /* cycles */
static const double CODE_FOR_REST = 1.02; /* a second copy of the kernel must be worth it */

static int min(int a, int b) {
  return a < b ? a : b;
}

/* Cycles for one term of the sum of an a x b tile. */
static double tile_cycles(int a, int b) {
  double fmas = a * b, loads = a + b;
  double cycles = fmas > loads ? fmas : loads;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + HIDDEN_LOAD * loads;
}

/* Cycles to cover an `m` x `n` output with tiles of a x b and what remains at the edges. */
static double cover_cycles(int m, int n, int a, int b) {
  int rest_m = m % a, rest_n = n % b;
  double cycles = (double)(m / a) * (n / b) * tile_cycles(a, b);
  if (rest_m) cycles += (n / b) * tile_cycles(rest_m, b);
  if (rest_n) cycles += (m / a) * tile_cycles(a, rest_n);
  if (rest_m && rest_n) cycles += tile_cycles(rest_m, rest_n);
  return rest_m ? cycles * CODE_FOR_REST : cycles;
}

/* The shorter side is held in registers beside the accumulators, the other passes through one. */
static bool tile_fits(int a, int b, int registers) {
  return a * b + min(a, b) + SPARE_REGISTERS <= registers;
}

/* The best tile for an m x n output; b is a multiple of `unit`. */
static void choose_tile(int m, int n, int unit, int registers, int tile[2]) {
  double best = 0;
  for (int a = 1; a <= m; a++) {
    for (int b = unit; b <= n; b += unit) {
      if (!tile_fits(a, b, registers) && (a > 1 || b > unit)) continue;
      double cycles = cover_cycles(m, n, a, b);
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      tile[0] = a;
      tile[1] = b;
    }
  }
}

static void schedule_node(Node *node, const CompileOptions *options) {
  int registers = target_registers(options->target), lanes = target_lanes(options->target);
  Schedule *s = &node->schedule;
  const Attributes *a = &node->attributes;
  s->algorithm = ALGORITHM_DIRECT;
  switch (node->op) {
  case OP_flatten:
  case OP_reshape:
    s->algorithm = ALGORITHM_NONE;
    break;
  case OP_conv2d:
    choose_tile(node->out[0]->dim[1] / a->groups, node->out[0]->dim[3], 1, registers, s->tile);
    break;
  case OP_conv2d_backward_data: {
    /* Pixels of a row that share the same taps: one in `stride`. */
    int columns = (node->out[0]->dim[3] + a->stride[1] - 1) / a->stride[1];
    choose_tile(node->out[0]->dim[1] / a->groups, columns, 1, registers, s->tile);
    break;
  }
  case OP_conv2d_backward_weights: {
    int most = registers == 32 ? 11 : 5, tile[2];
    int parts = (a->kernel[1] + most - 1) / most;
    int taps = (a->kernel[1] + parts - 1) / parts; /* a long kernel row in equal parts */
    int channels_in = node->in[0]->dim[1] / a->groups,
        channels_out = node->in[1]->dim[1] / a->groups;
    choose_tile(channels_out, channels_in * taps, taps, registers, tile);
    s->tile[0] = tile[0];
    s->tile[1] = tile[1] / taps;
    s->tile[2] = taps;
    break;
  }
  case OP_linear:
  case OP_linear_backward_data: {
    /* Whole tiles only: a batch that is not full computes images that nobody reads. */
    int groups = (node->in[0]->dim[0] + lanes - 1) / lanes, vectors = 4;
    while (groups % vectors) vectors--;
    choose_tile(node->out[0]->dim[1], vectors, vectors, registers, s->tile);
    break;
  }
  case OP_linear_backward_weights: {
    int vectors = (node->in[0]->dim[1] + lanes - 1) / lanes;
    choose_tile(node->in[1]->dim[1], vectors, 1, registers, s->tile);
    break;
  }
  default:
    break;
  }
}

void pass_schedule(Graph *graph, const CompileOptions *options) {
  for (int i = 0; i < graph->nodes.count; i++) schedule_node(graph->nodes.at[i], options);
}
