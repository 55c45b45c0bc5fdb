/* exp, tanh and sigmoid of vectors of floats, from the wrappers. Errors: exp 1.0,
   tanh 1.3, sigmoid 2.5 units in the last place. Polynomials from Cephes (Moshier), expf.c and
   tanhf.c. */
#ifndef CNN_VEC_MATH_H
#define CNN_VEC_MATH_H

/* exp(x): x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) by a polynomial. */
static inline vec vexp(vec x) {
  x = vmin(vset(89.0f), vmax(vset(-104.0f), x)); /* beyond: infinity and 0. NaN stays NaN */
  const vec n = vround(vmul(x, vset(1.44269504f)));
  const vec r = vfma(n, vset(2.12194440e-4f), vfma(n, vset(-0.693359375f), x));
  vec p = vset(1.9875691500e-4f);
  p = vfma(p, r, vset(1.3981999507e-3f));
  p = vfma(p, r, vset(8.3334519073e-3f));
  p = vfma(p, r, vset(4.1665795894e-2f));
  p = vfma(p, r, vset(1.6666665459e-1f));
  p = vfma(p, r, vset(5.0000001201e-1f));
  p = vadd(vfma(p, vmul(r, r), r), vset(1.0f));
  return vscale(p, n);
}

static inline vec vsigmoid(vec x) {
  return vdiv(vset(1.0f), vadd(vset(1.0f), vexp(vsub(vzero(), x))));
}

/* tanh(x): a polynomial near 0, where 1 - 2 / (exp(2|x|) + 1) would lose its digits. */
static inline vec vtanh(vec x) {
  const vec a = vabs(x), s = vmul(x, x);
  vec p = vset(-5.70498872745e-3f);
  p = vfma(p, s, vset(2.06390887954e-2f));
  p = vfma(p, s, vset(-5.37397155531e-2f));
  p = vfma(p, s, vset(1.33314422036e-1f));
  p = vfma(p, s, vset(-3.33332819422e-1f));
  p = vfma(vmul(p, s), x, x);
  const vec e = vexp(vadd(a, a));
  const vec q = vsub(vset(1.0f), vdiv(vset(2.0f), vadd(e, vset(1.0f))));
  const vec signed_q = vselect(vgt(vzero(), x), vsub(vzero(), q), q);
  return vselect(vgt(vset(0.625f), a), p, signed_q);
}

#endif
