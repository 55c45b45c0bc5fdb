/* Input, elementwise kernels, losses, updates. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double precision(const Suite *suite) {
  return suite->target->real_bytes == 4 ? 4e-7 : 1e-14;
}

/* --- input and output ------------------------------------------------------------------------ */

static void twin_pack_input(const Case *c, Context *x) {
  int channels = case_get(c, "IC"), size = case_get(c, "IH") * case_get(c, "IW");
  for (int n = 0; n < x->count; n++) {
    for (int i = 0; i < channels * size; i++) {
      x->v[0][n * channels * size + i] =
          x->batch.images[n][i] * (double)x->batch.scale[i / size] + x->batch.shift[i / size];
    }
  }
}

static void add_pack_input(Suite *suite) {
  static const int SHAPES[][3] = {{1, 28, 28}, {3, 5, 5},  {1, 1, 1},  {2, 8, 8},
                                  {3, 9, 7},   {1, 3, 43}, {2, 13, 10}};
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    const int *s = SHAPES[i];
    Case *c = suite_add(suite, "pack_input.c.in", "batch, a[0]", twin_pack_input);
    case_int(c, "IC", s[0]);
    case_int(c, "IH", s[1]);
    case_int(c, "IW", s[2]);
    c->image_bytes = s[0] * s[1] * s[2];
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, s[0], s[1], s[2])->gradient = true;
  }
}

static void twin_copy(const Case *c, Context *x) {
  int size = case_get(c, "F");
  memcpy(x->v[1], x->v[0], sizeof(double) * (size_t)(size * x->count));
}

static void add_to_rows(Suite *suite) {
  static const int FEATURES[] = {1, 15, 16, 17, 32, 84, 120, 400};
  for (size_t i = 0; i < sizeof FEATURES / sizeof *FEATURES; i++) {
    int lanes = suite->target->lanes, f = FEATURES[i];
    Case *c = suite_add(suite, "to_rows.c.in", "a[0], a[1]", twin_copy);
    case_int(c, "F", f);
    case_int(c, "ROW", (f + lanes - 1) / lanes * lanes);
    case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, f, 0, 0);
    case_tensor(c, "y", CNN_PADDED_ROWS, FILL_GARBAGE, f, 0, 0);
  }
}

static int first_largest(const double *x, int count) {
  int best = 0;
  for (int k = 1; k < count; k++) {
    if (x[k] > x[best]) best = k;
  }
  return best;
}

static void twin_logits(const Case *c, Context *x) {
  int classes = case_get(c, "K");
  memcpy(x->v[1], x->v[0], sizeof(double) * (size_t)(classes * x->count));
  for (int n = 0; n < x->count; n++) {
    x->predicted[n] = first_largest(x->v[0] + n * classes, classes);
  }
}

static void add_logits(Suite *suite) {
  static const int CLASSES[] = {1, 2, 10, 100};
  for (size_t i = 0; i < 2 * sizeof CLASSES / sizeof *CLASSES; i++) {
    int classes = CLASSES[i / 2], lanes = suite->target->lanes;
    int row = i % 2 ? (classes + lanes - 1) / lanes * lanes : 0;
    Case *c = suite_add(suite, "logits.c.in", "state, count, a[0], (float *)a[1]", twin_logits);
    case_int(c, "K", classes);
    case_int(c, "ROW", row);
    c->predicts = true;
    case_tensor(c, "x", row ? CNN_PADDED_ROWS : CNN_BATCH_BLOCKED, FILL_INTEGERS, classes, 0, 0);
    case_tensor(c, "logits", CNN_PLAIN, FILL_GARBAGE, classes, 0, 0);
    c->tensors[1].floats = c->tensors[1].per_image = true;
  }
}

/* --- elementwise ------------------------------------------------------------------------------ */

static double map(const char *kind, double a, double b) {
  if (!strcmp(kind, "relu")) return fmax(0, a);
  if (!strcmp(kind, "tanh")) return tanh(a);
  if (!strcmp(kind, "sigmoid")) return 1 / (1 + exp(-a));
  if (!strcmp(kind, "relu_backward")) return b > 0 ? a : 0;
  if (!strcmp(kind, "tanh_backward")) return a * (1 - b * b);
  return a * b * (1 - b);
}

static void twin_map(const Case *c, Context *x) {
  bool backward = c->tensor_count == 3;
  size_t size = (size_t)c->tensors[0].dim[0] * (size_t)x->count;
  double *out = x->v[c->tensor_count - 1];
  for (size_t i = 0; i < size; i++) {
    out[i] = map(case_text(c, "kind"), x->v[0][i], backward ? x->v[1][i] : 0);
  }
}

static void twin_map_in_place(const Case *c, Context *x) {
  size_t size = (size_t)c->tensors[0].dim[0] * (size_t)x->count;
  for (size_t i = 0; i < size; i++) x->v[0][i] = map(case_text(c, "kind"), x->v[0][i], 0);
}

