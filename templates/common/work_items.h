/* How kernels that sum over all pixels of a channel cut their work. The compiler includes this
   header for the sizes of workspaces and counts of work items; programs contain it. Work is cut by
   shape alone, so that sums have one order for any number of threads. */
#ifndef CNN_WORK_ITEMS_H
#define CNN_WORK_ITEMS_H

#include <stdint.h>

/* Work items that a kernel has at least, where its shape has them: for 64 threads. Below so many
   vectors of pixels in all, a barrier costs more than idle threads. */
enum { REDUCTION_ITEMS = 64, REDUCTION_VECTORS_LEAST = 1 << 16 };

/* Into how many parts the `rows` rows of each plane are cut, which have `width` vectors. A plane is
   the pixels of all images of one channel vector (channel-blocked) or of one channel
   (batch-blocked). Never more for fewer rows. */
static inline int reduction_parts(int planes, int rows, int width) {
  const int parts = (REDUCTION_ITEMS + planes - 1) / planes;
  if ((int64_t)planes * rows * width < REDUCTION_VECTORS_LEAST) return 1;
  return parts < rows ? parts : rows;
}

/* Vectors of partial results: of a batch_norm (mean, squared deviations, count), its backward half
   (sums of dy and of dy * (x - mean)), and a bias_gradient. */
enum { MOMENT_VECTORS = 3, NORM_SUM_VECTORS = 2, BIAS_SUM_VECTORS = 1 };

#endif
