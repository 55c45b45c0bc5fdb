/* The schedule of inference with channels in lanes. */
#include "scheduling.h"

#include <inttypes.h>

static const double WORTH_A_WIDTH = 0.03; /* gain for which a width of tiles gets code of its own */

enum {
  PREPARED_PIECES = 16,       /* of work, where filters of a tile should not be read again */
  FILTER_BYTES = 320 << 10,   /* of a tile: they stay in the second cache while rows pass */
  TOGETHER_BYTES = 512 << 10, /* the same of all filters */
  ROWS_BYTES = 1 << 20        /* sums of a block of linear, on the stack */
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
  for (int v = 1; v <= min(vectors, TILE_VECTORS_MOST); v++) {
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

static Lacks tiles_lack(const Node *node, int pixels) {
  int read = node->in[0]->dim[3], made = node->out[0]->dim[3];
  Lacks lacks = {0};
  for (int q = 0; q < made; q += pixels)
    find_lacks(&lacks, &node->attributes, read, q, min(pixels, made - q));
  return lacks;
}

Lacks conv_tiles_lack(const Node *node) {
  return tiles_lack(node, node->schedule.tile[1]);
}

/* What the filters of a tile of `vectors` vectors of channels need. */
typedef struct Filters {
  int tiles;
  int blocks;    /* of channels, which a tile reads */
  int64_t block; /* reals of the filters of one */
} Filters;

static Filters filters_of(const Node *conv, int vectors, int lanes) {
  const Attributes *a = &conv->attributes;
  int read = conv->in[0]->dim[1], made = conv->out[0]->dim[1];
  return (Filters){
      divide_up(divide_up(made, lanes), vectors),
      conv_blocks_read(read, made, a->groups, vectors, lanes),
      (int64_t)a->kernel[0] * a->kernel[1] * min(read, lanes) * vectors * lanes,
  };
}

/* With what is added behind the sums. */
static int64_t filters_reals(const Filters *f, int vectors, int lanes) {
  return f->tiles * ((int64_t)vectors * lanes + f->blocks * f->block);
}

void give_filters(Node *conv, const CompileOptions *options) {
  Node *maker = conv->in[1]->producer;
  const int lanes = target_lanes(options->target), vectors = conv->schedule.tile[0];
  const Filters filters = filters_of(conv, vectors, lanes);
  maker->schedule.tile[0] = vectors;
  const int64_t reals = filters_reals(&filters, vectors, lanes);
  maker->out[0]->dim[0] = reals < INT32_MAX ? (int)reals : INT32_MAX; /* too large for a program */
}

/* A tile has its sums, its vectors of a filter, a pixel, and one to spare; its pixels lack a tap at
   one end, few of them. */
static bool check_prepared_tile(const Decision *d, int vectors, int columns) {
  const int pixels = d->s.tile[1];
  if (!decision_check_part(d, min(vectors, TILE_VECTORS_MOST), min(columns, TILE_PIXELS_MOST)) ||
      !decision_check_registers(d, d->s.tile[0], 2))
    return false;
  const Lacks lacks = tiles_lack(d->node, pixels);
  return (lacks.most <= EDGE_MOST && !lacks.both) ||
         decision_refuse(
             d,
             "tile: %d pixels of a row lack taps at both ends, or more than %d of them at "
             "one; 1 is always right",
             pixels, EDGE_MOST);
}

bool decide_conv_prepared(Decision *d) {
  const Value *y = d->node->out[0];
  Schedule *s = &d->s;
  const int lanes = target_lanes(d->options->target), vectors = divide_up(y->dim[1], lanes);
  choose_prepared_tile(s, vectors, y->dim[3], target_registers(d->options->target));
  const Lacks lacks = tiles_lack(d->node, s->tile[1]);
  if (lacks.most > EDGE_MOST || lacks.both) { /* one pixel has a tap, or lacks it */
    s->tile[0] = min(vectors, TILE_VECTORS_MOST);
    s->tile[1] = 1;
  }
  decision_take(d, WORD_TILE);
  if (!check_prepared_tile(d, vectors, y->dim[3])) return false;
  const Filters filters = filters_of(d->node, s->tile[0], lanes);
  const int64_t bytes = filters.block * real_bytes(d->options);
  /* Many filters: those of a tile stay in the second cache for all images. */
  s->tiles_first = filters.tiles * filters.blocks * bytes > TOGETHER_BYTES;
  decision_take(d, WORD_TILES_FIRST);
  const int pieces = d->graph->recipe.batch * filters.tiles;
  s->block[0] = divide_up(y->dim[2], divide_up(s->tiles_first ? PREPARED_PIECES : PIECES, pieces));
  s->block[1] = max(1, min(filters.blocks, (int)(FILTER_BYTES / bytes)));
  decision_take(d, WORD_BLOCK);
  return decision_check_number(d, WORD_BLOCK, 0, y->dim[2]) &&
         decision_check_number(d, WORD_BLOCK, 1, filters.blocks);
}

/* A block has the sums of its features for all images, on the stack. */
static bool check_rows_block(const Decision *d, int read, int images) {
  const int *block = d->s.block, *tile = d->s.tile, lanes = target_lanes(d->options->target);
  const int room = max(tile[0], ROWS_BYTES / vector_bytes(d->options) / images);
  if (!decision_check_number(d, WORD_BLOCK, 0, room) ||
      !decision_check_number(d, WORD_BLOCK, 1, read))
    return false;
  if (block[0] % tile[0])
    return decision_refuse(d, "block: features must be a multiple of the tile's %d, not %d",
                           tile[0], block[0]);
  return block[1] == read || block[1] % lanes == 0 ||
         decision_refuse(d, "block: features read must be all %d, or a multiple of %d, not %d",
                         read, lanes, block[1]);
}

/* Whole tiles of images only: a batch that is not full computes images that nobody reads. A block
   of the features of all images stays in the first cache while several tiles read it. */
bool decide_linear_rows(Decision *d) {
  enum { BLOCK_FEATURES = 16, BLOCK_BYTES = 32 << 10 };
  const bool many = target_registers(d->options->target) == 32;
  const Value *x = d->node->in[0];
  const int images = x->dim[0], read = x->dim[1], made = d->node->out[0]->dim[1];
  const int lanes = target_lanes(d->options->target);
  Schedule *s = &d->s;
  int together = min(many ? 4 : 2, images);
  while (images % together) together--;
  s->tile[0] = min(made, many ? (together > 2 ? 5 : 8) : 4);
  s->tile[1] = together;
  decision_take(d, WORD_TILE);
  if (!decision_check_part(d, made, images) ||
      !decision_check_registers(d, s->tile[1], SPARE_REGISTERS))
    return false;
  if (images % s->tile[1])
    return decision_refuse(d, "tile: images must divide a batch of %d, not be %d", images,
                           s->tile[1]);
  const int room = ROWS_BYTES / vector_bytes(d->options) / images / s->tile[0] * s->tile[0];
  s->block[0] = max(s->tile[0], min(room, divide_up(BLOCK_FEATURES, s->tile[0]) * s->tile[0]));
  const int fit = BLOCK_BYTES / (images * lanes * real_bytes(d->options)) * lanes;
  const bool fits = (int64_t)images * read * real_bytes(d->options) <= 4 * BLOCK_BYTES;
  s->block[1] = fits ? read : max(fit, 8 * lanes);
  decision_take(d, WORD_BLOCK);
  return check_rows_block(d, read, images);
}
