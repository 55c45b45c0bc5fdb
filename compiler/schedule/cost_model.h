/* The cost model of register tiles. A tile of rows x columns accumulators needs, for every term of
   its sum, rows * columns FMAs and rows + columns loads. The processor starts as many of
   either in a cycle as the target has ports. Fewer accumulators than FMAs in flight wait for each
   other. A load counts a little even where FMAs hide it, and more where it misses the L1 cache.
   Costs are cycles; only their ratios count. */
#ifndef CNNC_COST_MODEL_H
#define CNNC_COST_MODEL_H

#include "driver/target.h"
#include "ir/schedule.h"

#include <stdint.h>

/* A shape gets code of its own if that saves this part of the time. */
extern const double WORTH_A_KERNEL;
/* A second copy of the kernel, for the tail of a shape, costs this factor. */
extern const double COST_OF_TAIL_CODE;

/* One term of the sum of a batch-blocked or linear tile. from_l2: which part of the loads of
   columns comes from the L2 cache. */
double tile_cycles(const Target *target, RegisterTile tile, double from_l2);

/* Whether that many registers hold the accumulators and the shorter side. */
bool tile_fits(RegisterTile tile, int registers);

/* The best tile for an output of rows x columns; its columns are a multiple of `unit`. What is
   already in `tile` stays unless it does not fit, or another is better by WORTH_A_KERNEL: shapes
   with one tile share code. */
void choose_tile(const Target *target, int rows, int columns, int unit, int registers,
                 RegisterTile *tile);

/* The tile that computes oc_vectors x columns pixels of a channel-blocked row in the fewest cycles:
   as wide as fits, or a row is cut into nearly equal tiles where that gains enough. */
RegisterTile choose_vector_tile(const Target *target, int oc_vectors, int columns);

/* Registers of a channel-blocked tile of the gradient of weights: accumulators, vectors of dy, one
   for x. */
int gradient_tile_registers(int oc_vectors, int channels, int taps);

/* The tile (vectors x channels) that sums oc_vectors x ic channels in the fewest cycles. Returns
   these, for one pixel and all its taps; 0: no tile fits. Its channels divide ic. */
double choose_gradient_tile(const Target *target, int oc_vectors, int ic, int taps,
                            RegisterTile *tile);

#endif
