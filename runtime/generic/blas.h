/* Matrix products: OpenBLAS where CMake finds it, else our own. */
#ifndef BLAS_H
#define BLAS_H

#include <stdbool.h>

/* "OpenBLAS 0.3.21 ..." or "own gemm". */
const char *blas_name(void);

/* To be called once, before other threads exist. */
void blas_start(void);

/* C [m,n] = op(A) [m,k] * op(B) [k,n] + beta * C, row-major; ld: elements from row to row, as the
   matrix lies in memory. Runs on the calling thread. */
void blas_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *c, int ldc);

/* The same by `threads` threads, each with its share of the rows or the columns of C. */
void blas_gemm_parallel(int threads, bool transpose_a, bool transpose_b, int m, int n, int k,
                        const float *a, int lda, const float *b, int ldb, float beta, float *c,
                        int ldc);

#endif
