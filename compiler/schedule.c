/* schedule: an algorithm and its register tile for every node, as plain data.
   Requires  a fused graph.
   Establishes  node->schedule of every node that becomes code.
   May break  nothing.

   The cost model: a tile of a x b accumulators takes, for every term of its sum, a*b FMAs and a+b
   loads, two of either a cycle; fewer accumulators than FMAs in flight wait for each other. The
   tile with the least cycles for the whole node wins, remainders of the shape included; a load
   counts a little even where FMAs hide it, and more where it reaches the second cache. */
#include "passes.h"

enum {
  FMAS_IN_FLIGHT = 8, /* two a cycle, four cycles each */
  SPARE_REGISTERS =
      3 /* for the broadcast operand and the compiler's freedom: at 32 live it spills */
};

static const double HIDDEN_LOAD = 0.1;    /* cycles */
static const double FAR_LOAD = 0.4;       /* of a line from the second cache */
static const double WORTH_A_BODY = 0.12;  /* gain for which a shape gets code of its own */
static const double WORTH_A_WIDTH = 0.03; /* the same for a width of tiles */
static const double CODE_FOR_REST = 1.02; /* a second copy of the kernel must be worth it */

static int min(int a, int b) {
  return a < b ? a : b;
}

static int max(int a, int b) {
  return a > b ? a : b;
}

/* Cycles for one term of the sum of an a x b tile; far: of the loads of b, by the second cache. */
static double tile_cycles(int a, int b, double far) {
  double fmas = a * b, loads = a + b;
  double cycles = fmas > loads ? fmas : loads;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + HIDDEN_LOAD * loads +
         FAR_LOAD * far * b;
}

/* Cycles to cover an `m` x `n` output with tiles of a x b and what remains at the edges. */
static double cover_cycles(int m, int n, int a, int b, double far) {
  int rest_m = m % a, rest_n = n % b;
  double cycles = (double)(m / a) * (n / b) * tile_cycles(a, b, far);
  if (rest_m) cycles += (n / b) * tile_cycles(rest_m, b, far);
  if (rest_n) cycles += (m / a) * tile_cycles(a, rest_n, far);
  if (rest_m && rest_n) cycles += tile_cycles(rest_m, rest_n, far);
  return rest_m ? cycles * CODE_FOR_REST : cycles;
}

/* The shorter side is held in registers beside the accumulators, the other passes through one. */
static bool tile_fits(int a, int b, int registers) {
  return a * b + min(a, b) + SPARE_REGISTERS <= registers;
}

/* The best tile a x b for an m x n output; a is `most` at most, b a multiple of `unit`. What is
   already in `tile` stays unless it does not fit, or another is better by more than a little:
   shapes with one tile share code. */
static void choose_tile(int m, int n, int unit, int most, int registers, double far, int tile[2]) {
  double best = 0;
  if (tile[0] && tile[0] <= m && tile[1] <= n && tile_fits(tile[0], tile[1], registers))
    best = cover_cycles(m, n, tile[0], tile[1], far) * (1 - WORTH_A_BODY);
  for (int a = 1; a <= min(m, most); a++) {
    for (int b = unit; b <= n; b += unit) {
      if (!tile_fits(a, b, registers) && (a > 1 || b > unit)) continue;
      double cycles = cover_cycles(m, n, a, b, far);
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      tile[0] = a;
      tile[1] = b;
    }
  }
}

/* --- convolutions ----------------------------------------------------------------------------- */

enum {
  ROWS_OF_WEIGHTS = 8,    /* of a tile of conv_rows: for more distances there are no registers */
  PIECES = 64,            /* of work, at least, where a shape has as many: for many processors */
  PREPARED_PIECES = 16,   /* the same where filters of a tile should not be read again */
  SUM_PIECES = 32,        /* the same where a piece sees all images */
  TILE_BYTES = 30 << 10,  /* that stay in the first cache while others pass through once */
  TILES_BYTES = 40 << 10, /* the same, with what passes through */
  FAR_BYTES = 512 << 10,  /* that stay in the second cache, beside what passes through */
  SUM_BYTES = 256 << 10,  /* sums of a block of filters: they stay in the second cache */
  PART_BYTES = 4 << 20,   /* images that stay in the third cache while several blocks read them */
  PART_PIXELS = 256       /* vectors that a part adds up, at least: a sum of lanes is worth 8 */
};

static int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

