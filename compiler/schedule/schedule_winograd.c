/* The schedule of convolutions of 3x3 and 5x5 by Winograd's way (templates/conv_winograd.c.in). */
#include "schedule/schedule.h"
#include "schedule/scheduling.h"

enum {
  WINDOW = 6,
  POINTS = WINDOW * WINDOW,
  FILTERS_MOST = 1 << 23,    /* at all points they fit the largest value */
  GRADIENT_STRIP = 8,        /* units whose products a tile sums at once, from the second cache */
  GRADIENT_BYTES = 20 << 20, /* what is at the points at once, of x and dy */
  GRADIENT_LEAST = 8,        /* units of them: each time, all sums are read and written */
  GRADIENT_MOST = 16,
  PARTS_BYTES = 40 << 20, /* sums of all parts at the points */
  PARTS_MOST = 64,
  PART_UNITS = 4,        /* that a part has at the points at once */
  NEAR_BYTES = 1 << 20,  /* filters at all points that stay in the second cache */
  LAST_BYTES = 12 << 20, /* in the last one */
  ROOM_UNITS = 16,       /* for as many threads, if that is */
  ROOM_BYTES = 32 << 20, /* at most so much */
  FEW_THREADS = 4,       /* that shall share units evenly */
  LEAST_UNIT = 4,        /* patches: tiles of fewer leave the units of FMAs idle */
  MANY_PATCHES = 5040    /* where a tile is as wide as it may be */
};

static bool is_weights(const Node *node) {
  return node->op == OP_conv2d_backward_weights;
}

/* What is read by the sums, and made: x and dy of the gradient of filters. */
static const Value *read_by(const Node *node) {
  return node->in[0];
}
static const Value *made_by(const Node *node) {
  return is_weights(node) ? node->in[1] : node->out[0];
}

/* Pixels of a side of a patch. */
static int patch_of(const Node *node) {
  return WINDOW + 1 - node->attributes.kernel[0];
}

static int patches_of(const Node *node) {
  const Value *made = made_by(node);
  return divide_up(made->dim[2], patch_of(node)) * divide_up(made->dim[3], patch_of(node));
}

bool winograd_fits(const Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *read = read_by(d->node), *made = made_by(d->node);
  const int taps = a->kernel[0];
  if ((taps != 3 && taps != 5) || a->kernel[1] != taps) return false;
  for (int k = 0; k < 2; k++)
    if (a->stride[k] != 1 || a->dilation[k] != 1 || a->padding[k] >= taps) return false;
  /* Images with few channels have pixels of their own, and filters must not be too many. */
  const bool images = read->producer->op == OP_pack_input;
  return a->groups == 1 && (!images || read->dim[1] >= target_lanes(d->options->target)) &&
         (int64_t)read->dim[1] * made->dim[1] <= FILTERS_MOST;
}

static int64_t filters_bytes(const Decision *d) {
  return (int64_t)POINTS * read_by(d->node)->dim[1] * made_by(d->node)->dim[1] *
         real_bytes(d->options);
}

/* As wide as fits; where that would leave threads without a unit, as wide as lets all have one. */
void choose_winograd_tile(const Decision *d, Schedule *s) {
  const int registers = target_registers(d->options->target);
  const int vectors = divide_up(made_by(d->node)->dim[1], target_lanes(d->options->target));
  const int patches = d->graph->recipe.batch * patches_of(d->node);
  choose_tile_of_channels(s, vectors, MANY_PATCHES, registers);
  if (patches < FEW_THREADS * s->tile[1])
    choose_tile_of_channels(s, vectors, max(LEAST_UNIT, divide_up(patches, FEW_THREADS)),
                            registers);
}

/* Patches of a unit: only whole ones are made. */
static int unit_of(const Decision *d) {
  Schedule s;
  if (is_weights(d->node)) return WINOGRAD_GRADIENT_UNIT;
  choose_winograd_tile(d, &s);
  return s.tile[1];
}

bool winograd_pays(const Decision *d) {
  /* Vector instructions: a window to the points and a patch back, for a vector of channels; a
     filter to the points, and to the memory or from there; and how much faster all of them must be
     than direct products, which round less. */
  const double WINDOW_COST = 300, PATCH_COST = 260, FILTER_COST = 150, FAR_COST = 350, WORTH = 0.8;
  if (d->options->direct || !winograd_fits(d)) return false;
  const Value *read = read_by(d->node), *made = made_by(d->node);
  const int lanes = target_lanes(d->options->target), images = d->graph->recipe.batch;
  const double c = divide_up(read->dim[1], lanes), k = divide_up(made->dim[1], lanes);
  const double channels = read->dim[1];
  const int unit = unit_of(d), units = divide_up(images * patches_of(d->node), unit);
  const double patches = (double)unit * FEW_THREADS * divide_up(units, FEW_THREADS);
  if (read->dim[1] < lanes || made->dim[1] < lanes) return false;
  const double taps = d->node->attributes.kernel[0];
  const double direct = taps * taps * images * made->dim[2] * made->dim[3] * channels * k;
  const double products = POINTS * patches * channels * k;
  const double windows = patches * (c * WINDOW_COST + k * PATCH_COST);
  const bool prepared = d->node->op == OP_conv2d_prepacked; /* filters are there, and read alone */
  const double far = filters_bytes(d) > LAST_BYTES ? FAR_COST : 0;
  const double filters = prepared ? far : FILTER_COST + 2 * far;
  return products + windows + channels * k * filters < WORTH * direct;
}

