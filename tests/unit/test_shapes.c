#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ir/init.h"
#include "ir/shapes.h"

#include <math.h>
#include <string.h>

static Value images(int channels, int height, int width) {
  return (Value){.name = "x", .rank = 4, .dim = {2, channels, height, width}};
}

/* Infers the shape of one op on x; false after a mistake, whose text is in diag. */
static bool infer(OpKind op, Attributes attributes, Value *x, Shape *shape, Diag *diag) {
  Value *in[] = {x};
  Node node = {.op = op, .name = "layer", .in = in, .in_count = 1, .attributes = attributes};
  *diag = (Diag){0};
  return shape_infer(&node, diag, shape);
}

static Attributes window(int kernel, int stride, int padding, int dilation) {
  return (Attributes){.channels = 4,
                      .groups = 1,
                      .kernel = {kernel, kernel},
                      .stride = {stride, stride},
                      .padding = {padding, padding},
                      .dilation = {dilation, dilation}};
}

/* Counted, not computed: windows that lie inside the padded side; with ceil_mode one more that
   covers what is left, if it starts inside the side or the padding before it. */
static int count_windows(int side, int reach, int stride, int padding, bool ceil_mode) {
  int count = 0, start = -padding;
  for (; start + reach <= side + padding; start += stride) count++;
  bool covered = count && start - stride + reach >= side + padding;
  if (ceil_mode && count && !covered && start < side) count++;
  return count;
}

static void conv2d_has_a_place_for_every_window(void **state) {
  (void)state;
  for (int kernel = 1; kernel <= 4; kernel++)
    for (int stride = 1; stride <= 3; stride++)
      for (int padding = 0; padding <= 3; padding++)
        for (int dilation = 1; dilation <= 3; dilation++)
          for (int side = 1; side <= 9; side++) {
            Value x = images(3, side, side + 2);
            Shape shape;
            Diag diag;
            int reach = dilation * (kernel - 1) + 1;
            int height = count_windows(side, reach, stride, padding, false);
            int width = count_windows(side + 2, reach, stride, padding, false);
            Attributes attributes = window(kernel, stride, padding, dilation);
            bool fits = infer(OP_conv2d, attributes, &x, &shape, &diag);
            assert_int_equal(fits, height > 0 && width > 0);
            assert_int_equal(diag.code, fits ? EXIT_DONE : EXIT_MODEL);
            if (!fits) continue;
            const int wanted[] = {2, 4, height, width};
            assert_int_equal(shape.rank, 4);
            assert_memory_equal(shape.dim, wanted, sizeof wanted);
          }
}

static void pools_have_a_place_for_every_window(void **state) {
  (void)state;
  for (int kernel = 1; kernel <= 4; kernel++)
    for (int stride = 1; stride <= 4; stride++)
      for (int padding = 0; padding <= kernel / 2; padding++)
        for (int ceil_mode = 0; ceil_mode <= 1; ceil_mode++)
          for (int side = kernel; side <= 9; side++) {
            Value x = images(3, side, side);
            Shape shape;
            Diag diag;
            Attributes attributes = window(kernel, stride, padding, 1);
            attributes.ceil_mode = ceil_mode;
            assert_true(infer(OP_max_pool2d, attributes, &x, &shape, &diag));
            int size = count_windows(side, kernel, stride, padding, ceil_mode);
            const int wanted[] = {2, 3, size, size};
            assert_memory_equal(shape.dim, wanted, sizeof wanted);
            Shape average;
            assert_true(infer(OP_avg_pool2d, attributes, &x, &average, &diag));
            assert_memory_equal(average.dim, shape.dim, sizeof shape.dim);
          }
}

/* Values of torch.nn.MaxPool2d where ceil_mode surprises. */
static void ceil_mode_as_pytorch(void **state) {
  (void)state;
  static const struct {
    int side, kernel, stride, padding, size;
  } CASES[] = {{5, 2, 2, 0, 3}, {5, 2, 3, 0, 2}, {4, 3, 2, 1, 3}, {3, 2, 2, 1, 2},
               {3, 4, 2, 0, 1}, {1, 2, 2, 1, 1}, {7, 3, 3, 1, 3}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Value x = images(1, CASES[i].side, CASES[i].side);
    Attributes attributes = window(CASES[i].kernel, CASES[i].stride, CASES[i].padding, 1);
    attributes.ceil_mode = true;
    Shape shape;
    Diag diag;
    assert_true(infer(OP_max_pool2d, attributes, &x, &shape, &diag));
    assert_int_equal(shape.dim[2], CASES[i].size);
  }
}

