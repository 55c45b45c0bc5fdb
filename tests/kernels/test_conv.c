/* Convolution and its two gradients. */
#include "harness.h"

typedef struct Conv {
  int c, h, w, o, p, q, kh, kw, sh, sw, ph, pw, dh, dw, g;
} Conv;

static Conv conv_of(const Case *c) {
  return (Conv){case_get(c, "IC"), case_get(c, "IH"), case_get(c, "IW"), case_get(c, "OC"),
                case_get(c, "OH"), case_get(c, "OW"), case_get(c, "KH"), case_get(c, "KW"),
                case_get(c, "SH"), case_get(c, "SW"), case_get(c, "PH"), case_get(c, "PW"),
                case_get(c, "DH"), case_get(c, "DW"), case_get(c, "G")};
}

/* Every product of the convolution once: places in x, weight and y. */
typedef void Visit(double *x, double *weight, double *y);

static void visit_y(double *x, double *weight, double *y) {
  *y += *x * *weight;
}
static void visit_x(double *x, double *weight, double *y) {
  *x += *y * *weight;
}
static void visit_weight(double *x, double *weight, double *y) {
  *weight += *x * *y;
}

static void visit_all(Conv k, int count, double *x, double *weight, double *y, Visit *visit) {
  int cg = k.c / k.g, og = k.o / k.g;
  for (int n = 0; n < count; n++) {
    for (int o = 0; o < k.o; o++) {
      for (int p = 0; p < k.p; p++) {
        for (int q = 0; q < k.q; q++) {
          for (int i = 0; i < cg * k.kh * k.kw; i++) {
            int c = o / og * cg + i / (k.kh * k.kw);
            int h = p * k.sh - k.ph + i / k.kw % k.kh * k.dh, w = q * k.sw - k.pw + i % k.kw * k.dw;
            if (h < 0 || h >= k.h || w < 0 || w >= k.w) continue;
            visit(x + ((n * k.c + c) * k.h + h) * k.w + w, weight + o * cg * k.kh * k.kw + i,
                  y + ((n * k.o + o) * k.p + p) * k.q + q);
          }
        }
      }
    }
  }
}

/* Tensors: x, weight, y, (bias). */
static void twin_conv(const Case *c, Context *x) {
  Conv k = conv_of(c);
  int size = k.p * k.q;
  for (int i = 0; i < x->count * k.o * size; i++) {
    x->v[2][i] = case_get(c, "bias") ? x->v[3][i / size % k.o] : 0;
  }
  visit_all(k, x->count, x->v[0], x->v[1], x->v[2], visit_y);
  for (int i = 0; case_get(c, "relu") && i < x->count * k.o * size; i++) {
    if (x->v[2][i] < 0) x->v[2][i] = 0;
  }
}

/* Tensors: dy, weight, dx, (y of the layer before). */
static void twin_backward_data(const Case *c, Context *x) {
  Conv k = conv_of(c);
  int size = x->count * k.c * k.h * k.w;
  for (int i = 0; i < size; i++) x->v[2][i] = 0;
  visit_all(k, x->count, x->v[2], x->v[1], x->v[0], visit_x);
  for (int i = 0; case_get(c, "relu_mask") && i < size; i++) {
    if (x->v[3][i] == 0) x->v[2][i] = 0;
  }
}

/* Tensors: x, dy, dweight. */
static void twin_backward_weights(const Case *c, Context *x) {
  Conv k = conv_of(c);
  for (int i = 0; i < k.o * (k.c / k.g) * k.kh * k.kw; i++) x->v[2][i] = 0;
  visit_all(k, x->count, x->v[0], x->v[2], x->v[1], visit_weight);
}

static Case *add_conv(Suite *suite, const char *name, const char *arguments, Conv k,
                      void (*twin)(const Case *, Context *)) {
  static const char *const NAMES[] = {"IC", "IH", "IW", "OC", "OH", "OW", "KH", "KW",
                                      "SH", "SW", "PH", "PW", "DH", "DW", "G"};
  const int values[] = {k.c,  k.h,  k.w,  k.o,  k.p,  k.q,  k.kh, k.kw,
                        k.sh, k.sw, k.ph, k.pw, k.dh, k.dw, k.g};
  Case *c = suite_add(suite, name, arguments, twin);
  for (int i = 0; i < 15; i++) case_int(c, NAMES[i], values[i]);
  case_int(c, "L", suite->target->lanes);
  return c;
}

