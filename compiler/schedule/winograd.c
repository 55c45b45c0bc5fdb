/* The schedule of Winograd convolutions of 3x3 and 5x5 filters (templates/winograd). An input tile
   has 6x6 pixels; the output tile has 4x4 or 2x2. */
#include "ir/queries.h"
#include "schedule/convolution.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

enum {
  FILTERS_MAX = 1 << 23,     /* in the transform domain they fit the largest value */
  GRADIENT_STRIP = 8,        /* tile batches that a register tile sums, from the L2 cache */
  GRADIENT_BYTES = 20 << 20, /* of transformed x and dy at once */
  GRADIENT_LEAST = 8,        /* tile batches of them: all sums are read and written each time */
  GRADIENT_MOST = 16,
  PARTIAL_BYTES = 40 << 20, /* partial sums of all parts in the transform domain */
  SPLIT_K_MAX = 64,
  PART_BATCHES = 4,   /* tile batches that a part transforms at once */
  L2_BYTES = 1 << 20, /* transformed weights that stay in the L2 cache */
  L3_BYTES = 12 << 20,
  SPLIT_K_USUAL = 16,
  CAPACITY = 64, /* tile batches: for as many threads, if the bytes allow them */
  CAPACITY_BYTES = 40 << 20,
  FEW_THREADS = 4,  /* that shall share tile batches evenly */
  LEAST_UNROLL = 4, /* output tiles: fewer leave the FMA units idle */
  MANY_TILES = 5040 /* where a register tile is as wide as it may be */
};

static bool is_weights(const Node *node) {
  return node->op == OP_conv2d_backward_weights;
}

/* The values whose channels are ic and oc; x and dy in the gradient of weights. */
static const Value *input_of(const Node *node) {
  return node->in[0];
}
static const Value *output_of(const Node *node) {
  return is_weights(node) ? node->in[1] : node->out[0];
}

/* Output tiles of an image. */
static int tiles_of(const Node *node) {
  const Value *output = output_of(node);
  const int side = winograd_output_tile(node->attributes.kernel[0]);
  return divide_up(output->dim[2], side) * divide_up(output->dim[3], side);
}

static int tile_batches(const Node *node, int batch, int tiles) {
  return divide_up(batch * tiles_of(node), tiles);
}

bool winograd_fits(const Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *input = input_of(d->node), *output = output_of(d->node);
  const int taps = a->kernel[0];
  if ((taps != 3 && taps != 5) || a->kernel[1] != taps) return false;
  for (int k = 0; k < 2; k++)
    if (a->stride[k] != 1 || a->dilation[k] != 1 || a->padding[k] >= taps) return false;
  /* Images with few channels are channels-last, and filters must not be too many. */
  const bool images = input->producer->op == OP_pack_input;
  return a->groups == 1 && (!images || input->dim[1] >= lanes_of(d)) &&
         (int64_t)input->dim[1] * output->dim[1] <= FILTERS_MAX;
}

/* Bytes of transformed weights. */
static int64_t weights_bytes(const Decision *d) {
  return (int64_t)WINOGRAD_ELEMENTS * input_of(d->node)->dim[1] * output_of(d->node)->dim[1] *
         real_bytes(d->options);
}

/* As wide as fits; where that would leave threads without a tile batch, as wide as lets all have
   one. */
static RegisterTile choose_winograd_tile(const Decision *d) {
  const Target *target = d->options->target;
  const int vectors = divide_up(output_of(d->node)->dim[1], lanes_of(d));
  const int tiles = d->graph->recipe.batch * tiles_of(d->node);
  const RegisterTile widest = choose_vector_tile(target, vectors, MANY_TILES);
  if (tiles >= FEW_THREADS * widest.columns) return widest;
  return choose_vector_tile(target, vectors, max_int(LEAST_UNROLL, divide_up(tiles, FEW_THREADS)));
}

/* Output tiles of a tile batch: only whole ones are computed. */
static int batch_tiles(const Decision *d) {
  return is_weights(d->node) ? GRADIENT_TILE_BATCH : choose_winograd_tile(d).columns;
}

