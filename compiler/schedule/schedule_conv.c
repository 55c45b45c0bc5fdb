/* The schedule of conv2d and its gradients: blocks of work around the tile. */
#include "ir/queries.h"
#include "schedule/schedule.h"
#include "schedule/scheduling.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
  ROWS_OF_WEIGHTS = 8,    /* of a tile of conv_rows: for more distances there are no registers */
  SUM_PIECES = 32,        /* the same where a piece sees all images */
  TILE_BYTES = 30 << 10,  /* that stay in the first cache while others pass through once */
  TILES_BYTES = 40 << 10, /* the same, with what passes through */
  FAR_BYTES = 512 << 10,  /* that stay in the second cache, beside what passes through */
  SUM_BYTES = 256 << 10,  /* sums of a block of filters: they stay in the second cache */
  PART_BYTES = 4 << 20,   /* images that stay in the third cache while several blocks read them */
  PART_PIXELS = 256       /* vectors that a part adds up, at least: a sum of lanes is worth 8 */
};

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

static bool is_backward(const Node *conv) {
  return conv->op == OP_conv2d_backward_data;
}

int conv_runs(const Node *conv) {
  return is_backward(conv) ? min(conv->attributes.stride[1], conv->out[0]->dim[3]) : 1;
}

int conv_columns(const Node *conv) {
  return divide_up(conv->out[0]->dim[3], conv_runs(conv));
}

/* As taps_of in the program has it. */
Run conv_run(const Node *conv, int number) {
  const Attributes *a = &conv->attributes;
  const int stride = a->stride[1], padding = a->padding[1], dilation = a->dilation[1];
  const int made = conv->out[0]->dim[3];
  if (!is_backward(conv)) return (Run){made, a->kernel[1], -padding, dilation, stride};
  int first = -1, last = -1, taps = 0;
  for (int k = 0; k < a->kernel[1]; k++) {
    if ((number + padding - k * dilation) % stride) continue;
    const int from = (number + padding - k * dilation) / stride;
    if (!taps++) first = from;
    last = from;
  }
  const int then = taps > 1 ? (first - last) / (taps - 1) : 1;
  return (Run){divide_up(made - number, conv_runs(conv)), taps, last, then, 1};
}

/* The tile that most convolutions share. */
static void usual_tile(Schedule *s, const CompileOptions *options) {
  bool many = target_registers(options->target) == 32;
  s->tile[0] = many ? 8 : 6;
  s->tile[1] = many ? 3 : 2;
}

/* --- conv2d, conv2d_backward_data ------------------------------------------------------------- */

/* What conv_rows makes of a row of `read` pixels: tiles where all taps exist, single pixels
   elsewhere; both summed over their taps. */
typedef struct RowOfTiles {
  double tiles, singles;
} RowOfTiles;

static RowOfTiles row_of_tiles(const Node *conv, int pixels) {
  const int read = conv->in[0]->dim[3];
  RowOfTiles row = {0};
  for (int i = 0; i < conv_runs(conv); i++) {
    const Run run = conv_run(conv, i);
    int whole = 0;
    for (int j = 0; j < run.made; j++) {
      const int first = run.from + j * run.step;
      int taps = 0;
      for (int k = 0; k < run.taps; k++)
        taps += first + k * run.then >= 0 && first + k * run.then < read;
      if (taps == run.taps)
        whole++;
      else
        row.singles += taps;
    }
    row.tiles += (double)(whole / pixels) * run.taps;
    row.singles += (double)(whole % pixels) * run.taps;
  }
  return row;
}

/* Cycles of a row for each channel that is read, of `channels` that are made. */
static double cycles_of_row(const Node *conv, int channels, const int tile[2]) {
  const double far = 1.0 / conv->attributes.kernel[1]; /* a new pixel comes with each row of taps */
  const RowOfTiles row = row_of_tiles(conv, tile[1]);
  const int rest = channels % tile[0];
  double cycles =
      channels / tile[0] *
      (row.tiles * tile_cycles(tile[0], tile[1], far) + row.singles * tile_cycles(tile[0], 1, far));
  if (rest)
    cycles += row.tiles * tile_cycles(rest, tile[1], far) + row.singles * tile_cycles(rest, 1, far);
  return rest ? cycles * CODE_FOR_REST : cycles;
}