static int min(int a, int b) {
  return a < b ? a : b;
}

static void rows_body(Case *c, int made, int channels, int pixels) {
  c->body.template_name = "conv_batch_blocked.c.in";
  case_body_int(c, "OC_UNROLL", channels);
  case_body_int(c, "OW_UNROLL", pixels);
  case_body_int(c, "OC_TAIL", made % channels);
}

/* The smallest multiple of `tile` that is at least n. */
static int cover(int n, int tile) {
  return (n + tile - 1) / tile * tile;
}

static Case *add_weights(Suite *suite, Conv k, int parts) {
  int filter = k.c / k.g * k.kh * k.kw;
  Case *c =
      add_conv(suite, "conv2d_backward_weights_batch_blocked.c.in",
               parts > 1 ? "a[0], a[1], a[2], a[3]" : "a[0], a[1], a[2]", k, twin_backward_weights);
  case_int(c, "SPLIT_K", parts);
  case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.c, k.h, k.w);
  case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.o, k.p, k.q)->gradient = true;
  case_tensor(c, "dweight", CNN_PLAIN, FILL_GARBAGE, k.o, filter, 0);
  if (parts > 1) case_tensor(c, "workspace", CNN_PLAIN, FILL_WORKSPACE, parts * k.o, filter, 0);
  return c;
}

/* The gradient of the filters with a tile that holds taps, for shapes that it accepts. */
static void add_taps(Suite *suite, Conv k, int filters, int parts, bool blocks) {
  const char *right = "";
  int lefts = (k.pw + k.sw - 1) / k.sw, rights = 0;
  for (int q = 0; q < k.q; q++) {
    int clipped = q * k.sw - k.pw + k.kw - k.w;
    if (clipped > 0)
      right = arena_printf(suite->arena, "%s%s%d", right, rights++ ? "_" : "", min(clipped, k.kw));
  }
  if (k.dw > 1 || k.kw < 2 || k.kw > k.w || k.pw >= k.kw || lefts + rights >= k.q) return;
  Case *c = add_weights(suite, k, parts);
  int og = k.o / k.g;
  c->body.template_name = "backward_weights_taps_batch_blocked.c.in";
  case_bool(c, "taps", true);
  case_int(c, "OC_UNROLL", filters);
  case_int(c, "IC_UNROLL", k.kw);
  case_body_int(c, "OC_UNROLL", filters);
  case_body_int(c, "KW", k.kw);
  case_body_int(c, "OC_TAIL", og % filters);
  case_body_int(c, "STRIDE", k.sw);
  case_body_int(c, "PADDING", k.pw);
  case_body_string(c, "RIGHT", right);
  int half = blocks ? (k.q + 1) / 2 : k.q; /* a block holds an edge */
  case_int(c, "OC_BLOCK", blocks ? filters : cover(og, filters));
  case_int(c, "IC_BLOCK", 2);
  case_int(c, "KH_BLOCK", blocks ? 1 : k.kh);
  case_int(c, "OH_BLOCK", blocks ? 2 : k.p);
  case_int(c, "OW_BLOCK", half > lefts && k.q - half > rights ? half : k.q);
}

/* A shape, and what its cases choose. */
typedef struct Shape {
  Conv k;
  int channels, pixels; /* register tile, at most */
  bool bias, relu;
} Shape;

static void set_row_case(Case *c, const Shape *s, bool backward, int channels) {
  const int oc = (backward ? s->k.c : s->k.o) / s->k.g;
  rows_body(c, oc, channels, s->pixels);
  case_int(c, "OC_BLOCK", backward ? 1 : 2);
  case_int(c, "OW_BLOCK", backward ? s->k.w : 2 * s->pixels);
  case_bool(c, "backward", backward);
  case_bool(c, "bias", !backward && s->bias);
  case_bool(c, "relu", !backward && s->relu);
  case_bool(c, "relu_mask", backward && s->relu);
  case_bool(c, "PACK", backward ? s->relu : s->bias);
  case_int(c, "OC_UNROLL", channels);
  case_int(c, "OW_UNROLL", s->pixels);
}

