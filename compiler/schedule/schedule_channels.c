/* The schedule of ops with channels in lanes. */
#include "schedule/schedule.h"
#include "schedule/scheduling.h"

#include <inttypes.h>
#include <string.h>

static const double WORTH_A_WIDTH = 0.03; /* gain for which a width of tiles gets code of its own */

enum {
  TILE_PIECES = 16,           /* of work, where filters of a tile should not be read again */
  FILTER_BYTES = 320 << 10,   /* of a tile: they stay in the second cache while rows pass */
  TOGETHER_BYTES = 512 << 10, /* the same of all filters */
  ROWS_BYTES = 1 << 20,       /* sums of a block of linear, on the stack */
  STRIP_BYTES = 30 << 10, /* that a tile of the filters' gradient reads: for all taps they stay in
                             the first cache */
  GRADIENT_BYTES = 256 << 10, /* sums of a piece of it: they stay in the second cache */
  GRADIENT_PIECES = 32        /* of work */
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
static double term_cycles(int vectors, int pixels) {
  const double FAR_WEIGHTS = 0.25, ONE_VECTOR = 1.25; /* a pixel serves one multiply-add */
  double fmas = vectors * pixels, loads = vectors + pixels;
  double cycles = fmas > loads ? fmas : loads;
  if (vectors == 1) cycles *= ONE_VECTOR;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + HIDDEN_LOAD / 2 * loads +
         FAR_WEIGHTS * vectors;
}

/* The same for a row. */
static double row_cycles(int vectors, int pixels, int columns) {
  int rest = columns % pixels;
  double cycles = columns / pixels * term_cycles(vectors, pixels);
  return rest ? cycles + term_cycles(vectors, rest) : cycles;
}

void choose_tile_of_channels(Schedule *s, int vectors, int columns, int registers) {
  double best = 0;
  for (int v = 1; v <= min(vectors, TILE_VECTORS_MOST); v++) {
    int most = min(columns, (registers - 2 - v) / v); /* one for a pixel, one to spare */
    int equal = divide_up(columns, divide_up(columns, most));
    for (int k = 0; k < 2; k++) {
      int x = k ? equal : most, rest = vectors % v;
      double cycles = vectors / v * row_cycles(v, x, columns);
      if (rest) cycles = (cycles + row_cycles(rest, x, columns)) * CODE_FOR_REST;
      if (best != 0 && cycles >= best * (k ? 1 - WORTH_A_WIDTH : 1)) continue;
      best = cycles;
      s->tile[0] = v;
      s->tile[1] = x;
    }
  }
}

/* Of the tile from pixel `first` on. */
static void find_lacks(Lacks *lacks, const Run *run, int read, int first, int pixels) {
  for (int k = 0; k < run->taps; k++) {
    int at = first * run->step + run->from + k * run->then;
    int past = at + (pixels - 1) * run->step + 1 - read;
    int left = at < 0 ? divide_up(-at, run->step) : 0;
    int right = past > 0 ? divide_up(past, run->step) : 0;
    bool whole = left + right >= pixels;
    lacks->most = max(lacks->most, whole ? 1 : max(left, right));
    lacks->both = lacks->both || (!whole && left && right);
  }
}

static Lacks tiles_lack(const Node *node, int pixels) {
  Lacks lacks = {0};
  for (int i = 0; i < conv_runs(node); i++) {
    const Run run = conv_run(node, i);
    for (int q = 0; q < run.made; q += pixels)
      find_lacks(&lacks, &run, node->in[0]->dim[3], q, min(pixels, run.made - q));
  }
  return lacks;
}

/* Whether pixels of such tiles lack a tap at one end only, and not too many of them. */
static bool edges_are_few(const Node *node, int pixels) {
  const Lacks lacks = tiles_lack(node, pixels);
  return lacks.most <= EDGE_MOST && !lacks.both;
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
  const bool winograd = conv->schedule.algorithm == ALGORITHM_WINOGRAD;
  maker->schedule.tile[0] = vectors;
  maker->schedule.algorithm = conv->schedule.algorithm;
  const int64_t reals = filters_reals(&filters, vectors, lanes) +
                        (winograd ? winograd_filters_reals(conv, &conv->schedule, lanes) : 0);
  maker->out[0]->dim[0] = reals < INT32_MAX ? (int)reals : INT32_MAX; /* too large for a program */
}

int conv_noted_rows(const Node *conv) {
  const Schedule *s = &conv->schedule;
  return s->algorithm == ALGORITHM_WINOGRAD ? conv->out[0]->dim[2] : s->block[0];
}

/* [image][rows of a piece][vector of channels][two][LANES]. */
void give_sums(Node *conv, const CompileOptions *options) {
  const Value *y = conv->out[0];
  const int lanes = target_lanes(options->target);
  conv->out[1]->dim[0] = y->dim[0] * divide_up(y->dim[2], conv_noted_rows(conv)) *
                         divide_up(y->dim[1], lanes) * 2 * lanes;
}

/* A tile has its sums, its vectors of a filter, a pixel, and one to spare; its pixels lack a tap at
   one end, few of them. */
static bool check_tile_of_channels(const Decision *d, int vectors, int columns) {
  const int pixels = d->s.tile[1];
  if (!decision_check_part(d, min(vectors, TILE_VECTORS_MOST), min(columns, TILE_PIXELS_MOST)) ||
      !decision_check_registers(d, d->s.tile[0], 2))
    return false;
  return edges_are_few(d->node, pixels) ||
         decision_refuse(
             d,
             "tile: %d pixels of a row lack taps at both ends, or more than %d of them at "
             "one; 1 is always right",
             pixels, EDGE_MOST);
}

/* Takes what a file says. */
static bool check_winograd(Decision *d) {
  const bool fits = winograd_fits(d);
  decision_take(d, WORD_ALGORITHM);
  return d->s.algorithm != ALGORITHM_WINOGRAD || fits ||
         decision_refuse(d, "algorithm=winograd is for kernels of 3x3 and 5x5 without stride, "
                            "dilation and groups, with paddings below that, and not for images of "
                            "few channels or millions of filters");
}

bool decide_conv_channels(Decision *d) {
  const Value *y = d->node->out[0];
  Schedule *s = &d->s;
  const int lanes = target_lanes(d->options->target), vectors = divide_up(y->dim[1], lanes);
  if (winograd_pays(d)) s->algorithm = ALGORITHM_WINOGRAD;
  if (!check_winograd(d)) return false;
  if (s->algorithm == ALGORITHM_WINOGRAD) {
    choose_winograd_tile(d, s);
    decision_take(d, WORD_TILE);
    return decision_check_part(d, min(vectors, TILE_VECTORS_MOST), TILE_PIXELS_MOST) &&
           decision_check_registers(d, s->tile[0], 2) && decide_winograd_rows(d);
  }
  const int columns = conv_columns(d->node);
  choose_tile_of_channels(s, vectors, columns, target_registers(d->options->target));
  while (!edges_are_few(d->node, s->tile[1])) { /* one pixel has a tap, or lacks it */
    s->tile[1]--;
    s->tile[0] = min(vectors, min(TILE_VECTORS_MOST,
                                  (target_registers(d->options->target) - 2) / (s->tile[1] + 1)));
  }
  decision_take(d, WORD_TILE);
  if (!check_tile_of_channels(d, vectors, columns)) return false;
  const Filters filters = filters_of(d->node, s->tile[0], lanes);
  const int64_t bytes = filters.block * real_bytes(d->options);
  /* Many filters: those of a tile stay in the second cache for all images. */
  s->tiles_first = filters.tiles * filters.blocks * bytes > TOGETHER_BYTES;
  decision_take(d, WORD_TILES_FIRST);
  const int pieces = d->graph->recipe.batch * filters.tiles;
  s->block[0] = divide_up(y->dim[2], divide_up(s->tiles_first ? TILE_PIECES : PIECES, pieces));
  s->block[1] = max(1, min(filters.blocks, (int)(FILTER_BYTES / bytes)));
  decision_take(d, WORD_BLOCK);
  return decision_check_number(d, WORD_BLOCK, 0, y->dim[2]) &&
         decision_check_number(d, WORD_BLOCK, 1, filters.blocks);
}

/* --- conv2d_backward_weights ------------------------------------------------------------------ */

/* Cycles for a pixel of a tile of `vectors` of dy x `deep` channels of x x `taps`: those are near
   each other, vectors of dy are not. */
static double filters_cycles(int vectors, int deep, int taps) {
  const double FAR_VECTOR = 0.3, PIXEL = 0.5;
  double fmas = vectors * deep * taps, loads = vectors * taps + deep;
  double cycles = fmas > loads ? fmas : loads;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + FAR_VECTOR * vectors + PIXEL;
}

/* The registers of such a tile: its sums, vectors of dy, one for x. */
static int filters_registers(int vectors, int deep, int taps) {
  return vectors * deep * taps + vectors * taps + 1;
}

/* The tile that sums `vectors` x `depth` channels in the fewest cycles, and how many: for one pixel
   and all its taps; 0: no tile fits. */
static double choose_filters_tile(int tile[2], int vectors, int depth, int taps, int registers) {
  double best = 0;
  for (int v = 1; v <= min(vectors, TILE_VECTORS_MOST); v++) {
    for (int deep = 1; deep <= depth; deep++) {
      if (depth % deep || filters_registers(v, deep, taps) > registers) continue;
      double cycles = vectors / v * (depth / deep) * filters_cycles(v, deep, taps);
      if (vectors % v)
        cycles += depth / deep * filters_cycles(vectors % v, deep, taps) * CODE_FOR_REST;
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      tile[0] = v;
      tile[1] = deep;
    }
  }
  return best;
}

/* Pixels of a row of dy that all taps have together. */
static int pixels_with_taps(const Node *node) {
  const Attributes *a = &node->attributes;
  int pixels = 0;
  for (int k = 0; k < a->kernel[1]; k++) {
    const int from = k * a->dilation[1] - a->padding[1];
    for (int q = 0; q < node->in[1]->dim[3]; q++) {
      const int at = q * a->stride[1] + from;
      pixels += at >= 0 && at < node->in[0]->dim[3];
    }
  }
  return pixels;
}

/* Whether a tile may have all taps of a kernel's row: neighbours in dy read neighbours of x, and no
   pixel of x lacks taps at both ends. */
static bool row_of_taps_fits(const Node *node) {
  const Attributes *a = &node->attributes;
  return a->kernel[1] > 1 && a->kernel[1] <= ROW_TAPS_MOST && a->stride[1] == 1 &&
         a->dilation[1] == 1 && node->in[1]->dim[3] >= a->kernel[1];
}

/* One tap for each tile or, where that gains enough, a row of them. */
static void choose_filters_algorithm(Schedule *s, const Node *node, int vectors, int depth,
                                     int registers) {
  const double WORTH_A_ROW = 0.04, EDGES = 1; /* the pixels at both ends of a row cost one more */
  const int taps = node->attributes.kernel[1], pixels = pixels_with_taps(node);
  int tile[2];
  const double one = choose_filters_tile(s->tile, vectors, depth, 1, registers) * pixels;
  s->algorithm = ALGORITHM_DIRECT;
  if (!row_of_taps_fits(node)) return;
  const double row =
      choose_filters_tile(tile, vectors, depth, taps, registers) * ((double)pixels / taps + EDGES);
  if (row == 0 || row > one * (1 - WORTH_A_ROW)) return;
  memcpy(s->tile, tile, sizeof tile);
  s->algorithm = ALGORITHM_TAPS;
}

/* The gradient of filters: what its schedule depends on. */
typedef struct Gradient {
  int vectors, depth, blocks; /* of channels of dy; channels of a block of x; such blocks */
  int64_t block_reals;        /* sums of a vector of channels of dy, for a block of x */
} Gradient;

static Gradient gradient_of(const Node *node, int lanes) {
  const Value *x = node->in[0], *dy = node->in[1];
  const Attributes *a = &node->attributes;
  const int depth = min(x->dim[1], lanes);
  return (Gradient){divide_up(dy->dim[1], lanes), depth, divide_up(x->dim[1], lanes),
                    (int64_t)depth * a->kernel[0] * a->kernel[1] * lanes};
}

/* Rows and images of a strip. */
static void choose_strip(Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1];
  Schedule *s = &d->s;
  const int64_t vectors =
      (int64_t)dy->dim[3] * s->tile[0] + (int64_t)x->dim[3] * min(a->stride[0], a->kernel[0]);
  const int64_t row = vectors * vector_bytes(d->options), image = row * dy->dim[2];
  s->block[0] = max(1, min(dy->dim[2], (int)(STRIP_BYTES / row)));
  s->block[1] = max(1, min(d->graph->recipe.batch, (int)(STRIP_BYTES / image)));
  if (s->block[0] < dy->dim[2]) s->block[1] = 1;
}