/* --- conv2d and its backward-data ------------------------------------------------------------- */

static int units_of(const Node *node, int batch, int unit) {
  return divide_up(batch * patches_of(node), unit);
}

/* Vectors of channels of all tiles: the last one has room for as many as the others. */
static int vectors_made(const Node *node, const Schedule *s, int lanes) {
  return divide_up(divide_up(made_by(node)->dim[1], lanes), s->tile[0]) * s->tile[0];
}

/* Reals of a unit at all points, of what is read and what is made, and a vector between points. */
static int64_t unit_reals(const Node *node, const Schedule *s, int lanes) {
  const int made = vectors_made(node, s, lanes);
  const int unit = is_weights(node) ? WINOGRAD_GRADIENT_UNIT : s->tile[1];
  return (int64_t)POINTS * ((divide_up(read_by(node)->dim[1], lanes) + made) * unit + 2) * lanes;
}

int winograd_room(const Node *node, const Schedule *s, const CompileOptions *options, int batch) {
  const int64_t bytes = unit_reals(node, s, target_lanes(options->target)) * real_bytes(options);
  if (is_weights(node)) {
    const int units = units_of(node, batch, WINOGRAD_GRADIENT_UNIT);
    if (s->parts > 1) return min(PART_UNITS, divide_up(units, s->parts));
    const int most = max(GRADIENT_LEAST, min(GRADIENT_MOST, (int)(GRADIENT_BYTES / bytes)));
    return min(most, units);
  }
  const int wide = max(2 * s->block[0], min(ROOM_UNITS, (int)(ROOM_BYTES / bytes)));
  return min(wide, units_of(node, batch, s->tile[1]));
}

bool decide_winograd_rows(Decision *d) {
  Schedule *s = &d->s;
  const int units = units_of(d->node, d->graph->recipe.batch, s->tile[1]);
  const int64_t bytes = filters_bytes(d);
  s->block[0] = min(units, bytes <= NEAR_BYTES ? 1 : bytes <= LAST_BYTES ? 3 : 6);
  s->block[1] = divide_up(read_by(d->node)->dim[1], target_lanes(d->options->target));
  s->tiles_first = false;
  const int blocks = s->block[1];
  decision_take(d, WORD_TILES_FIRST);
  decision_take(d, WORD_BLOCK);
  if (s->tiles_first) return decision_refuse(d, "tiles_first must be false with winograd");
  return decision_check_number(d, WORD_BLOCK, 0, units) &&
         (s->block[1] == blocks ||
          decision_refuse(d, "block: vectors of channels read must be all %d with winograd, not %d",
                          blocks, s->block[1]));
}

/* --- conv2d_backward_weights ------------------------------------------------------------------ */

bool decide_winograd_weights(Decision *d) {
  Schedule *s = &d->s;
  const int blocks = divide_up(read_by(d->node)->dim[1], target_lanes(d->options->target));
  const int units = units_of(d->node, d->graph->recipe.batch, WINOGRAD_GRADIENT_UNIT);
  s->block[0] = min(units, GRADIENT_STRIP);
  s->block[1] = s->block[2] = 1;
  s->block[3] = blocks;
  /* Parts, a thread's each, for some processors; where that would be too many sums, all threads
     make one. */
  s->parts = 1;
  while (s->parts * 2 <= min(ROOM_UNITS, units / 2)) s->parts *= 2;
  if (s->parts * filters_bytes(d) > PARTS_BYTES) s->parts = 1;
  const int parts_most = max(1, min(units, PARTS_MOST));
  decision_take(d, WORD_BLOCK);
  decision_take(d, WORD_PARTS);
  if (!decision_check_number(d, WORD_BLOCK, 0, units) ||
      !decision_check_number(d, WORD_BLOCK, 1, 1) || !decision_check_number(d, WORD_BLOCK, 2, 1))
    return false;
  if (s->block[3] != blocks)
    return decision_refuse(d,
                           "block: vectors of input channels must be all %d with winograd, not %d",
                           blocks, s->block[3]);
  return (s->parts >= 1 && s->parts <= parts_most) ||
         decision_refuse(d, "parts must be from 1 to %d, not %d", parts_most, s->parts);
}

int64_t winograd_filters_reals(const Node *node, const Schedule *s, int lanes) {
  const int read = read_by(node)->dim[1];
  const int made = vectors_made(node, s, lanes);
  /* A block of channels that is read is whole; sums are of channels. */
  const int64_t deep = is_weights(node) ? read : divide_up(read, lanes) * min(read, lanes);
  return POINTS * deep * made * lanes;
}

int64_t winograd_workspace_reals(const Node *node, const Schedule *s, const CompileOptions *options,
                                 int batch) {
  const int lanes = target_lanes(options->target);
  const int64_t units = winograd_room(node, s, options, batch) * unit_reals(node, s, lanes);
  if (node->op == OP_conv2d_prepacked) return units;
  return (is_weights(node) ? s->parts : 1) * (winograd_filters_reals(node, s, lanes) + units);
}