/* Packed where there is a bias. */
static void add_forward(Suite *suite, const Shape *s) {
  const Conv k = s->k;
  const int cg = k.c / k.g, og = k.o / k.g, filter = cg * k.kh * k.kw;
  const int tile = min(s->channels, og);
  Case *c = add_conv(suite, "conv2d_batch_blocked.c.in",
                     s->bias ? "a[0], a[1], a[3], a[2], a[4]" : "a[0], a[1], a[2]", k, twin_conv);
  set_row_case(c, s, false, tile);
  case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.c, k.h, k.w);
  case_tensor(c, "weight", CNN_PLAIN, FILL_INTEGERS, k.o, filter, 0);
  case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.o, k.p, k.q);
  if (!s->bias) return;
  case_tensor(c, "bias", CNN_PLAIN, FILL_INTEGERS, k.o, 0, 0);
  case_tensor(c, "packed", CNN_PLAIN, FILL_WORKSPACE, k.g * cover(og, tile), filter, 0);
}

/* Packed where there is a mask. */
static void add_backward_data(Suite *suite, const Shape *s) {
  const Conv k = s->k;
  const int cg = k.c / k.g, taps = k.kh * k.kw;
  const int tile = min(s->channels, cg);
  Case *c = add_conv(suite, "conv2d_batch_blocked.c.in",
                     s->relu ? "a[0], a[1], a[3], a[2], a[4]" : "a[0], a[1], a[2]", k,
                     twin_backward_data);
  set_row_case(c, s, true, tile);
  case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, k.o, k.p, k.q)->gradient = true;
  case_tensor(c, "weight", CNN_PLAIN, FILL_INTEGERS, k.o, cg * taps, 0);
  case_tensor(c, "dx", CNN_BATCH_BLOCKED, FILL_GARBAGE, k.c, k.h, k.w)->gradient = true;
  if (!s->relu) return;
  case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_RELU, k.c, k.h, k.w);
  case_tensor(c, "packed", CNN_PLAIN, FILL_WORKSPACE, k.g * cover(cg, tile), k.o / k.g * taps, 0);
}

static void add_backward_weights(Suite *suite, const Shape *s) {
  const Conv k = s->k;
  const int cg = k.c / k.g, og = k.o / k.g;
  const int ot = min(s->channels, og), ct = min(2, cg);
  Case *c = add_weights(suite, k, s->relu ? 3 : 1);
  c->body.template_name = "backward_weights_batch_blocked.c.in";
  case_bool(c, "taps", false);
  case_int(c, "OC_UNROLL", ot);
  case_int(c, "IC_UNROLL", ct);
  case_body_int(c, "OC_UNROLL", ot);
  case_body_int(c, "IC_UNROLL", ct);
  case_body_int(c, "OC_TAIL", og % ot);
  case_body_int(c, "IC_TAIL", cg % ct);
  case_int(c, "OC_BLOCK", s->bias ? ot : cover(og, ot));
  case_int(c, "IC_BLOCK", 2 * ct);
  case_int(c, "KH_BLOCK", s->relu ? 1 : k.kh);
  case_int(c, "OH_BLOCK", s->bias ? 2 : k.p);
  case_int(c, "OW_BLOCK", s->bias ? 5 : k.q);
  add_taps(suite, k, ot, s->relu ? 3 : 1, s->bias);
}