static int strips_of(const Decision *d) {
  const int *block = d->s.block;
  return divide_up(d->graph->recipe.batch, block[1]) * divide_up(d->node->in[1]->dim[2], block[0]);
}

static int gradient_pieces(const Schedule *s, const Gradient *g) {
  return divide_up(divide_up(g->vectors, s->tile[0]), s->block[2]) *
         divide_up(g->blocks, s->block[3]);
}

/* Tiles and blocks of a piece: as many as the second cache holds sums for, about as many vectors of
   both sides, and as leave enough pieces. */
static void choose_piece(Decision *d, const Gradient *g, int parts) {
  Schedule *s = &d->s;
  const int tiles = divide_up(g->vectors, s->tile[0]);
  s->block[2] = s->block[3] = 1;
  for (bool grown = true; grown;) {
    grown = false;
    for (int k = 0; k < 2 && !grown; k++) {
      Schedule larger = *s;
      const bool wide = (s->block[2] * s->tile[0] <= s->block[3]) == (k == 0);
      int *side = &larger.block[wide ? 2 : 3];
      const int most = wide ? tiles : g->blocks;
      *side = min(most, *side * 2);
      const int64_t reals = g->block_reals * s->tile[0] * larger.block[2] * larger.block[3];
      if (*side == s->block[wide ? 2 : 3] || reals * real_bytes(d->options) > GRADIENT_BYTES ||
          gradient_pieces(&larger, g) * parts < GRADIENT_PIECES)
        continue;
      *s = larger;
      grown = true;
    }
  }
}