static void assert_mistake(OpKind op, Attributes attributes, Value *x, const char *words) {
  Shape shape;
  Diag diag;
  assert_false(infer(op, attributes, x, &shape, &diag));
  assert_int_equal(diag.code, EXIT_MODEL);
  if (!strstr(diag.message, words)) fail_msg("'%s' is not in '%s'", words, diag.message);
}

static void mistakes_are_reported(void **state) {
  (void)state;
  Value x = images(6, 3, 3), vector = {.name = "f", .rank = 2, .dim = {2, 54, 1, 1}};
  assert_mistake(OP_conv2d, window(5, 1, 0, 1), &x,
                 "conv2d 'layer': kernel 5x5 does not fit input 3x3 with padding 0");
  assert_mistake(OP_conv2d, window(3, 1, 0, 2), &x, "with dilation 5x5");
  assert_mistake(OP_conv2d, window(3, 1, 0, 1), &vector, "wants images");
  assert_mistake(OP_conv2d, window(3, 0, 0, 1), &x, "stride is 0");
  Attributes grouped = window(3, 1, 0, 1);
  grouped.groups = 4;
  assert_mistake(OP_conv2d, grouped, &x, "groups is 4, but must divide the input's 6 channels");
  grouped.groups = 3;
  assert_mistake(OP_conv2d, grouped, &x, "groups is 3, but must divide its 4 channels");
  assert_mistake(OP_avg_pool2d, window(3, 1, 2, 1), &x, "more than half of kernel 3x3");
  assert_mistake(OP_linear, (Attributes){.features = 10}, &x, "flatten");
  assert_mistake(OP_softmax_cross_entropy, (Attributes){0}, &x, "end with a linear layer");
  x = images(1, 30000, 30000);
  assert_mistake(OP_conv2d, window(3, 1, 1, 1), &x, "the limit is 2^31 - 1");
  vector.dim[1] = 1 << 30;
  assert_mistake(OP_linear, (Attributes){.features = 10}, &vector, "its weight");
}

static void weights_have_pytorchs_shapes(void **state) {
  (void)state;
  Value x = images(6, 8, 8), vector = {.name = "f", .rank = 2, .dim = {2, 54, 1, 1}};
  Value *in[] = {&x};
  Node node = {.op = OP_conv2d, .in = in, .in_count = 1, .attributes = window(3, 1, 0, 1)};
  node.attributes.groups = 2;
  const int conv[] = {4, 3, 3, 3}, linear[] = {10, 54, 1, 1};
  assert_memory_equal(shape_weight(&node).dim, conv, sizeof conv);
  in[0] = &vector;
  node.op = OP_linear;
  node.attributes.features = 10;
  assert_memory_equal(shape_weight(&node).dim, linear, sizeof linear);
  assert_int_equal(shape_weight(&node).rank, 2);
}

/* torch.nn.init on a [8,3,5,5] weight: fan_in 75, fan_out 200. */
static void initialisers_as_pytorch(void **state) {
  (void)state;
  static const struct {
    Init init, wanted;
  } CASES[] = {
      {{INIT_XAVIER_UNIFORM, 1}, {INIT_UNIFORM, 0.14770978917519928}},
      {{INIT_XAVIER_NORMAL, 2}, {INIT_NORMAL, 0.17056057308448833}},
      {{INIT_HE_UNIFORM, 1.4142135623730951}, {INIT_UNIFORM, 0.28284271247461906}},
      {{INIT_HE_NORMAL, 1.4142135623730951}, {INIT_NORMAL, 0.16329931618554522}},
      {{INIT_CONSTANT, 0.5}, {INIT_CONSTANT, 0.5}},
  };
  Value weight = {.rank = 4, .dim = {8, 3, 5, 5}};
  assert_int_equal(init_fan_in(&weight), 75);
  assert_int_equal(init_fan_out(&weight), 200);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    weight.init = CASES[i].init;
    Init got = init_resolve(&weight);
    assert_int_equal(got.kind, CASES[i].wanted.kind);
    assert_true(fabs(got.scale - CASES[i].wanted.scale) < 1e-12);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conv2d_has_a_place_for_every_window),
      cmocka_unit_test(pools_have_a_place_for_every_window),
      cmocka_unit_test(ceil_mode_as_pytorch),
      cmocka_unit_test(mistakes_are_reported),
      cmocka_unit_test(weights_have_pytorchs_shapes),
      cmocka_unit_test(initialisers_as_pytorch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