bool winograd_pays(const Decision *d) {
  /* Vector instructions: a transform of an input tile and an inverse transform of an output tile,
     for a vector of channels; a transform of a filter, and its way to the memory or from there. And
     how much faster all of them must be than direct products, which round less. */
  const double INPUT_COST = 300, OUTPUT_COST = 260, FILTER_COST = 150, FAR_COST = 350, WORTH = 0.8;
  if (d->options->no_winograd || !winograd_fits(d)) return false;
  const Value *input = input_of(d->node), *output = output_of(d->node);
  const int lanes = lanes_of(d), images = d->graph->recipe.batch;
  const double c = divide_up(input->dim[1], lanes), k = divide_up(output->dim[1], lanes);
  const double channels = input->dim[1];
  const int tiles_each = batch_tiles(d), batches = tile_batches(d->node, images, tiles_each);
  const double tiles = (double)tiles_each * FEW_THREADS * divide_up(batches, FEW_THREADS);
  if (input->dim[1] < lanes || output->dim[1] < lanes) return false;
  const double taps = d->node->attributes.kernel[0];
  const double direct = taps * taps * images * output->dim[2] * output->dim[3] * channels * k;
  const double products = WINOGRAD_ELEMENTS * tiles * channels * k;
  const double transforms = tiles * (c * INPUT_COST + k * OUTPUT_COST);
  const bool prepacked = d->node->op == OP_conv2d_prepacked; /* weights are there, and read alone */
  const double far = weights_bytes(d) > L3_BYTES ? FAR_COST : 0;
  const double weights = prepacked ? far : FILTER_COST + 2 * far;
  return products + transforms + channels * k * weights < WORTH * direct;
}

/* --- memory ----------------------------------------------------------------------------------- */

int winograd_capacity(const Node *node, const Schedule *s, const CompileOptions *options,
                      int batch) {
  const int lanes = target_lanes(options->target);
  const int tile_batch = is_weights(node) ? GRADIENT_TILE_BATCH : s->conv_winograd.tile_unroll;
  const int batches = tile_batches(node, batch, tile_batch);
  const weights_shape w = weights_shape_of(node, schedule_oc_vectors(s), lanes);
  const int64_t bytes = winograd_batch_reals(w, tile_batch) * real_bytes(options);
  if (is_weights(node)) {
    const int split_k = s->weights_winograd.split_k;
    if (split_k > 1) return min_int(PART_BATCHES, divide_up(batches, split_k));
    const int most = max_int(GRADIENT_LEAST, min_int(GRADIENT_MOST, (int)(GRADIENT_BYTES / bytes)));
    return min_int(most, batches);
  }
  const int most =
      max_int(2 * s->conv_winograd.tile_block, min_int(CAPACITY, (int)(CAPACITY_BYTES / bytes)));
  return min_int(most, batches);
}

/* --- rules ------------------------------------------------------------------------------------ */

bool decide_conv_winograd(Decision *d) {
  if (!decision_begin(d, SCHEDULE_CONV_WINOGRAD)) return false;
  ConvWinograd *s = &d->s.conv_winograd;
  const int vectors = divide_up(output_of(d->node)->dim[1], lanes_of(d));
  const RegisterTile tile = choose_winograd_tile(d);
  s->oc_vectors = tile.rows;
  s->tile_unroll = tile.columns;
  decision_override(d, GROUP_TILE);
  if (!decision_check(d, &s->oc_vectors, min_int(vectors, OC_VECTORS_MAX)) ||
      !decision_check(d, &s->tile_unroll, OW_UNROLL_MAX) ||
      !decision_check_registers(d, &s->oc_vectors, &s->tile_unroll, s->oc_vectors, 2))
    return false;
  const int batches = tile_batches(d->node, d->graph->recipe.batch, s->tile_unroll);
  const int64_t bytes = weights_bytes(d);
  s->tile_block = min_int(batches, bytes <= L2_BYTES ? 1 : bytes <= L3_BYTES ? 3 : 6);
  decision_override(d, GROUP_BLOCK);
  return decision_check(d, &s->tile_block, batches);
}

bool decide_weights_winograd(Decision *d) {
  WeightsWinograd *s = &d->s.weights_winograd;
  const int batches = tile_batches(d->node, d->graph->recipe.batch, GRADIENT_TILE_BATCH);
  s->tile_block = min_int(batches, GRADIENT_STRIP);
  /* Parts, a thread's each, for some processors; where that would be too many sums, all threads
     sum one. */
  s->split_k = 1;
  while (s->split_k * 2 <= min_int(SPLIT_K_USUAL, batches / 2)) s->split_k *= 2;
  if (s->split_k * weights_bytes(d) > PARTIAL_BYTES) s->split_k = 1;
  decision_override(d, GROUP_BLOCK);
  decision_override(d, GROUP_SPLIT_K);
  return decision_check(d, &s->tile_block, batches) &&
         decision_check(d, &s->split_k, max_int(1, min_int(batches, SPLIT_K_MAX)));
}