/* Bytes of a number of as many images as a vector holds. */
static int vector_bytes(const CompileOptions *options) {
  return target_lanes(options->target) * real_bytes(options);
}

/* Tiles of channels and pixels of a row in a piece of conv_rows, which reads
   `kernel` rows of `channels` channels. */
static void choose_block(Schedule *s, const Graph *graph, const CompileOptions *options, int made,
                         int rows, int columns, int kernel, int channels, int stride) {
  int tiles = divide_up(made, s->tile[0]);
  int pieces = divide_up(graph->recipe.batch, target_lanes(options->target)) * rows;
  int64_t pixel = (int64_t)kernel * channels * stride * vector_bytes(options);
  int fit = (int)(FAR_BYTES / pixel) / s->tile[1] * s->tile[1];
  s->block[0] = divide_up(tiles, divide_up(PIECES, pieces));
  s->block[1] = pixel * columns <= 2 * FAR_BYTES ? columns : fit > s->tile[1] ? fit : s->tile[1];
}

/* The tile that most convolutions share. */
static void usual_tile(Schedule *s, const CompileOptions *options) {
  bool many = target_registers(options->target) == 32;
  s->tile[0] = many ? 8 : 4;
  s->tile[1] = many ? 3 : 2;
}

/* The node works in so many reals while it runs; all such nodes share one place. */
static void give_workspace(Node *node, Graph *graph, int64_t count) {
  int reals = (int)count;
  if (!graph->workspace) {
    graph->workspace = graph_value(graph, VALUE_WORKSPACE, "workspace", 1, &reals);
    graph->workspace->producer = node;
  }
  graph->workspace->dim[0] = max(graph->workspace->dim[0], reals);
  node->workspace = graph->workspace;
}

static void schedule_conv_rows(Node *node, Graph *graph, const CompileOptions *options) {
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *y = node->out[0];
  Schedule *s = &node->schedule;
  int channels = y->dim[1] / a->groups, columns = y->dim[3];
  bool backward = node->op == OP_conv2d_backward_data;
  /* Backward, the pixels of a row that share their taps are one in `stride`. */
  int apart = backward ? a->stride[1] : 1;
  usual_tile(s, options);
  choose_tile(channels, divide_up(columns, apart), 1, ROWS_OF_WEIGHTS,
              target_registers(options->target), 1.0 / a->kernel[1], s->tile);
  choose_block(s, graph, options, channels, y->dim[2], columns, a->kernel[0], x->dim[1] / a->groups,
               backward ? 1 : a->stride[1]);
  /* Many weights, which many tiles of pixels read from beyond the first caches, are packed into one
   * stream. */
  const Value *weight = node->in[1];
  int padded = divide_up(channels, s->tile[0]) * s->tile[0];
  if (value_count(weight) * real_bytes(options) > FAR_BYTES / 2)
    give_workspace(node, graph, value_count(weight) / channels * padded);
}

/* --- channels in lanes -------------------------------------------------------------------------
 */

enum {
  VECTORS_MOST = 4,          /* of channels, of a tile */
  FILTER_BYTES = 320 << 10,  /* of a tile: they stay in the second cache while rows pass */
  TOGETHER_BYTES = 512 << 10 /* the same of all filters */
};

/* Blocks of channels, as many as a vector has, that a tile reads at most: tiles make `vectors`
   vectors of the `made` channels. */
static int conv_blocks_read(int read, int made, int groups, int vectors, int lanes) {
  int most = 0;
  for (int first = 0; first < made; first += vectors * lanes) {
    int last = min(made, first + vectors * lanes) - 1;
    int from = first / (made / groups) * (read / groups);
    int end = (last / (made / groups) + 1) * (read / groups);
    most = max(most, divide_up(end, lanes) - from / lanes);
  }
  return most;
}

/* Cycles for a term of the sum of a tile: weights are loads of vectors, from the second cache,
   pixels of single numbers. */
static double prepared_cycles(int vectors, int pixels) {
  const double FAR_WEIGHTS = 0.25, ONE_VECTOR = 1.25; /* a pixel serves one multiply-add */
  double fmas = vectors * pixels, loads = vectors + pixels;
  double cycles = fmas > loads ? fmas : loads;
  if (vectors == 1) cycles *= ONE_VECTOR;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + HIDDEN_LOAD / 2 * loads +
         FAR_WEIGHTS * vectors;
}

