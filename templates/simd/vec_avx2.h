/* Vectors of 8 floats, AVX2 and FMA. */
#ifndef CNN_VEC_AVX2_H
#define CNN_VEC_AVX2_H

#if !defined(__AVX2__) || !defined(__FMA__)
#error "made for AVX2: compile with the flags that cnnc --cflags prints, or -march=native"
#endif

#include <immintrin.h>
#include <stdint.h>

typedef float real;
typedef __m256 vec;   /* LANES reals: of as many channels, or images */
typedef __m256i vint; /* LANES 32-bit integers */
typedef __m256 vmask; /* a truth value a lane: all bits or none */
enum { LANES = 8 };

static inline vec vload(const real *p) { return _mm256_load_ps(p); }
static inline void vstore(real *p, vec a) { _mm256_store_ps(p, a); }
static inline vec vloadu(const real *p) { return _mm256_loadu_ps(p); }
static inline void vstoreu(real *p, vec a) { _mm256_storeu_ps(p, a); }
static inline vec vbroadcast(const real *p) { return _mm256_broadcast_ss(p); }
static inline vec vset(real a) { return _mm256_set1_ps(a); }
static inline vec vzero(void) { return _mm256_setzero_ps(); }

static inline vec vadd(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vsub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec vmul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec vdiv(vec a, vec b) { return _mm256_div_ps(a, b); }
static inline vec vfma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); } /* a*b + c */
static inline vec vmax(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vmin(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec vsqrt(vec a) { return _mm256_sqrt_ps(a); }
static inline vec vabs(vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vec vround(vec a) { return _mm256_round_ps(a, 8); } /* to the nearest integer */

/* Masks. The first `count` lanes: all for count >= LANES, none for count <= 0. */
static inline vmask vfirst(int count) {
  const __m256i iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), iota));
}
static inline vmask vgt(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
static inline vmask veq(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
/* m ? a : b, and m ? a : 0 */
static inline vec vselect(vmask m, vec a, vec b) { return _mm256_blendv_ps(b, a, m); }
static inline vec vkeep(vmask m, vec a) { return _mm256_and_ps(m, a); }

/* The first `count` lanes, from and to any address; no other memory is touched. */
static inline vec vload_part(const real *p, int count) {
  return _mm256_maskload_ps(p, _mm256_castps_si256(vfirst(count)));
}
static inline void vstore_part(real *p, vec a, int count) {
  _mm256_maskstore_ps(p, _mm256_castps_si256(vfirst(count)), a);
}

/* Sum of all lanes, halves first. */
static inline real vsum(vec a) {
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* Integers. */
static inline vint viload(const uint32_t *p) { return _mm256_load_si256((const __m256i *)p); }
static inline vint viset(uint32_t a) { return _mm256_set1_epi32((int)a); }
static inline vint viota(void) { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
static inline vint viadd(vint a, vint b) { return _mm256_add_epi32(a, b); }
static inline vint vimul(vint a, vint b) { return _mm256_mullo_epi32(a, b); }
static inline vint viand(vint a, vint b) { return _mm256_and_si256(a, b); }
static inline vint vixor(vint a, vint b) { return _mm256_xor_si256(a, b); }
#define vishift(a, bits) _mm256_srli_epi32((a), (bits)) /* to the right, zeros in front */
/* a >= b, unsigned */
static inline vmask vige(vint a, vint b) {
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a));
}
static inline vec vreal(vint a) { return _mm256_cvtepi32_ps(a); }

/* a * 2^n, n whole and in -252..254: two factors, so that neither overflows. */
static inline vec vscale(vec a, vec n) {
  const __m256i k = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(k, 1);
  const __m256i remainder = _mm256_sub_epi32(k, half), bias = _mm256_set1_epi32(127);
  a = _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23)));
  return _mm256_mul_ps(
      a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(remainder, bias), 23)));
}

/* r[i][j] becomes r[j][i]. */
static inline void vtranspose(vec r[8]) {
  vec s[8];
  for (int i = 0; i < 8; i += 2) {
    s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0x44);
      r[i + 2 * j + 1] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0xee);
    }
  }
  for (int j = 0; j < 4; j++) {
    s[j] = _mm256_permute2f128_ps(r[j], r[j + 4], 0x20);
    s[j + 4] = _mm256_permute2f128_ps(r[j], r[j + 4], 0x31);
  }
  for (int j = 0; j < 8; j++) r[j] = s[j];
}

#include "vec_math.h"

#endif