/* The tile that takes the fewest cycles, if the usual one is not almost as good. */
static void choose_rows_tile(Decision *d, int channels) {
  const int registers = tile_registers(d), columns = conv_columns(d->node);
  int tile[2];
  Schedule *s = &d->s;
  usual_tile(s, d->options);
  const bool usual = s->tile[0] <= channels && s->tile[1] <= columns;
  double best = usual ? cycles_of_row(d->node, channels, s->tile) * (1 - WORTH_A_BODY) : INFINITY;
  for (tile[0] = 1; tile[0] <= min(channels, ROWS_OF_WEIGHTS); tile[0]++) {
    for (tile[1] = 1; tile[1] <= columns; tile[1]++) {
      if (!tile_fits(tile[0], tile[1], registers) && tile[0] * tile[1] > 1) continue;
      const double cycles = cycles_of_row(d->node, channels, tile);
      if (cycles >= best) continue;
      best = cycles;
      memcpy(s->tile, tile, sizeof tile);
    }
  }
}

/* Reals of the packed weights: whole tiles of channels. */
static int64_t packed_reals(const Node *node, const Schedule *s) {
  const int channels = node->out[0]->dim[1] / node->attributes.groups;
  return value_count(node->in[1]) / channels * divide_up(channels, s->tile[0]) * s->tile[0];
}

bool decide_conv_rows(Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *weight = d->node->in[1], *y = d->node->out[0];
  const CompileOptions *options = d->options;
  Schedule *s = &d->s;
  const int channels = y->dim[1] / a->groups, columns = y->dim[3];
  const bool backward = is_backward(d->node);
  choose_rows_tile(d, channels);
  decision_take(d, WORD_TILE);
  if (!decision_check_tile(d, channels, conv_columns(d->node))) return false;
  choose_block(s, d->graph, options, channels, y->dim[2], columns, a->kernel[0],
               x->dim[1] / a->groups, backward ? 1 : a->stride[1]);
  decision_take(d, WORD_BLOCK);
  if (!decision_check_number(d, WORD_BLOCK, 0, divide_up(channels, s->tile[0])) ||
      !decision_check_number(d, WORD_BLOCK, 1, columns))
    return false;
  /* Many weights, which many tiles of pixels read from beyond the first caches, are packed into one
   * stream. */
  const bool can_pack = packed_reals(d->node, s) <= INT32_MAX;
  s->pack = can_pack && value_count(weight) * real_bytes(options) > FAR_BYTES / 2;
  decision_take(d, WORD_PACK);
  return !s->pack || can_pack ||
         decision_refuse(d, "pack=true: the packed weights would be more than 2^31 - 1 numbers");
}

/* --- conv2d_backward_weights ------------------------------------------------------------------ */

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

/* Pieces of work of a part. */
static int pieces_of(const Schedule *s, const Attributes *a, int channels_out, int channels_in) {
  return a->groups * divide_up(channels_out, s->block[1]) * divide_up(channels_in, s->block[2]) *
         (a->kernel[0] / s->block[3]);
}

/* The largest block of sums: output channels, input channels and kernel rows, that leaves enough
   pieces of work when the rows are cut into `most` parts. */
static void choose_sums(Schedule *s, const Attributes *a, int channels_out, int channels_in,
                        int most, const CompileOptions *options) {
  int *outs = &s->block[1], *ins = &s->block[2], *kernel = &s->block[3];
  *outs = s->tile[0];
  *ins = s->algorithm == ALGORITHM_TAPS ? 1 : s->tile[1];
  int tiles = a->groups * divide_up(channels_out, *outs) * divide_up(channels_in, *ins);
  bool fits = *outs * *ins * a->kernel[0] * a->kernel[1] <= conv_block_sums(options);
  *kernel = tiles * most < SUM_PIECES || !fits ? 1 : a->kernel[0];
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
      grown = true;
    }
  }
}

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Pixels of a row of dy that lack taps at its left edge, and those before the right edge. */
static int left_edge(const Attributes *a) {
  return divide_up(a->padding[1], a->stride[1]);
}
static int before_right_edge(const Attributes *a, const Value *x) {
  return (x->dim[3] - a->kernel[1] + a->padding[1]) / a->stride[1] + 1;
}

