/* Pooling and its gradients. */
#include "harness.h"

#include <stdlib.h>

typedef struct Window {
  int c, h, w, p, q, kh, kw, sh, sw, ph, pw;
} Window;

static Window window_of(const Case *c) {
  return (Window){case_get(c, "IC"), case_get(c, "IH"), case_get(c, "IW"), case_get(c, "OH"),
                  case_get(c, "OW"), case_get(c, "KH"), case_get(c, "KW"), case_get(c, "SH"),
                  case_get(c, "SW"), case_get(c, "PH"), case_get(c, "PW")};
}

/* A pixel of a window: its number there, from 1 on, and its place among all pixels. */
typedef void Visit(int number, int window, int pixel, void *context);

/* Every pixel of every window, without those of the padding; windows and pixels of all channels
   and images are numbered. */
static void for_each_pixel(Window k, int count, Visit *visit, void *context) {
  for (int n = 0; n < count * k.c * k.p * k.q; n++) {
    const int plane = n / (k.p * k.q), top = n / k.q % k.p * k.sh - k.ph,
              left = n % k.q * k.sw - k.pw;
    for (int i = 0; i < k.kh * k.kw; i++) {
      const int h = top + i / k.kw, w = left + i % k.kw;
      if (h >= 0 && h < k.h && w >= 0 && w < k.w)
        visit(i + 1, n, (plane * k.h + h) * k.w + w, context);
    }
  }
}

typedef struct Maxima {
  const double *x;
  double *y, *argmax;
} Maxima;

static void keep_larger(int number, int window, int pixel, void *context) {
  const Maxima *m = context;
  if (m->argmax[window] != 0 && m->x[pixel] <= m->y[window]) return;
  m->y[window] = m->x[pixel];
  m->argmax[window] = number;
}

/* Tensors: x, y, (argmax). */
static void twin_max_pool(const Case *c, Context *v) {
  const Window k = window_of(c);
  const int windows = v->count * k.c * k.p * k.q;
  double *argmax = calloc((size_t)windows, sizeof *argmax);
  for_each_pixel(k, v->count, keep_larger, &(Maxima){v->v[0], v->v[1], argmax});
  for (int i = 0; i < windows && case_get(c, "argmax"); i++)
    v->v[2][i] = case_get(c, "relu_mask") && v->v[1][i] == 0 ? 0 : argmax[i];
  free(argmax);
}

/* Tensors: dy, argmax, dx. No pixel, every pixel of the window, and those of the padding, which no
 * kernel reads. */
static void prepare_max_pool_backward(const Case *c, Context *v) {
  const Window k = window_of(c);
  for (int i = 0; i < v->count * k.c * k.p * k.q; i++)
    v->v[1][i] = (i + i / (k.p * k.q)) % (k.kh * k.kw + 1);
}

static void take_gradient(int number, int window, int pixel, void *context) {
  Context *v = context;
  if (v->v[1][window] == number) v->v[2][pixel] += v->v[0][window];
}

static void twin_max_pool_backward(const Case *c, Context *v) {
  const Window k = window_of(c);
  for (int i = 0; i < v->count * k.c * k.h * k.w; i++) v->v[2][i] = 0;
  for_each_pixel(k, v->count, take_gradient, v);
}

static int clip(int at, int most) {
  return at < 0 ? 0 : at > most ? most : at;
}

/* As in PyTorch: a window reaches at most to the end of the padding. */
static double reciprocal(const Case *c, Window k, int p, int q) {
  int top = p * k.sh - k.ph, left = q * k.sw - k.pw;
  int bottom = top + k.kh < k.h + k.ph ? top + k.kh : k.h + k.ph;
  int right = left + k.kw < k.w + k.pw ? left + k.kw : k.w + k.pw;
  int size = (bottom - top) * (right - left);
  if (!case_get(c, "count_include_pad")) {
    size = (clip(bottom, k.h) - clip(top, k.h)) * (clip(right, k.w) - clip(left, k.w));
  }
  return 1.0 / size;
}

static void average(const Case *c, Context *v, const double *in, double *out, bool backward,
                    const double *mask) {
  Window k = window_of(c);
  int outputs = backward ? v->count * k.c * k.h * k.w : v->count * k.c * k.p * k.q;
  for (int i = 0; i < outputs; i++) out[i] = 0;
  for (int n = 0; n < v->count * k.c; n++) {
    for (int p = 0; p < k.p; p++) {
      for (int q = 0; q < k.q; q++) {
        int to = (n * k.p + p) * k.q + q;
        for (int h = p * k.sh - k.ph; h < p * k.sh - k.ph + k.kh; h++) {
          for (int w = q * k.sw - k.pw; w < q * k.sw - k.pw + k.kw; w++) {
            if (h < 0 || h >= k.h || w < 0 || w >= k.w) continue;
            int at = (n * k.h + h) * k.w + w;
            if (!backward) out[to] += in[at];
            if (backward && (!mask || mask[at] != 0)) out[at] += in[to] * reciprocal(c, k, p, q);
          }
        }
        if (!backward) out[to] *= reciprocal(c, k, p, q);
      }
    }
  }
}

static void twin_avg_pool(const Case *c, Context *x) {
  average(c, x, x->v[0], x->v[1], false, NULL);
}

/* Tensors: dy, dx, (mask). */
static void twin_avg_pool_backward(const Case *c, Context *x) {
  average(c, x, x->v[0], x->v[1], true, case_get(c, "relu_mask") ? x->v[2] : NULL);
}

