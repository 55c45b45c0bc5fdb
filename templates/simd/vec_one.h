/* Vectors of one real, in plain C. */
#ifndef CNN_VEC_ONE_H
#define CNN_VEC_ONE_H

typedef real vec;      /* LANES reals: of as many channels, or images */
typedef uint32_t vint; /* LANES 32-bit integers */
typedef int vmask;     /* a truth value a lane: 0 or 1 */
enum { LANES = 1 };

static inline vec vload(const real *p) { return *p; }
static inline void vstore(real *p, vec a) { *p = a; }
static inline vec vloadu(const real *p) { return *p; }
static inline void vstoreu(real *p, vec a) { *p = a; }
static inline vec vbroadcast(const real *p) { return *p; }
static inline vec vset(real a) { return a; }
static inline vec vzero(void) { return 0; }

static inline vec vadd(vec a, vec b) { return a + b; }
static inline vec vsub(vec a, vec b) { return a - b; }
static inline vec vmul(vec a, vec b) { return a * b; }
static inline vec vdiv(vec a, vec b) { return a / b; }
static inline vec vfma(vec a, vec b, vec c) { return a * b + c; }
static inline vec vmax(vec a, vec b) { return a > b ? a : b; }
static inline vec vmin(vec a, vec b) { return a < b ? a : b; }
static inline vec vsqrt(vec a) { return real_sqrt(a); }

/* Masks. The first `count` lanes: all for count >= LANES, none for count <= 0. */
static inline vmask vfirst(int count) { return count > 0; }
static inline vmask vgt(vec a, vec b) { return a > b; }
static inline vmask veq(vec a, vec b) { return a == b; }
static inline vec vselect(vmask m, vec a, vec b) { return m ? a : b; }
static inline vec vkeep(vmask m, vec a) { return m ? a : 0; }

/* The first `count` lanes, from and to any address; no other memory is touched. */
static inline vec vload_part(const real *p, int count) { return count > 0 ? *p : 0; }
static inline void vstore_part(real *p, vec a, int count) {
  if (count > 0) *p = a;
}

static inline real vsum(vec a) { return a; }

/* Integers. */
static inline vint viload(const uint32_t *p) { return *p; }
static inline vint viset(uint32_t a) { return a; }
static inline vint viota(void) { return 0; }
static inline vint viadd(vint a, vint b) { return a + b; }
static inline vint vimul(vint a, vint b) { return a * b; }
static inline vint viand(vint a, vint b) { return a & b; }
static inline vint vixor(vint a, vint b) { return a ^ b; }
static inline vint vishift(vint a, int bits) { return a >> bits; } /* zeros in front */
static inline vmask vige(vint a, vint b) { return a >= b; }        /* unsigned */
static inline vec vreal(vint a) { return (real)(int32_t)a; }

static inline vec vexp(vec x) { return real_exp(x); }
static inline vec vtanh(vec x) { return real_tanh(x); }
static inline vec vsigmoid(vec x) { return 1 / (1 + real_exp(-x)); }

static inline void vtranspose(vec r[1]) { (void)r; }

#endif