/* Whether the taps of a kernel's row can be a side of the tile. The edges of a row must not meet.
 */
static bool taps_fit(const Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0];
  const int taps = a->kernel[1];
  return taps > 1 && a->dilation[1] == 1 && tile_fits(1, taps, tile_registers(d)) &&
         x->dim[3] >= taps && before_right_edge(a, x) > left_edge(a) && a->padding[1] < taps;
}

/* Tile of filters x taps. */
static void choose_taps(Decision *d, int channels_out) {
  Schedule *s = &d->s;
  const int registers = tile_registers(d);
  s->tile[0] = 1;
  s->tile[1] = d->node->attributes.kernel[1];
  while (s->tile[0] < channels_out && tile_fits(s->tile[0] + 1, s->tile[1], registers))
    s->tile[0]++;
  int fewer = s->tile[0] - 1; /* where they leave no rest and still keep the FMA units busy */
  if (channels_out % s->tile[0] && fewer && channels_out % fewer == 0 &&
      fewer * s->tile[1] >= FMAS_IN_FLIGHT)
    s->tile[0] = fewer;
}

/* Tile of filters x channels. */
static void choose_channels(Decision *d, int channels_out, int channels_in) {
  Schedule *s = &d->s;
  usual_tile(s, d->options);
  choose_tile(channels_out, channels_in, 1, tile_registers(d), s->tile);
  while (s->tile[0] * s->tile[1] * d->node->attributes.kernel[1] > conv_block_sums(d->options))
    s->tile[s->tile[0] < s->tile[1]] /= 2; /* very wide kernels */
}

/* Blocks of pixels that hold both edges of the row, whose pixels have code of their own. */
static bool edges_fit(const Decision *d, int columns) {
  const Attributes *a = &d->node->attributes;
  const int made = d->node->in[1]->dim[3], last = (made - 1) / columns * columns;
  return last == 0 || (columns >= left_edge(a) && last <= before_right_edge(a, d->node->in[0]));
}

/* Rows and pixels of a row of a tile's dy, which stay in the first cache while channels pass over
   it. With a tile of channels, these and the next, which the tile asks for, stay there, too. */
static void choose_strips(Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1];
  Schedule *s = &d->s;
  const bool taps = s->algorithm == ALGORITHM_TAPS;
  const int64_t vector = vector_bytes(d->options);
  const int64_t pixels =
      min(x->dim[3], dy->dim[3] * a->kernel[1]) * min(a->stride[0], a->kernel[0]);
  const int64_t of_x = taps ? 0 : s->tile[1] * pixels * vector;
  const int64_t row = s->tile[0] * dy->dim[3] * vector + 2 * of_x;
  const int bytes = taps ? TILE_BYTES : TILES_BYTES;
  int blocks = (int)min(dy->dim[3], (int)((row + bytes - 1) / bytes));
  s->block[0] = max(1, min((int)(bytes / row), dy->dim[2]));
  while (taps && blocks > 1 && !edges_fit(d, divide_up(dy->dim[3], blocks))) blocks--;
  s->block[4] = divide_up(dy->dim[3], blocks);
}

/* Block of rows, output channels, input channels, kernel rows, pixels of a row. */
static bool check_sums(const Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *dy = d->node->in[1];
  const Schedule *s = &d->s;
  const int *block = s->block, sums = conv_block_sums(d->options);
  const int most[] = {dy->dim[2], sums, sums, a->kernel[0], dy->dim[3]};
  const int unit[] = {1, s->tile[0], s->algorithm == ALGORITHM_TAPS ? 1 : s->tile[1], 1, 1};
  for (int i = 0; i < 5; i++) {
    if (!decision_check_number(d, WORD_BLOCK, i, most[i])) return false;
    if (block[i] % unit[i])
      return decision_refuse(d, "block: %s must be a multiple of the tile's %d, not %d",
                             schedule_numbers(d->words, WORD_BLOCK)[i], unit[i], block[i]);
  }
  if (a->kernel[0] % block[3])
    return decision_refuse(d, "block: kernel rows must divide the kernel's %d, not be %d",
                           a->kernel[0], block[3]);
  const int64_t held = (int64_t)block[1] * block[2] * block[3] * a->kernel[1];
  if (held > sums)
    return decision_refuse(d,
                           "block: %d x %d channels, %d kernel rows and %d taps make %" PRId64
                           " sums; for %s there is room for %d",
                           block[1], block[2], block[3], a->kernel[1], held,
                           target_name(d->options->target), sums);
  const int before = before_right_edge(a, d->node->in[0]);
  return s->algorithm != ALGORITHM_TAPS || edges_fit(d, block[4]) ||
         decision_refuse(
             d,
             "block: pixels of a row must be all %d, or leave the %d at the left edge in the "
             "first block and the %d at the right edge in the last",
             dy->dim[3], left_edge(a), dy->dim[3] - before);
}