/* The same for a row. */
static double prepared_row_cycles(int vectors, int pixels, int columns) {
  int rest = columns % pixels;
  double cycles = columns / pixels * prepared_cycles(vectors, pixels);
  return rest ? cycles + prepared_cycles(vectors, rest) : cycles;
}

/* The tile that makes `vectors` x `columns` in the fewest cycles: as wide as fits, or a row is cut
   into nearly equal tiles where that gains enough. */
static void choose_prepared_tile(Schedule *s, int vectors, int columns, int registers) {
  double best = 0;
  for (int v = 1; v <= min(vectors, VECTORS_MOST); v++) {
    int most = min(columns, (registers - 2 - v) / v); /* one for a pixel, one to spare */
    int equal = divide_up(columns, divide_up(columns, most));
    for (int k = 0; k < 2; k++) {
      int x = k ? equal : most, rest = vectors % v;
      double cycles = vectors / v * prepared_row_cycles(v, x, columns);
      if (rest) cycles = (cycles + prepared_row_cycles(rest, x, columns)) * CODE_FOR_REST;
      if (best != 0 && cycles >= best * (k ? 1 - WORTH_A_WIDTH : 1)) continue;
      best = cycles;
      s->tile[0] = v;
      s->tile[1] = x;
    }
  }
}

/* Of the tile from pixel `first` on. */
static void find_lacks(Lacks *lacks, const Attributes *a, int read, int first, int pixels) {
  int stride = a->stride[1];
  for (int k = 0; k < a->kernel[1]; k++) {
    int at = first * stride - a->padding[1] + k * a->dilation[1];
    int past = at + (pixels - 1) * stride + 1 - read;
    int left = at < 0 ? divide_up(-at, stride) : 0, right = past > 0 ? divide_up(past, stride) : 0;
    bool whole = left + right >= pixels;
    lacks->most = max(lacks->most, whole ? 1 : max(left, right));
    lacks->both = lacks->both || (!whole && left && right);
  }
}

Lacks conv_tiles_lack(const Node *node) {
  int pixels = node->schedule.tile[1], read = node->in[0]->dim[3], made = node->out[0]->dim[3];
  Lacks lacks = {0};
  for (int q = 0; q < made; q += pixels)
    find_lacks(&lacks, &node->attributes, read, q, min(pixels, made - q));
  return lacks;
}

static void schedule_prepared(Node *node, const Graph *graph, const CompileOptions *options) {
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *y = node->out[0];
  Node *maker = node->in[1]->producer;
  Schedule *s = &node->schedule;
  int lanes = target_lanes(options->target), vectors = divide_up(y->dim[1], lanes);
  choose_prepared_tile(s, vectors, y->dim[3], target_registers(options->target));
  Lacks lacks = conv_tiles_lack(node);
  if (lacks.most > EDGE_MOST || lacks.both) { /* one pixel has a tap, or lacks it */
    s->tile[0] = min(vectors, VECTORS_MOST);
    s->tile[1] = 1;
  }
  int tiles = divide_up(vectors, s->tile[0]), size = a->kernel[0] * a->kernel[1];
  int blocks = conv_blocks_read(x->dim[1], y->dim[1], a->groups, s->tile[0], lanes);
  int block = size * min(x->dim[1], lanes) * s->tile[0] * lanes; /* reals of filters */
  int bytes = block * real_bytes(options);
  s->block[1] = max(1, min(blocks, FILTER_BYTES / bytes));
  /* Many filters: those of a tile stay in the second cache for all images. */
  s->block[2] = (int64_t)tiles * blocks * bytes > TOGETHER_BYTES;
  int pieces = graph->recipe.batch * tiles;
  s->block[0] = divide_up(y->dim[2], divide_up(s->block[2] ? PREPARED_PIECES : PIECES, pieces));
  maker->schedule.tile[0] = s->tile[0];
  maker->out[0]->dim[0] = tiles * (s->tile[0] * lanes + blocks * block);
}

/* Whole tiles only, as below. A block of the features of all images stays in the first cache while
   several tiles read it. */
static void schedule_rows(Node *node, const CompileOptions *options) {
  enum { BLOCK_FEATURES = 16, BLOCK_BYTES = 32 << 10 };
  bool many = target_registers(options->target) == 32;
  Schedule *s = &node->schedule;
  const Value *x = node->in[0];
  int images = x->dim[0], read = x->dim[1], made = node->out[0]->dim[1];
  int lanes = target_lanes(options->target), together = min(many ? 4 : 2, images);
  while (images % together) together--;
  s->tile[0] = min(made, many ? (together > 2 ? 5 : 8) : 4);
  s->tile[1] = together;
  s->block[0] = divide_up(BLOCK_FEATURES, s->tile[0]) * s->tile[0];
  int fit = BLOCK_BYTES / (images * lanes * real_bytes(options)) * lanes;
  bool fits = (int64_t)images * read * real_bytes(options) <= 4 * BLOCK_BYTES;
  s->block[1] = fits ? read : max(fit, 8 * lanes);
}

