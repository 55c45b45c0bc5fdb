#include "blas.h"

#include <stddef.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>

const char *blas_name(void) {
  return openblas_get_config();
}

/* Threads are ours (images or slices of a product), so the library's own would only be in the
   way. */
void blas_start(void) {
  openblas_set_num_threads(1);
}

void blas_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *c, int ldc) {
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

#else

const char *blas_name(void) {
  return "own gemm";
}

void blas_start(void) {}

enum { ROWS = 6, COLUMNS = 32, DEPTH = 256 };

/* c [rows,columns] += a [depth,ROWS]^T * b [depth,COLUMNS], both packed and padded with zeros. */
static void micro_kernel(int depth, const float *a, const float *b, int rows, int columns, float *c,
                         int ldc) {
  float sum[ROWS][COLUMNS] = {{0}};
  for (int p = 0; p < depth; p++)
    for (int i = 0; i < ROWS; i++)
      for (int j = 0; j < COLUMNS; j++) sum[i][j] += a[p * ROWS + i] * b[p * COLUMNS + j];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) c[(size_t)i * ldc + j] += sum[i][j];
}

/* packed[p][i] = element (first + i, p0 + p) of a matrix whose rows or columns lie `row` and
   `column` elements apart; width floats a line, zeros beyond `used`. */
static void pack(int depth, int used, int width, const float *from, size_t row, size_t column,
                 float *packed) {
  for (int p = 0; p < depth; p++)
    for (int i = 0; i < width; i++)
      packed[p * width + i] = i < used ? from[i * row + p * column] : 0;
}

void blas_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *c, int ldc) {
  const size_t a_row = transpose_a ? 1 : (size_t)lda, a_column = transpose_a ? (size_t)lda : 1;
  const size_t b_row = transpose_b ? 1 : (size_t)ldb, b_column = transpose_b ? (size_t)ldb : 1;
  float packed_a[DEPTH * ROWS], packed_b[DEPTH * COLUMNS];
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) { /* with beta 0 the numbers in C may be no numbers */
      float *at = c + (size_t)i * ldc + j;
      *at = beta == 0 ? 0 : *at * beta;
    }
  for (int p = 0; p < k; p += DEPTH) {
    const int depth = k - p < DEPTH ? k - p : DEPTH;
    for (int j = 0; j < n; j += COLUMNS) {
      const int columns = n - j < COLUMNS ? n - j : COLUMNS;
      pack(depth, columns, COLUMNS, b + p * b_row + j * b_column, b_column, b_row, packed_b);
      for (int i = 0; i < m; i += ROWS) {
        const int rows = m - i < ROWS ? m - i : ROWS;
        pack(depth, rows, ROWS, a + i * a_row + p * a_column, a_row, a_column, packed_a);
        micro_kernel(depth, packed_a, packed_b, rows, columns, c + (size_t)i * ldc + j, ldc);
      }
    }
  }
}

#endif

void blas_gemm_parallel(int threads, bool transpose_a, bool transpose_b, int m, int n, int k,
                        const float *a, int lda, const float *b, int ldb, float beta, float *c,
                        int ldc) {
  const bool by_rows = m > n;
  const int extent = by_rows ? m : n;
  const int slice = (extent + threads - 1) / threads;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; t++) {
    const int first = t * slice, left = extent - first, size = left < slice ? left : slice;
    if (size <= 0) continue;
    if (by_rows)
      blas_gemm(transpose_a, transpose_b, size, n, k, a + (size_t)first * (transpose_a ? 1 : lda),
                lda, b, ldb, beta, c + (size_t)first * ldc, ldc);
    else
      blas_gemm(transpose_a, transpose_b, m, size, k, a, lda,
                b + (size_t)first * (transpose_b ? ldb : 1), ldb, beta, c + first, ldc);
  }
}