static const struct {
  int c, h, w, o, kh, kw, sh, sw, ph, pw, dh, dw, g; /* shape */
  int channels, pixels;                              /* tile */
  bool bias, relu;
} SHAPES[] = {
    {1, 12, 12, 6, 5, 5, 1, 1, 0, 0, 1, 1, 1, 3, 4, true, true},   /* LeNet's first */
    {6, 9, 9, 5, 5, 5, 1, 1, 0, 0, 1, 1, 1, 4, 3, true, true},     /* its second; a rest */
    {3, 7, 8, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 2, 4, true, false},    /* same size */
    {2, 8, 9, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 3, 2, false, true},    /* halves */
    {3, 15, 13, 2, 7, 7, 2, 2, 3, 3, 1, 1, 1, 2, 3, false, false}, /* ResNet's first */
    {2, 19, 19, 2, 11, 11, 4, 4, 2, 2, 1, 1, 1, 2, 3, true, true}, /* AlexNet's first */
    {5, 6, 5, 7, 1, 1, 1, 1, 0, 0, 1, 1, 1, 4, 5, false, false},   /* 1x1 */
    {4, 7, 7, 3, 1, 1, 2, 2, 0, 0, 1, 1, 1, 2, 2, true, false},    /* 1x1 that skips pixels */
    {2, 5, 9, 3, 1, 3, 1, 1, 0, 1, 1, 1, 1, 3, 4, true, true},     /* one row */
    {2, 9, 5, 3, 3, 1, 1, 1, 1, 0, 1, 1, 1, 3, 4, true, true},     /* one column */
    {2, 8, 10, 3, 2, 4, 1, 3, 1, 2, 1, 1, 1, 2, 2, true, true},    /* nothing square */
    {4, 8, 8, 6, 3, 3, 1, 1, 1, 1, 1, 1, 2, 2, 4, true, true},     /* two groups */
    {4, 7, 7, 4, 3, 3, 2, 2, 1, 1, 1, 1, 4, 1, 4, false, true},    /* depthwise */
    {6, 7, 6, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3, 2, 3, true, false},    /* groups with rests */
    {2, 9, 9, 3, 3, 3, 1, 1, 2, 2, 2, 2, 1, 3, 3, true, true},     /* dilated */
    {2, 11, 10, 3, 3, 2, 2, 3, 2, 1, 2, 3, 1, 2, 2, true, false},  /* dilated with strides */
    {2, 9, 9, 2, 2, 2, 3, 3, 0, 0, 1, 1, 1, 2, 3, true, true},     /* gaps */
    {3, 4, 4, 2, 4, 4, 1, 1, 0, 0, 1, 1, 1, 2, 1, true, true},     /* one output */
    {2, 3, 3, 2, 5, 5, 1, 1, 2, 2, 1, 1, 1, 2, 3, true, true},     /* larger than the image */
    {1, 2, 2, 1, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1, 2, true, false},    /* steps over the image */
    {3, 4, 29, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 3, true, true},    /* a long row */
    {3, 5, 41, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 2, 3, false, true},   /* the same by halves */
    {2, 9, 47, 4, 7, 7, 2, 2, 3, 3, 1, 1, 1, 4, 3, false, false},  /* a wide kernel */
    {5, 3, 38, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1, 4, 3, true, false},   /* 1x1 */
    {5, 4, 33, 9, 1, 1, 2, 2, 0, 0, 1, 1, 1, 4, 3, true, true},    /* 1x1 that skips pixels */
    {2, 3, 31, 3, 1, 5, 1, 1, 0, 4, 1, 2, 1, 3, 2, false, true},   /* wide and dilated */
};

static void add_cases(Suite *suite) {
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    Conv k = {SHAPES[i].c,
              SHAPES[i].h,
              SHAPES[i].w,
              SHAPES[i].o,
              0,
              0,
              SHAPES[i].kh,
              SHAPES[i].kw,
              SHAPES[i].sh,
              SHAPES[i].sw,
              SHAPES[i].ph,
              SHAPES[i].pw,
              SHAPES[i].dh,
              SHAPES[i].dw,
              SHAPES[i].g};
    k.p = (k.h + 2 * k.ph - k.dh * (k.kh - 1) - 1) / k.sh + 1;
    k.q = (k.w + 2 * k.pw - k.dw * (k.kw - 1) - 1) / k.sw + 1;
    const Shape s = {k, SHAPES[i].channels, SHAPES[i].pixels, SHAPES[i].bias, SHAPES[i].relu};
    add_forward(suite, &s);
    add_backward_data(suite, &s);
    add_backward_weights(suite, &s);
  }
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
