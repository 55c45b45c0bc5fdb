/* The gradient of the weights of batch-blocked convolutions: work items, the sum of the split_k
   parts, and the loops around register tiles that hold all taps of a kernel's row. */
#ifndef CNN_BATCH_BACKWARD_WEIGHTS_H
#define CNN_BATCH_BACKWARD_WEIGHTS_H

#include "batch_conv.h"

/* Vectors of sums that a block has, at most. */
enum { BLOCK_SUMS = BLOCK_SUMS_BYTES / (LANES * sizeof(real)) };

/* A work item: one of the split_k parts of the rows of all images, a group of channels, a block of
   output channels and one of input channels, and kernel rows from kh on. */
typedef struct weights_item {
  int part;
  int group;
  span oc;
  span ic;
  int kh;
} weights_item;

static inline int weights_items(const batch_conv *c) {
  return c->split_k * c->groups * divide_up(c->oc, c->oc_block) * divide_up(c->ic, c->ic_block) *
         (c->h.kernel / c->kh_block);
}

static inline weights_item weights_item_of(const batch_conv *c, int i) {
  const int kh_blocks = c->h.kernel / c->kh_block;
  const int ic_blocks = divide_up(c->ic, c->ic_block);
  const int oc_blocks = divide_up(c->oc, c->oc_block);
  const int kh = i % kh_blocks * c->kh_block;
  const int ic = i / kh_blocks % ic_blocks * c->ic_block;
  const int oc = i / (kh_blocks * ic_blocks) % oc_blocks * c->oc_block;
  const int group = i / (kh_blocks * ic_blocks * oc_blocks);
  return (weights_item){
      .part = group / c->groups,
      .group = group % c->groups,
      .oc = {oc, min_int(c->oc, oc + c->oc_block)},
      .ic = {ic, min_int(c->ic, ic + c->ic_block)},
      .kh = kh,
  };
}

/* dw = the sum of its parts. */
static void sum_split_k(team t, const batch_conv *c, const real *restrict partial,
                        real *restrict dw) {
  const int count = (int)(c->groups * c->w_group);
  barrier(); /* all parts are complete */
  const span items = work_range(count, t);
  for (int i = items.begin; i < items.end; i++) {
    real sum = partial[i];
    for (int part = 1; part < c->split_k; part++) sum += partial[i + (ptrdiff_t)part * count];
    dw[i] = sum;
  }
}

#endif