static int output_size(int size, int kernel, int stride, int pad, bool ceil_mode) {
  int out = (size + 2 * pad - kernel + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if (ceil_mode && (out - 1) * stride >= size + pad) out--;
  return out;
}

static Case *add_pool(Suite *suite, const char *name, const char *arguments, Window k,
                      void (*twin)(const Case *, Context *)) {
  static const char *const NAMES[] = {"IC", "IH", "IW", "OH", "OW", "KH",
                                      "KW", "SH", "SW", "PH", "PW"};
  const int values[] = {k.c, k.h, k.w, k.p, k.q, k.kh, k.kw, k.sh, k.sw, k.ph, k.pw};
  Case *c = suite_add(suite, name, arena_printf(suite->arena, "%d, %s", k.c, arguments), twin);
  for (int i = 0; i < 11; i++) case_int(c, NAMES[i], values[i]);
  return c;
}

static void add_window(Suite *suite, Window k) {
  Case *c;
  for (int kind = 0; kind < 3; kind++) { /* of inference; of training; behind a relu */
    const bool argmax = kind > 0, mask = kind > 1;
    c = add_pool(suite, "max_pool2d.c.in", argmax ? "a[0], a[1], a[2]" : "a[0], a[1]", k,
                 twin_max_pool);
    case_bool(c, "argmax", argmax);
    case_bool(c, "relu_mask", mask);
    case_tensor(c, "x", CNN_BATCH_BLOCKED, mask ? FILL_RELU : FILL_INTEGERS, k.c, k.h, k.w);
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.p, k.q);
    if (argmax) case_tensor(c, "argmax", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.p, k.q);
  }
  c = add_pool(suite, "max_pool2d_backward.c.in", "a[0], a[1], a[2]", k, twin_max_pool_backward);
  c->prepare = prepare_max_pool_backward;
  case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.c, k.p, k.q)->gradient = true;
  case_tensor(c, "argmax", CNN_BATCH_BLOCKED, FILL_PREPARED, k.c, k.p, k.q);
  case_tensor(c, "dx", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.h, k.w)->gradient = true;
  for (int include_pad = 0; include_pad < 2; include_pad++) {
    double tolerance = suite->target->real_bytes == 4 ? 4e-7 : 1e-15;
    c = add_pool(suite, "avg_pool2d.c.in", "a[0], a[1]", k, twin_avg_pool);
    case_bool(c, "count_include_pad", include_pad);
    c->tolerance = tolerance;
    case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.c, k.h, k.w);
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.p, k.q);

    bool mask = (include_pad + k.h) % 2;
    c = add_pool(suite, "avg_pool2d_backward.c.in", mask ? "a[0], a[2], a[1]" : "a[0], a[1]", k,
                 twin_avg_pool_backward);
    case_bool(c, "count_include_pad", include_pad);
    case_bool(c, "relu_mask", mask);
    c->tolerance = tolerance;
    c->floor = 4; /* thirds of integers up to 4, which may cancel */
    case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.c, k.p, k.q)->gradient = true;
    case_tensor(c, "dx", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.h, k.w)->gradient = true;
    if (mask) case_tensor(c, "mask_y", CNN_BATCH_BLOCKED, FILL_RELU, k.c, k.h, k.w);
  }
}

static void add_cases(Suite *suite) {
  static const struct {
    int c, h, w, kh, kw, sh, sw, ph, pw;
    bool ceil_mode;
  } SHAPES[] = {
      {2, 8, 8, 2, 2, 2, 2, 0, 0, false},  /* halves, nothing left */
      {3, 7, 9, 2, 2, 2, 2, 0, 0, false},  /* a row and a column in no window */
      {3, 7, 9, 2, 2, 2, 2, 0, 0, true},   /* windows over the edge */
      {2, 7, 7, 3, 3, 2, 2, 0, 0, false},  /* overlap, AlexNet */
      {2, 8, 8, 3, 3, 2, 2, 0, 0, true},   /* overlap over the edge, GoogLeNet */
      {2, 9, 8, 3, 3, 2, 2, 1, 1, false},  /* padding, ResNet */
      {1, 6, 5, 3, 3, 1, 1, 1, 1, false},  /* same size */
      {1, 6, 6, 5, 5, 1, 1, 2, 2, false},  /* every window over an edge */
      {2, 7, 7, 7, 7, 7, 7, 0, 0, false},  /* one window: global */
      {2, 9, 11, 2, 3, 4, 5, 0, 0, false}, /* gaps between windows */
      {2, 9, 11, 2, 3, 4, 4, 1, 1, true},  /* gaps, padding, over the edge */
      {1, 5, 12, 1, 4, 1, 2, 0, 2, false}, /* one row, overlap in columns alone */
      {1, 12, 5, 4, 1, 3, 1, 2, 0, true},  /* one column, overlap in rows alone */
      {1, 10, 10, 3, 2, 2, 3, 1, 0, true}, /* overlap in rows, gaps in columns */
      {1, 5, 5, 1, 1, 1, 1, 0, 0, false},  /* nothing to pool */
      {1, 3, 3, 1, 1, 2, 2, 0, 0, false},  /* subsampling */
      {2, 13, 13, 5, 5, 3, 3, 2, 2, true}, /* AvgPool of an auxiliary head, odd everything */
  };
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    Window k = {
        SHAPES[i].c,  SHAPES[i].h,  SHAPES[i].w,  0,           0, SHAPES[i].kh, SHAPES[i].kw,
        SHAPES[i].sh, SHAPES[i].sw, SHAPES[i].ph, SHAPES[i].pw};
    k.p = output_size(k.h, k.kh, k.sh, k.ph, SHAPES[i].ceil_mode);
    k.q = output_size(k.w, k.kw, k.sw, k.pw, SHAPES[i].ceil_mode);
    add_window(suite, k);
  }
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
