/* The values of a batch_norm, as arguments of calls and as offsets in their blocks. */
#ifndef CNN_ARGUMENTS_H
#define CNN_ARGUMENTS_H

/* Parameters and running statistics. */
#define NORM(bn) p + bn##_weight, p + bn##_bias, s + bn##_running_mean, s + bn##_running_var

/* Statistics of the batch. */
#define STATISTICS(bn) a + bn##_mean, a + bn##_inverse

/* Both, as backward kernels read them. */
#define NORMED(bn) p + bn##_weight, a + bn##_mean, a + bn##_inverse, p + bn##_bias

/* Gradients. */
#define NORM_GRADIENT(bn) d + bn##_weight, d + bn##_bias

/* Offsets of the parameters and running statistics, each `size` numbers apart. */
#define NORM_OFFSETS(bn, trained, running, size)                                                   \
  bn##_weight = trained, bn##_bias = trained + size, bn##_running_mean = running,                  \
  bn##_running_var = running + size

/* Offsets of the statistics of the batch. */
#define STATISTICS_OFFSETS(bn, at, size) bn##_mean = at, bn##_inverse = at + size

#endif
