/* The schedule of linear layers: training is batch-blocked, inference of few images has padded
   rows. */
#include "schedule/rules.h"
#include "schedule/schedule.h"

/* --- batch-blocked ---------------------------------------------------------------------------- */

/* Whole register tiles of images only: a batch that is not full computes images that nobody
   reads. */
static bool decide_tile(Decision *d, int *unroll, int *n_vectors) {
  const int features = d->node->out[0]->dim[1], batch = d->node->in[0]->dim[0];
  const int groups = divide_up(batch, lanes_of(d));
  RegisterTile tile = {0};
  int vectors = 4;
  while (groups % vectors) vectors--;
  choose_tile(d->options->target, features, vectors, vectors, tile_registers(d), &tile);
  *unroll = tile.rows;
  *n_vectors = tile.columns;
  decision_override(d, GROUP_TILE);
  if (!decision_check_tile(d, unroll, features, n_vectors, groups)) return false;
  return groups % *n_vectors == 0 ||
         decision_reject(d, "n_vectors must divide the %d vectors of a batch of %d, not be %d",
                         groups, batch, *n_vectors);
}

bool decide_linear_batch_blocked(Decision *d) {
  LinearBatchBlocked *s = &d->s.linear_batch_blocked;
  return decision_begin(d, SCHEDULE_LINEAR_BATCH_BLOCKED) &&
         decide_tile(d, &s->oc_unroll, &s->n_vectors);
}

/* Weights of many features are read in blocks: those of a row of them lie side by side, and stay in
   the L1 cache for all images. */
bool decide_linear_backward_data(Decision *d) {
  enum { FEATURES = 256, TERMS = 32, FEW_BYTES = 1 << 20 };
  const int ic = d->node->out[0]->dim[1], oc = d->node->in[0]->dim[1];
  LinearBackwardData *s = &d->s.linear_backward_data;
  if (!decision_begin(d, SCHEDULE_LINEAR_BACKWARD_DATA) ||
      !decide_tile(d, &s->ic_unroll, &s->n_vectors))
    return false;
  const bool few = (int64_t)ic * oc * real_bytes(d->options) <= FEW_BYTES;
  s->ic_block = few ? ic : min_int(ic, max_int(1, FEATURES / s->ic_unroll) * s->ic_unroll);
  s->oc_block = few ? oc : min_int(oc, TERMS);
  decision_override(d, GROUP_BLOCK);
  if (!decision_check(d, &s->ic_block, ic) || !decision_check(d, &s->oc_block, oc)) return false;
  return s->ic_block == ic || s->ic_block % s->ic_unroll == 0 ||
         decision_reject(d, "ic_block must be all %d, or a multiple of ic_unroll=%d, not %d", ic,
                         s->ic_unroll, s->ic_block);
}

bool decide_linear_weights(Decision *d) {
  const int oc = d->node->in[1]->dim[1];
  const int vectors = divide_up(d->node->in[0]->dim[1], lanes_of(d));
  if (!decision_begin(d, SCHEDULE_LINEAR_WEIGHTS)) return false;
  LinearWeights *s = &d->s.linear_weights;
  RegisterTile tile = {0};
  choose_tile(d->options->target, oc, vectors, 1, tile_registers(d), &tile);
  s->oc_unroll = tile.rows;
  s->ic_vectors = tile.columns;
  decision_override(d, GROUP_TILE);
  return decision_check_tile(d, &s->oc_unroll, oc, &s->ic_vectors, vectors);
}

/* --- padded rows ------------------------------------------------------------------------------ */

int linear_block_images(const Schedule *s, int images) {
  enum { IMAGES_MAX = 256 };
  const int n_unroll = s->linear_padded_rows.n_unroll;
  return images > IMAGES_MAX ? IMAGES_MAX / n_unroll * n_unroll : images;
}

/* Features of a block, whose sums are on the stack. */
static int oc_block_max(const Decision *d, int images) {
  enum { SUMS_BYTES = 1 << 20 };
  return SUMS_BYTES / vector_bytes(d->options) / linear_block_images(&d->s, images);
}

static bool check_block(const Decision *d, int ic, int images) {
  const LinearPaddedRows *s = &d->s.linear_padded_rows;
  if (!decision_check(d, &s->oc_block, oc_block_max(d, images)) ||
      !decision_check(d, &s->ic_block, ic) ||
      !decision_check_multiple(d, &s->oc_block, s->oc_unroll))
    return false;
  return s->ic_block == ic || s->ic_block % lanes_of(d) == 0 ||
         decision_reject(d, "ic_block must be all %d, or a multiple of %d, not %d", ic, lanes_of(d),
                         s->ic_block);
}

/* A block of the features of its images stays in the L1 cache while several tiles read it. */
bool decide_linear_padded_rows(Decision *d) {
  enum { BLOCK_FEATURES = 16, BLOCK_BYTES = 32 << 10 };
  const Target *target = d->options->target;
  const int images = d->node->in[0]->dim[0], lanes = lanes_of(d);
  const int ic = d->node->in[0]->dim[1], oc = d->node->out[0]->dim[1];
  if (!decision_begin(d, SCHEDULE_LINEAR_PADDED_ROWS)) return false;
  LinearPaddedRows *s = &d->s.linear_padded_rows;
  s->n_unroll = min_int(target->linear_tile.columns, images);
  while (images % s->n_unroll) s->n_unroll--;
  s->oc_unroll = min_int(oc, s->n_unroll > 2 ? target->linear_tile.rows : target->linear_few);
  decision_override(d, GROUP_TILE);
  if (!decision_check(d, &s->oc_unroll, oc) || !decision_check(d, &s->n_unroll, images) ||
      !decision_check_registers(d, &s->oc_unroll, &s->n_unroll, s->n_unroll, spare_registers(d)) ||
      !decision_check_divides(d, &s->n_unroll, images))
    return false;
  const int most = oc_block_max(d, images) / s->oc_unroll * s->oc_unroll;
  s->oc_block = min_int(most, divide_up(BLOCK_FEATURES, s->oc_unroll) * s->oc_unroll);
  const int feature_bytes = linear_block_images(&d->s, images) * real_bytes(d->options);
  const bool fits = (int64_t)feature_bytes * ic <= 4 * BLOCK_BYTES;
  const int fit = BLOCK_BYTES / (feature_bytes * lanes) * lanes;
  s->ic_block = fits ? ic : min_int(ic, max_int(fit, 8 * lanes));
  decision_override(d, GROUP_BLOCK);
  return check_block(d, ic, images);
}
