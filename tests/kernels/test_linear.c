/* The fully connected layer and its two gradients. */
#include "harness.h"

/* The kernel sums w[m * WM + k * WK] * x[k]. Tensors: x, weight, result, (bias or mask). */
static void twin_linear(const Case *c, Context *x) {
  int made = case_get(c, "FEATURES"), summed = case_get(c, "TERMS");
  int wm = case_get(c, "W_FEATURE"), wk = case_get(c, "W_TERM");
  for (int i = 0; i < x->count * made; i++) {
    int n = i / made, m = i % made;
    double sum = case_get(c, "bias") ? x->v[3][m] : 0;
    for (int k = 0; k < summed; k++) sum += x->v[1][m * wm + k * wk] * x->v[0][n * summed + k];
    if (case_get(c, "relu") && sum < 0) sum = 0;
    if (case_get(c, "relu_mask") && x->v[3][i] == 0) sum = 0;
    x->v[2][i] = sum;
  }
}

/* Tensors: x, dy, dweight. */
static void twin_backward_weights(const Case *c, Context *x) {
  int in = case_get(c, "IC"), out = case_get(c, "OC");
  for (int i = 0; i < in * out; i++) {
    x->v[2][i] = 0;
    for (int n = 0; n < x->count; n++) {
      x->v[2][i] += x->v[0][n * in + i % in] * x->v[1][n * out + i / in];
    }
  }
}

static void add_linear(Suite *suite, int in, int out, bool backward, bool extra, bool relu,
                       int rows, int vectors) {
  int made = backward ? in : out, summed = backward ? out : in;
  Case *c = suite_add(suite, "linear.c.in", extra ? "a[0], a[1], a[3], a[2]" : "a[0], a[1], a[2]",
                      twin_linear);
  case_int(c, "FEATURES", made);
  case_int(c, "TERMS", summed);
  case_int(c, "W_FEATURE", backward ? 1 : in);
  case_int(c, "W_TERM", backward ? in : 1);
  case_int(c, "UNROLL", rows < made ? rows : made);
  case_int(c, "VECTORS", vectors);
  const bool blocks = backward && rows != 12 && summed > 2; /* of a third of the terms */
  case_int(c, "FEATURE_BLOCK", blocks && 2 * rows < made ? 2 * rows : made);
  case_int(c, "TERM_BLOCK", blocks ? (summed + 2) / 3 : summed);
  case_bool(c, "backward", backward);
  case_bool(c, "bias", extra && !backward);
  case_bool(c, "relu", relu);
  case_bool(c, "relu_mask", extra && backward);
  c->group_multiple = vectors;
  case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, summed, 0, 0)->gradient = backward;
  case_tensor(c, "weight", CNN_PLAIN, FILL_INTEGERS, out, in, 0);
  case_tensor(c, "result", CNN_BATCH_BLOCKED, FILL_GARBAGE, made, 0, 0)->gradient = backward;
  if (extra && backward) case_tensor(c, "relu_mask", CNN_BATCH_BLOCKED, FILL_RELU, made, 0, 0);
  if (extra && !backward) case_tensor(c, "bias", CNN_PLAIN, FILL_INTEGERS, made, 0, 0);
}

static void add_backward_weights(Suite *suite, int in, int out, int rows, int vectors) {
  int lanes = suite->target->lanes, row = (in + lanes - 1) / lanes;
  Case *c =
      suite_add(suite, "linear_backward_weights.c.in", "a[0], a[1], a[2]", twin_backward_weights);
  case_int(c, "IC", in);
  case_int(c, "OC", out);
  case_int(c, "X_ROW", row * lanes);
  case_int(c, "L", lanes);
  case_int(c, "OC_UNROLL", rows < out ? rows : out);
  case_int(c, "IC_VECTORS", vectors < row ? vectors : row);
  case_tensor(c, "x", CNN_PADDED_ROWS, FILL_INTEGERS, in, 0, 0);
  case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, out, 0, 0)->gradient = true;
  case_tensor(c, "dweight", CNN_PLAIN, FILL_GARBAGE, out, in, 0);
}

static void twin_rows(const Case *c, Context *x) {
  const int in = case_get(c, "IC"), out = case_get(c, "OC");
  for (int i = 0; i < x->count * out; i++) {
    double sum = case_get(c, "bias") ? x->v[3][i % out] : 0;
    for (int k = 0; k < in; k++) sum += x->v[1][i % out * in + k] * x->v[0][i / out * in + k];
    x->v[2][i] = case_get(c, "relu") && sum < 0 ? 0 : sum;
  }
}

/* Work items of two tiles of images. */
static void add_rows(Suite *suite, int in, int out, int rows, int images, bool extra) {
  const int lanes = suite->target->lanes, unroll = rows < out ? rows : out;
  Case *c = suite_add(suite, "linear_rows.c.in",
                      extra ? "a[0], a[1], a[3], a[2]" : "a[0], a[1], a[2]", twin_rows);
  case_int(c, "IC", in);
  case_int(c, "OC", out);
  case_int(c, "X_ROW", (in + lanes - 1) / lanes * lanes);
  case_int(c, "Y_ROW", (out + lanes - 1) / lanes * lanes);
  case_int(c, "OC_UNROLL", unroll);
  case_int(c, "N_UNROLL", images);
  case_int(c, "N", 2 * images);
  case_int(c, "OC_BLOCK", 2 * unroll);
  case_int(c, "IC_BLOCK", in > 2 * lanes ? lanes : in);
  case_int(c, "L", lanes);
  case_bool(c, "bias", extra);
  case_bool(c, "relu", extra);
  c->channel_blocked = true;
  c->group_multiple = 2 * images;
  case_tensor(c, "x", CNN_PADDED_ROWS, FILL_INTEGERS, in, 0, 0);
  case_tensor(c, "weight", CNN_PLAIN, FILL_INTEGERS, out, in, 0);
  /* What pads a row keeps what it has: 0 in a program. */
  case_tensor(c, "y", CNN_PADDED_ROWS, FILL_INTEGERS, out, 0, 0)->output = true;
  if (extra) case_tensor(c, "bias", CNN_PLAIN, FILL_INTEGERS, out, 0, 0);
}

static void add_cases(Suite *suite) {
  static const int SHAPES[][2] = {{1, 1},   {3, 5},   {16, 10}, {17, 7},
                                  {84, 10}, {40, 33}, {32, 16}, {120, 84}};
  static const int TILES[][2] = {{1, 1}, {4, 2}, {12, 1}, {5, 3}};
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    int in = SHAPES[i][0], out = SHAPES[i][1];
    for (size_t k = i % 2; k < sizeof TILES / sizeof *TILES; k += 2) {
      int rows = TILES[k][0], vectors = TILES[k][1];
      add_linear(suite, in, out, false, i % 4 < 3, k % 2, rows, vectors);
      add_linear(suite, in, out, true, i % 3 < 2, false, rows, vectors);
      add_backward_weights(suite, in, out, rows, vectors);
      add_rows(suite, in, out, rows, vectors, i % 3 > 0);
    }
  }
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