int conv_block_sums(const CompileOptions *options) {
  return SUM_BYTES / vector_bytes(options);
}

/* Bytes of a value with the batch innermost. */
static int64_t lane_bytes(const Value *value, int groups, int vector) {
  return value_features(value) * groups * vector;
}

/* Parts of the rows of all images that are added up by themselves: for enough pieces of work, and
   so that blocks which read the same images find them in the third cache. */
static int choose_parts(int pieces, int most, int64_t images, int64_t weights, bool read_again) {
  int parts = min(most, divide_up(SUM_PIECES, pieces));
  int near = (int)(images / PART_BYTES);
  while (near > 1 && near * weights * 2 > images) near--;
  if (read_again && near > parts) parts = min(most, near);
  return parts;
}

/* The largest block of sums: output channels, input channels and kernel rows, that leaves enough
   pieces of work when the rows are cut into `most` parts. Returns the pieces of a part. */
static int choose_sums(Schedule *s, const Attributes *a, int channels_out, int channels_in,
                       int most, const CompileOptions *options) {
  int *outs = &s->block[1], *ins = &s->block[2], *kernel = &s->block[3];
  *outs = s->tile[0];
  *ins = s->algorithm == ALGORITHM_TAPS ? 1 : s->tile[1];
  int tiles = a->groups * divide_up(channels_out, *outs) * divide_up(channels_in, *ins);
  bool fits = *outs * *ins * a->kernel[0] * a->kernel[1] <= conv_block_sums(options);
  *kernel = tiles * most < SUM_PIECES || !fits ? 1 : a->kernel[0];
  int pieces = tiles * (a->kernel[0] / *kernel);
  for (bool grown = true; grown;) {
    grown = false;
    for (int k = 0; k < 2; k++) {
      int wide = k ? *outs : *outs * 2, deep = k ? *ins * 2 : *ins;
      int64_t sums = (int64_t)wide * deep * *kernel * a->kernel[1];
      int fewer = a->groups * divide_up(channels_out, wide) * divide_up(channels_in, deep) *
                  (a->kernel[0] / *kernel);
      bool larger = k ? *ins < channels_in && *ins <= *outs : *outs < channels_out && *outs <= *ins;
      if (!larger || sums > conv_block_sums(options) || fewer * most < SUM_PIECES) continue;
      *outs = wide;
      *ins = deep;
      pieces = fewer;
      grown = true;
    }
  }
  return pieces;
}

/* Whether the taps of a kernel's row can be a side of the tile, and should: a pixel that is read
   for one is near for the next. The edges of a row must not meet. */
static bool taps_in_tile(const Node *node, const CompileOptions *options) {
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *dy = node->in[1];
  int taps = a->kernel[1], stride = a->stride[1];
  int left = divide_up(a->padding[1], stride);
  int whole = (x->dim[3] - taps + a->padding[1]) / stride + 1; /* pixels before the right edge */
  return taps > 2 && a->dilation[1] == 1 && tile_fits(1, taps, target_registers(options->target)) &&
         x->dim[3] >= taps && whole > left && a->padding[1] < taps && dy->dim[3] >= whole;
}

/* Tile of filters x taps; the filters' dy stays in the first cache while channels pass over it. */
static void choose_taps(Schedule *s, const Attributes *a, int channels_out, const Value *dy,
                        const CompileOptions *options) {
  int vector = vector_bytes(options);
  s->algorithm = ALGORITHM_TAPS;
  s->tile[0] = 1;
  s->tile[1] = a->kernel[1];
  while (s->tile[0] < channels_out &&
         tile_fits(s->tile[0] + 1, s->tile[1], target_registers(options->target)))
    s->tile[0]++;
  int fewer = s->tile[0] - 1; /* where they leave no rest and still keep the FMA units busy */
  if (channels_out % s->tile[0] && fewer && channels_out % fewer == 0 &&
      fewer * s->tile[1] >= FMAS_IN_FLIGHT)
    s->tile[0] = fewer;
  int row = s->tile[0] * dy->dim[3] * vector;
  int columns = divide_up(row, TILE_BYTES);
  s->block[0] = max(1, min(TILE_BYTES / row, dy->dim[2]));
  s->block[4] = divide_up(dy->dim[3], columns);
}