static void add_map(Suite *suite) {
  static const char *const FORWARD[] = {"relu", "tanh", "sigmoid"};
  static const char *const BACKWARD[] = {"relu_backward", "tanh_backward", "sigmoid_backward"};
  enum { FEATURES = 37 };
  for (int i = 0; i < 3; i++) {
    Case *c = suite_add(suite, "map.c.in", "37, a[0], a[1]", twin_map);
    case_string(c, "kind", FORWARD[i]);
    c->tolerance = i ? precision(suite) : 0;
    case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_REALS, FEATURES, 0, 0);
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, FEATURES, 0, 0);

    c = suite_add(suite, "map.c.in", "37, a[0], a[1], a[2]", twin_map);
    case_string(c, "kind", BACKWARD[i]);
    case_tensor(c, "dy", CNN_BATCH_BLOCKED, FILL_INTEGERS, FEATURES, 0, 0)->gradient = true;
    case_tensor(c, "y", CNN_BATCH_BLOCKED, i ? FILL_INTEGERS : FILL_RELU, FEATURES, 0, 0);
    case_tensor(c, "dx", CNN_BATCH_BLOCKED, FILL_GARBAGE, FEATURES, 0, 0)->gradient = true;
  }
  Case *c = suite_add(suite, "map.c.in", "37, a[0], a[0]", twin_map_in_place);
  case_string(c, "kind", "relu");
  case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, FEATURES, 0, 0)->output = true;
}

static void twin_add(const Case *c, Context *x) {
  int inputs = case_get(c, "COUNT");
  for (int i = 0; i < c->tensors[0].dim[0] * x->count; i++) {
    x->v[inputs][i] = 0;
    for (int k = 0; k < inputs; k++) x->v[inputs][i] += x->v[k][i];
  }
}

static void add_add(Suite *suite) {
  static const char *const ARGUMENTS[] = {"21, a[0], a[1], a[2]", "21, a[0], a[1], a[2], a[3]",
                                          "21, a[0], a[1], a[2], a[3], a[4]"};
  static const char *const NAMES[] = {"a", "b", "c", "d"};
  for (int inputs = 2; inputs <= 4; inputs++) {
    Case *c = suite_add(suite, "add.c.in", ARGUMENTS[inputs - 2], twin_add);
    case_int(c, "COUNT", inputs);
    case_bool(c, "relu", false);
    case_bool(c, "relu_mask", false);
    for (int k = 0; k < inputs; k++) {
      case_tensor(c, NAMES[k], CNN_BATCH_BLOCKED, FILL_INTEGERS, 21, 0, 0);
    }
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, 21, 0, 0);
  }
}

/* The generator, written again: SplitMix64 for the key, lowbias32 with the key's halves. */
static uint32_t dropout_draw(uint64_t seed, uint64_t step, uint64_t layer, uint32_t counter) {
  uint64_t key = seed + 0x9e3779b97f4a7c15u * step + 0xd1b54a32d192ed03u * (layer + 1);
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  key ^= key >> 31;
  uint32_t h = counter + (uint32_t)key;
  h = (h ^ (h >> 16)) * 0x7feb352du + (uint32_t)(key >> 32);
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

static void twin_dropout(const Case *c, Context *x) {
  double p = strtod(case_text(c, "p"), NULL);
  int features = case_get(c, "F");
  for (int i = 0; i < features * x->count; i++) {
    double draw = dropout_draw(42, 2, (uint64_t)case_get(c, "id"), (uint32_t)i) / 4294967296.0;
    x->v[1][i] = draw >= p ? x->v[0][i] / (1 - p) : 0;
  }
}

static void add_dropout(Suite *suite) {
  static const char *const PROBABILITY[] = {"0.0", "0.5", "0.75", "0.5"};
  for (int i = 0; i < 4; i++) {
    Case *c = suite_add(suite, "dropout.c.in", "state, a[0], a[1]", twin_dropout);
    case_int(c, "F", 43);
    case_string(c, "p", PROBABILITY[i]);
    case_int(c, "id", i);
    case_bool(c, "backward", i == 3);
    case_bool(c, "channels", false);
    case_tensor(c, "x", CNN_BATCH_BLOCKED, FILL_INTEGERS, 43, 0, 0);
    case_tensor(c, "y", CNN_BATCH_BLOCKED, FILL_GARBAGE, 43, 0, 0);
  }
}

/* --- losses: tensors are logits, dlogits, loss ---------------------------------------------- */

static void twin_softmax_cross_entropy(const Case *c, Context *x) {
  int classes = case_get(c, "K");
  double smoothing = !strcmp(case_text(c, "smoothing"), "0.25") ? 0.25 : 0;
  for (int n = 0; n < x->count; n++) {
    const double *z = x->v[0] + n * classes;
    int top = first_largest(z, classes);
    double sum = 0, loss = 0;
    for (int k = 0; k < classes; k++) sum += exp(z[k] - z[top]);
    for (int k = 0; k < classes; k++) {
      double target = (k == x->batch.labels[n]) * (1 - smoothing) + smoothing / classes;
      loss -= target * (z[k] - z[top] - log(sum));
      x->v[1][n * classes + k] = (exp(z[k] - z[top]) / sum - target) / x->count;
    }
    x->v[2][n] = loss;
    x->predicted[n] = top;
  }
}

static void twin_squared_error(const Case *c, Context *x) {
  int classes = case_get(c, "K");
  for (int n = 0; n < x->count; n++) {
    double loss = 0;
    for (int k = 0; k < classes; k++) {
      double error = x->v[0][n * classes + k] - (k == x->batch.labels[n]);
      loss += error * error / 2;
      x->v[1][n * classes + k] = error / x->count;
    }
    x->v[2][n] = loss;
    x->predicted[n] = first_largest(x->v[0] + n * classes, classes);
  }
}

static void add_losses(Suite *suite) {
  static const int CLASSES[] = {1, 2, 10, 101};
  static const char *const SMOOTHING[] = {"0", "0.25", NULL};
  for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
    for (int kind = 0; kind < 3; kind++) {
      const char *smoothing = SMOOTHING[kind];
      Case *c = suite_add(suite, smoothing ? "softmax_cross_entropy.c.in" : "squared_error.c.in",
                          "state, batch, a[0], a[1]",
                          smoothing ? twin_softmax_cross_entropy : twin_squared_error);
      case_int(c, "K", CLASSES[i]);
      case_string(c, "weight", "1");
      case_bool(c, "auxiliary", false);
      if (smoothing) case_string(c, "smoothing", smoothing);
      c->classes = CLASSES[i];
      c->predicts = true;
      c->tolerance = precision(suite);
      c->floor = smoothing ? 1 : 0;
      /* Integers: the largest logit comes twice now and then. */
      case_tensor(c, "logits", CNN_BATCH_BLOCKED, kind == 1 ? FILL_LOGITS : FILL_INTEGERS,
                  CLASSES[i], 0, 0);
      case_tensor(c, "dlogits", CNN_BATCH_BLOCKED, FILL_GARBAGE, CLASSES[i], 0, 0)->gradient = true;
      case_tensor(c, "loss", CNN_PLAIN, FILL_GARBAGE, 1, 0, 0)->per_image = true;
    }
  }
}