/* Sums of all parts, in the order of tiles; by Winograd's way, the taps of the whole. */
static int64_t gradient_reals(const Gradient *g, const Schedule *s) {
  const int parts = s->algorithm == ALGORITHM_WINOGRAD ? 1 : s->parts;
  return parts * g->block_reals / g->depth * s->tile[0] * divide_up(g->vectors, s->tile[0]);
}

static bool check_row_of_taps(const Decision *d) {
  return d->s.algorithm != ALGORITHM_TAPS || row_of_taps_fits(d->node) ||
         decision_refuse(d,
                         "algorithm=taps is for kernels of 2 to %d columns without stride and "
                         "dilation along a row, which is not shorter",
                         ROW_TAPS_MOST);
}

static bool check_filters_registers(const Decision *d, int taps) {
  const int *tile = d->s.tile, registers = target_registers(d->options->target);
  const int taken = filters_registers(tile[0], tile[1], taps);
  return taken <= registers ||
         decision_refuse(d, "tile=%dx%d with %d taps takes %d vector registers; %s has %d", tile[0],
                         tile[1], taps, taken, target_name(d->options->target), registers);
}

bool decide_filters_channels(Decision *d) {
  Schedule *s = &d->s;
  const int lanes = target_lanes(d->options->target);
  const Gradient g = gradient_of(d->node, lanes);
  const int channels = d->node->in[0]->dim[1];
  const int registers = target_registers(d->options->target);
  choose_filters_algorithm(s, d->node, g.vectors, g.depth, registers);
  const Algorithm chosen = s->algorithm;
  if (winograd_pays(d)) s->algorithm = ALGORITHM_WINOGRAD;
  if (!check_winograd(d) || !check_row_of_taps(d)) return false;
  const int taps = s->algorithm == ALGORITHM_TAPS ? d->node->attributes.kernel[1] : 1;
  if (s->algorithm != chosen) choose_filters_tile(s->tile, g.vectors, g.depth, taps, registers);
  decision_take(d, WORD_TILE);
  if (!decision_check_part(d, min(g.vectors, TILE_VECTORS_MOST), g.depth) ||
      !check_filters_registers(d, taps))
    return false;
  if (g.depth % s->tile[1])
    return decision_refuse(d, "tile: input channels must divide the %d of a block, not be %d",
                           g.depth, s->tile[1]);
  if (s->algorithm == ALGORITHM_WINOGRAD) return decide_winograd_weights(d);
  choose_strip(d);
  s->parts = 1;
  const int64_t filters = gradient_reals(&g, s) * channels;
  const int most = (int)(INT32_MAX / 2 / filters);
  choose_piece(d, &g, max(1, min(most, strips_of(d))));
  decision_take(d, WORD_BLOCK);
  const int limits[] = {d->node->in[1]->dim[2], d->graph->recipe.batch,
                        divide_up(g.vectors, s->tile[0]), g.blocks};
  for (int i = 0; i < 4; i++)
    if (!decision_check_number(d, WORD_BLOCK, i, limits[i])) return false;
  if (s->block[1] > 1 && s->block[0] < limits[0])
    return decision_refuse(d, "block: a strip of %d images has all %d rows, not %d", s->block[1],
                           limits[0], s->block[0]);
  const int parts_most = max(1, min(most, strips_of(d)));
  s->parts = min(parts_most, divide_up(GRADIENT_PIECES, gradient_pieces(s, &g)));
  decision_take(d, WORD_PARTS);
  return (s->parts >= 1 && s->parts <= parts_most) ||
         decision_refuse(d, "parts must be from 1 to %d, not %d", parts_most, s->parts);
}

