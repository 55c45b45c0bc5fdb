/* Vectors of 16 floats, AVX-512. */
#ifndef CNN_VEC_AVX512_H
#define CNN_VEC_AVX512_H

#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||                   \
    !defined(__AVX512VL__) || !defined(__FMA__)
#error "made for AVX-512: compile with the flags that cnnc --cflags prints, or -march=native"
#endif

#include <immintrin.h>
#include <stdint.h>

typedef float real;
typedef __m512 vec;      /* LANES reals: of as many channels, or images */
typedef __m512i vint;    /* LANES 32-bit integers */
typedef __mmask16 vmask; /* a truth value a lane */
enum { LANES = 16 };

static inline vec vload(const real *p) { return _mm512_load_ps(p); }
static inline void vstore(real *p, vec a) { _mm512_store_ps(p, a); }
static inline vec vloadu(const real *p) { return _mm512_loadu_ps(p); }
static inline void vstoreu(real *p, vec a) { _mm512_storeu_ps(p, a); }
static inline vec vbroadcast(const real *p) { return _mm512_set1_ps(*p); }
static inline vec vset(real a) { return _mm512_set1_ps(a); }
static inline vec vzero(void) { return _mm512_setzero_ps(); }

static inline vec vadd(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vsub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec vmul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec vdiv(vec a, vec b) { return _mm512_div_ps(a, b); }
static inline vec vfma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); } /* a*b + c */
static inline vec vmax(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vmin(vec a, vec b) { return _mm512_min_ps(a, b); }
static inline vec vsqrt(vec a) { return _mm512_sqrt_ps(a); }
static inline vec vabs(vec a) { return _mm512_abs_ps(a); }
static inline vec vround(vec a) { return _mm512_roundscale_ps(a, 8); } /* to the nearest integer */

/* Masks. The first `count` lanes: all for count >= LANES, none for count <= 0. */
static inline vmask vfirst(int count) {
  return count >= 16 ? (vmask)0xffff : count <= 0 ? 0 : (vmask)((1u << count) - 1);
}
static inline vmask vgt(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
static inline vmask veq(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
/* m ? a : b, and m ? a : 0 */
static inline vec vselect(vmask m, vec a, vec b) { return _mm512_mask_blend_ps(m, b, a); }
static inline vec vkeep(vmask m, vec a) { return _mm512_maskz_mov_ps(m, a); }

/* The first `count` lanes, from and to any address; no other memory is touched. */
static inline vec vload_part(const real *p, int count) {
  return _mm512_maskz_loadu_ps(vfirst(count), p);
}
static inline void vstore_part(real *p, vec a, int count) {
  _mm512_mask_storeu_ps(p, vfirst(count), a);
}

/* Sum of all lanes, halves first. */
static inline real vsum(vec a) {
  __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
  c = _mm_add_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

/* Integers. */
static inline vint viload(const uint32_t *p) { return _mm512_load_si512(p); }
static inline vint viset(uint32_t a) { return _mm512_set1_epi32((int)a); }
static inline vint viota(void) {
  return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline vint viadd(vint a, vint b) { return _mm512_add_epi32(a, b); }
static inline vint vimul(vint a, vint b) { return _mm512_mullo_epi32(a, b); }
static inline vint viand(vint a, vint b) { return _mm512_and_si512(a, b); }
static inline vint vixor(vint a, vint b) { return _mm512_xor_si512(a, b); }
#define vishift(a, bits) _mm512_srli_epi32((a), (bits)) /* to the right, zeros in front */
static inline vmask vige(vint a, vint b) { return _mm512_cmpge_epu32_mask(a, b); } /* unsigned */
static inline vec vreal(vint a) { return _mm512_cvtepi32_ps(a); }

/* a * 2^n, n whole. */
static inline vec vscale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

/* r[i][j] becomes r[j][i]. */
static inline void vtranspose(vec r[16]) {
  vec s[16];
  for (int i = 0; i < 16; i += 2) {
    s[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_shuffle_ps(s[i + j], s[i + j + 2], 0x44);
      r[i + 2 * j + 1] = _mm512_shuffle_ps(s[i + j], s[i + j + 2], 0xee);
    }
  }
  for (int i = 0; i < 16; i += 8) {
    for (int j = 0; j < 4; j++) {
      s[i + j] = _mm512_shuffle_f32x4(r[i + j], r[i + j + 4], 0x88);
      s[i + j + 4] = _mm512_shuffle_f32x4(r[i + j], r[i + j + 4], 0xdd);
    }
  }
  for (int j = 0; j < 8; j++) {
    r[j] = _mm512_shuffle_f32x4(s[j], s[j + 8], 0x88);
    r[j + 8] = _mm512_shuffle_f32x4(s[j], s[j + 8], 0xdd);
  }
}

#include "vec_math.h"

#endif