/* Tile of filters x channels: the filters' dy, the channels, and the next channels, which the tile
   asks for, stay in the first cache. */
static void choose_channels(Schedule *s, const Attributes *a, int channels_out, int channels_in,
                            const Value *x, const Value *dy, const CompileOptions *options) {
  int vector = vector_bytes(options);
  usual_tile(s, options);
  choose_tile(channels_out, channels_in, 1, channels_out, target_registers(options->target), 0,
              s->tile);
  while (s->tile[0] * s->tile[1] * a->kernel[1] > conv_block_sums(options)) /* very wide kernels */
    s->tile[s->tile[0] < s->tile[1]] /= 2;
  int64_t pixels = min(x->dim[3], dy->dim[3] * a->kernel[1]) * min(a->stride[0], a->kernel[0]);
  int64_t of_x = s->tile[1] * pixels * vector;
  int64_t row = (int64_t)s->tile[0] * dy->dim[3] * vector + 2 * of_x;
  int columns = (int)min(dy->dim[3], divide_up((int)row, TILES_BYTES));
  s->block[0] = max(1, min((int)(TILES_BYTES / row), dy->dim[2]));
  s->block[4] = divide_up(dy->dim[3], columns);
}

static void schedule_conv_weights(Node *node, Graph *graph, const CompileOptions *options) {
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *dy = node->in[1], *dweight = node->out[0];
  Schedule *s = &node->schedule;
  int vector = vector_bytes(options);
  int images = divide_up(graph->recipe.batch, target_lanes(options->target));
  int channels_in = x->dim[1] / a->groups, channels_out = dy->dim[1] / a->groups;
  if (taps_in_tile(node, options))
    choose_taps(s, a, channels_out, dy, options);
  else
    choose_channels(s, a, channels_out, channels_in, x, dy, options);
  int most = min(images * divide_up(dy->dim[2], s->block[0]),
                 images * dy->dim[2] * dy->dim[3] / PART_PIXELS);
  most = max(most, 1);
  int pieces = choose_sums(s, a, channels_out, channels_in, most, options);
  s->parts =
      choose_parts(pieces, most, lane_bytes(x, images, vector) + lane_bytes(dy, images, vector),
                   value_count(dweight) * real_bytes(options), pieces > a->groups);
  if (s->parts == 1) return;
  give_workspace(node, graph, s->parts * value_count(dweight));
}

/* --- the pass --------------------------------------------------------------------------------- */

static void schedule_node(Node *node, Graph *graph, const CompileOptions *options) {
  int registers = target_registers(options->target), lanes = target_lanes(options->target);
  Schedule *s = &node->schedule;
  s->algorithm = ALGORITHM_DIRECT;
  switch (node->op) {
  case OP_flatten:
  case OP_reshape:
    if (node_is_view(graph, node)) s->algorithm = ALGORITHM_NONE;
    break;
  case OP_conv2d_prepared:
    schedule_prepared(node, graph, options);
    break;
  case OP_conv2d:
  case OP_conv2d_backward_data:
    schedule_conv_rows(node, graph, options);
    break;
  case OP_conv2d_backward_weights:
    schedule_conv_weights(node, graph, options);
    break;
  case OP_linear:
  case OP_linear_backward_data: {
    if (graph->layout == LAYOUT_CHANNELS) {
      schedule_rows(node, options);
      break;
    }
    /* Whole tiles only: a batch that is not full computes images that nobody reads. */
    int groups = (node->in[0]->dim[0] + lanes - 1) / lanes, vectors = 4;
    while (groups % vectors) vectors--;
    choose_tile(node->out[0]->dim[1], vectors, vectors, registers, registers, 0, s->tile);
    break;
  }
  case OP_linear_backward_weights: {
    int vectors = (node->in[0]->dim[1] + lanes - 1) / lanes;
    choose_tile(node->in[1]->dim[1], vectors, 1, registers, registers, 0, s->tile);
    break;
  }
  default:
    break;
  }
}

void pass_schedule(Graph *graph, const CompileOptions *options) {
  for (int i = 0; i < graph->nodes.count; i++) schedule_node(graph->nodes.at[i], graph, options);
}