/* --- updates --------------------------------------------------------------------------------- */

enum { PARAMETERS = 16 * 21 };

/* Tensors: gradient, parameter, (velocity). Halves and integers: exact. */
static void twin_sgd(const Case *c, Context *x) {
  const cnn_state *s = &x->state;
  bool nesterov = case_get(c, "nesterov"), momentum = case_get(c, "momentum");
  for (int i = 0; i < PARAMETERS; i++) {
    double g = x->v[0][i] + s->weight_decay * x->v[1][i];
    if (momentum) {
      double v = s->momentum * x->v[2][i] + g;
      x->v[2][i] = v;
      g = nesterov ? g + s->momentum * v : v;
    }
    x->v[1][i] -= s->lr * g;
  }
}

/* Tensors: gradient, parameter, mean, square. torch.optim.Adam, step by step. */
static void twin_adam(const Case *c, Context *x) {
  (void)c;
  const cnn_state *s = &x->state;
  double step = (double)s->step + 1;
  for (int i = 0; i < PARAMETERS; i++) {
    double g = x->v[0][i] + s->weight_decay * x->v[1][i];
    double m = x->v[2][i] += (1 - s->beta1) * (g - x->v[2][i]);
    double q = x->v[3][i] = s->beta2 * x->v[3][i] + (1 - s->beta2) * g * g;
    m /= 1 - pow(s->beta1, step);
    q /= 1 - pow(s->beta2, step);
    x->v[1][i] -= s->lr * m / (sqrt(q) + s->eps);
  }
}

static void add_updates(Suite *suite) {
  for (int kind = 0; kind < 3; kind++) {
    Case *c = suite_add(suite, "update_sgd.c.in",
                        kind ? "state, 1, 1, 16 * 21, a[0], a[1], a[2]"
                             : "state, 1, 1, 16 * 21, a[0], a[1]",
                        twin_sgd);
    case_bool(c, "momentum", kind > 0);
    case_bool(c, "nesterov", kind > 1);
    case_tensor(c, "gradient", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0);
    case_tensor(c, "parameter", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0)->output = true;
    if (kind) {
      case_tensor(c, "velocity", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0)->output = true;
    }
  }
  Case *c = suite_add(suite, "update_adam.c.in", "state, 1, 1, 16 * 21, a[0], a[1], a[2], a[3]",
                      twin_adam);
  case_bool(c, "decoupled", false);
  c->tolerance = 4 * precision(suite);
  c->floor = 1;
  case_tensor(c, "gradient", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0);
  case_tensor(c, "parameter", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0)->output = true;
  case_tensor(c, "mean", CNN_PLAIN, FILL_INTEGERS, PARAMETERS, 0, 0)->output = true;
  case_tensor(c, "square", CNN_PLAIN, FILL_RELU, PARAMETERS, 0, 0)->output = true;
}

static void add_cases(Suite *suite) {
  add_pack_input(suite);
  add_to_rows(suite);
  add_logits(suite);
  add_map(suite);
  add_add(suite);
  add_dropout(suite);
  add_losses(suite);
  add_updates(suite);
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