static bool check_algorithm(const Decision *d) {
  return d->s.algorithm != ALGORITHM_TAPS || taps_fit(d) ||
         decision_refuse(
             d,
             "algorithm=taps is for kernels of 2 or more columns without dilation along a row, "
             "whose taps fit the registers of %s, with less padding than columns, and rows "
             "with a pixel that has all taps between its edges",
             target_name(d->options->target));
}

/* For a tile of taps, those of the kernel's row. */
static bool check_taps(const Decision *d) {
  const int taps = d->node->attributes.kernel[1];
  return d->s.algorithm != ALGORITHM_TAPS || d->s.tile[1] == taps ||
         decision_refuse(
             d,
             "tile: with algorithm=taps the second number is the %d taps of the kernel's row, "
             "not %d",
             taps, d->s.tile[1]);
}

/* As many parts as there are rows, unless an int cannot count what they hold and read. */
static int parts_most(const Decision *d, int64_t rows) {
  const int64_t weights = value_count(d->node->out[0]);
  return max(1, (int)min64(rows, INT32_MAX / (weights > rows ? weights : rows)));
}

bool decide_conv_weights(Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1], *dweight = d->node->out[0];
  Schedule *s = &d->s;
  const int vector = vector_bytes(d->options);
  const int images = divide_up(d->graph->recipe.batch, target_lanes(d->options->target));
  const int channels_in = x->dim[1] / a->groups, channels_out = dy->dim[1] / a->groups;
  /* A pixel that is read for one tap is near for the next. */
  s->algorithm = taps_fit(d) && a->kernel[1] > 2 ? ALGORITHM_TAPS : ALGORITHM_DIRECT;
  decision_take(d, WORD_ALGORITHM);
  if (!check_algorithm(d)) return false;
  const bool taps = s->algorithm == ALGORITHM_TAPS;
  if (taps)
    choose_taps(d, channels_out);
  else
    choose_channels(d, channels_out, channels_in);
  decision_take(d, WORD_TILE);
  if (!check_taps(d) || !decision_check_tile(d, channels_out, taps ? a->kernel[1] : channels_in))
    return false;
  choose_strips(d);
  int64_t rows = (int64_t)images * divide_up(dy->dim[2], s->block[0]);
  const int64_t enough = (int64_t)images * dy->dim[2] * dy->dim[3] / PART_PIXELS;
  choose_sums(s, a, channels_out, channels_in, parts_most(d, min64(rows, enough)), d->options);
  decision_take(d, WORD_BLOCK);
  if (!check_sums(d)) return false;
  rows = (int64_t)images * divide_up(dy->dim[2], s->block[0]);
  const int pieces = pieces_of(s, a, channels_out, channels_in), most = parts_most(d, rows);
  s->parts = choose_parts(pieces, parts_most(d, min64(rows, enough)),
                          lane_bytes(x, images, vector) + lane_bytes(dy, images, vector),
                          value_count(dweight) * real_bytes(d->options), pieces > a->groups);
  decision_take(d, WORD_PARTS);
  return (s->parts >= 1 && s->parts <= most) ||
         decision_refuse(d, "parts must be from 1 to %d, not %d", most, s->parts);
}

int64_t conv_workspace_reals(const Node *node, const Schedule *s) {
  if (s->pack) return packed_reals(node, s);
  return s->parts > 1 ? s->parts * value_count(node->out[0]) : 0;
}