int64_t channels_workspace_reals(const Node *node, const Graph *graph,
                                 const CompileOptions *options) {
  const int lanes = target_lanes(options->target);
  const Schedule *s = &node->schedule;
  const int64_t more = s->algorithm == ALGORITHM_WINOGRAD
                           ? winograd_workspace_reals(node, s, options, graph->recipe.batch)
                           : 0;
  if (node->op == OP_conv2d_backward_weights) {
    const Gradient g = gradient_of(node, lanes);
    return gradient_reals(&g, s) * node->in[0]->dim[1] + more;
  }
  if (node->op != OP_conv2d && node->op != OP_conv2d_backward_data) return more;
  const Filters filters = filters_of(node, s->tile[0], lanes);
  return filters_reals(&filters, s->tile[0], lanes) + more;
}

/* --- linear ----------------------------------------------------------------------------------- */

int linear_rows_images(const Schedule *s, int images) {
  enum { IMAGES_MOST = 256 };
  return images > IMAGES_MOST ? IMAGES_MOST / s->tile[1] * s->tile[1] : images;
}

/* Features of a block, the sums of which are on the stack. */
static int rows_room(const Decision *d, int images) {
  return ROWS_BYTES / vector_bytes(d->options) / linear_rows_images(&d->s, images);
}

static bool check_rows_block(const Decision *d, int read, int images) {
  const int *block = d->s.block, *tile = d->s.tile, lanes = target_lanes(d->options->target);
  const int room = rows_room(d, images);
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
   of the features of its images stays in the first cache while several tiles read it. */
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
      !decision_check_registers(d, s->tile[1], spare_registers(d)))
    return false;
  if (images % s->tile[1])
    return decision_refuse(d, "tile: images must divide a batch of %d, not be %d", images,
                           s->tile[1]);
  const int room = rows_room(d, images) / s->tile[0] * s->tile[0];
  s->block[0] = min(room, divide_up(BLOCK_FEATURES, s->tile[0]) * s->tile[0]);
  const int together_bytes = linear_rows_images(s, images) * real_bytes(d->options);
  const bool fits = (int64_t)together_bytes * read <= 4 * BLOCK_BYTES;
  const int fit = BLOCK_BYTES / (together_bytes * lanes) * lanes;
  s->block[1] = fits ? read : min(read, max(fit, 8 * lanes));
  decision_take(d, WORD_BLOCK);
  return check_rows_block(d, read, images);
}
