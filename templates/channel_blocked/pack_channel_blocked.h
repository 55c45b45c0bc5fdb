/* Weights of channel-blocked convolutions in the order in which register tiles read them: the shift
   of every output channel, [oc tile][oc of the tile], then the weights, [oc tile][ic block][kh][kw]
   [ic of the block][oc of the tile]. Sizes: weights_shape. */
#ifndef CNN_PACK_CHANNEL_BLOCKED_H
#define CNN_PACK_CHANNEL_BLOCKED_H

#include "channel_conv.h"

/* The weights, behind the shift. */
static inline const real *packed_weights(weights_shape s, const real *packed) {
  return packed + oc_of_tiles(s);
}

/* A batch_norm behind a convolution, by the running statistics. */
typedef struct folded_norm {
  const real *weight;
  const real *bias;
  const real *mean;
  const real *variance;
  double eps;
} folded_norm;

/* For inference: weights times the factor of the norm, if any, 0 where an input channel is not of
   the group. w: [oc, ic / groups, kh, kw]; b: bias, or NULL. A work item: an output channel, and
   those that fill up the last tile. */
static void prepack_weights(team t, weights_shape s, const real *restrict w, const real *restrict b,
                            const folded_norm *norm, real *restrict packed) {
  real *restrict weights = packed + oc_of_tiles(s);
  const int64_t tile_reals = packed_tile_reals(s);
  const int blocks_most = ic_blocks_most(s);
  const int tile_oc = s.oc_vectors * LANES;
  const int group_oc = s.oc / s.groups;
  const int group_ic = s.ic / s.groups;
  const int taps = s.kh * s.kw;
  const span items = work_range(oc_of_tiles(s), t);
  for (int oc = items.begin; oc < items.end; oc++) {
    const int exists = oc < s.oc;
    const int first_ic = exists ? oc / group_oc * group_ic : 0;
    const span blocks = ic_blocks_of(s, oc / tile_oc);
    const double factor =
        exists && norm ? norm->weight[oc] / sqrt(norm->variance[oc] + norm->eps) : 1;
    const double bias = exists && b ? b[oc] : 0;
    packed[oc] = (real)(exists && norm ? (bias - norm->mean[oc]) * factor + norm->bias[oc] : bias);
    real *to = weights + oc / tile_oc * tile_reals + oc % tile_oc;
    for (int block = 0; block < blocks_most; block++) {
      for (int k = 0; k < taps; k++) {
        for (int i = 0; i < ic_of_block(s); i++, to += tile_oc) {
          const int ic = (blocks.begin + block) * LANES + i - first_ic;
          const int reads = exists && ic >= 0 && ic < group_ic;
          *to = reads ? (real)(w[((ptrdiff_t)oc * group_ic + ic) * taps + k] * factor) : 0;
        }
      }
    }
  }
}

/* For training: weights as they are. Backward data reads what forward writes, with the kernel
   reversed. w: [OC, IC, kh, kw] of the forward direction; b: bias, or NULL; one group. A work
   item: LANES output channels x a block of input channels. */
static void pack_weights(team t, const channel_conv *c, const real *restrict w,
                         const real *restrict b, real *restrict packed) {
  const weights_shape s = weights_of(c);
  real *restrict weights = packed + oc_of_tiles(s);
  const int backward = c->h.backward;
  const int taps = s.kh * s.kw;
  const int blocks = divide_up(s.ic, LANES);
  const ptrdiff_t w_oc = backward ? taps : s.ic * taps; /* distances in w */
  const ptrdiff_t w_ic = backward ? s.oc * taps : taps;
  const int64_t tile_reals = packed_tile_reals(s);
  const int64_t tap_reals = packed_tap_reals(s);
  const span items = work_range(divide_up(s.oc, LANES) * blocks, t);
  for (int i = items.begin; i < items.end; i++) {
    const int vector = i / blocks;
    const int block = i % blocks;
    const int oc = vector * LANES;
    const int lanes = min_int(LANES, s.oc - oc);
    const int depth = min_int(LANES, s.ic - block * LANES);
    const int together =
        backward ? 1 : depth; /* input channels whose taps follow each other in w */
    real *to = weights + vector / s.oc_vectors * tile_reals + block * packed_block_reals(s) +
               vector % s.oc_vectors * LANES;
    if (block == 0) vstore(packed + oc, b ? vload_part(b + oc, lanes) : vzero());
    for (int first = 0; first < depth; first += together) {
      const real *from = w + oc * w_oc + (block * LANES + first) * w_ic;
      for (int k = 0; k < together * taps; k += LANES) {
        const int count = min_int(LANES, together * taps - k);
        vec r[LANES];
        if (w_oc == 1) {
          r[0] = vload_part(from, lanes);
        } else {
          for (int l = 0; l < LANES; l++)
            r[l] = l < lanes ? vload_part(from + l * w_oc + k, count) : vzero();
          vtranspose(r);
        }
        for (int j = 0; j < count; j++) {
          const int ic = first + (k + j) / taps;
          const int tap = backward ? taps - 1 - (k + j) % taps : (k + j) % taps;
          vstore(to + tap * tap_reals + ic * s.oc_vectors * LANES, r[j]);
        }
      }
    }
  }
  barrier(); /* all weights are packed */
}

#endif
