#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/random.h"

#include <math.h>
#include <stdlib.h>

/* Known answers of Random123 1.14, kat_vectors: philox4x32-10. */
static void philox_gives_the_known_answers(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (int i = 0; i < 3; i++) {
    uint32_t words[4];
    cnn_philox(known[i].counter, known[i].key, words);
    assert_memory_equal(words, known[i].words, sizeof words);
  }
}

static void streams_are_reproducible_and_distinct(void **state) {
  (void)state;
  cnn_random a = cnn_random_stream(1, "x", 0), same = cnn_random_stream(1, "x", 0);
  cnn_random others[] = {cnn_random_stream(2, "x", 0), cnn_random_stream(1, "y", 0),
                         cnn_random_stream(1, "x", 1)};
  int equal[3] = {0};
  for (int i = 0; i < 1000; i++) {
    uint32_t word = cnn_random_u32(&a);
    assert_int_equal(word, cnn_random_u32(&same));
    for (int k = 0; k < 3; k++) equal[k] += cnn_random_u32(&others[k]) == word;
  }
  for (int k = 0; k < 3; k++) assert_true(equal[k] < 2);
}

static void uniform_is_uniform(void **state) {
  (void)state;
  enum { N = 200000, CELLS = 64 };
  cnn_random random = cnn_random_stream(3, "uniform", 0);
  int cells[CELLS] = {0};
  for (int i = 0; i < N; i++) {
    double u = cnn_random_uniform(&random);
    assert_true(u >= 0 && u < 1);
    cells[(int)(u * CELLS)]++;
  }
  double expected = (double)N / CELLS, chi = 0;
  for (int i = 0; i < CELLS; i++) chi += (cells[i] - expected) * (cells[i] - expected) / expected;
  assert_true(chi > 30 && chi < 110); /* 63 degrees of freedom: both tails below 0.0003 */
}

static void below_reaches_all_and_no_more(void **state) {
  (void)state;
  enum { N = 70000, BOUND = 7 };
  cnn_random random = cnn_random_stream(4, "below", 0);
  int seen[BOUND] = {0};
  for (int i = 0; i < N; i++) {
    uint32_t value = cnn_random_below(&random, BOUND);
    assert_true(value < BOUND);
    seen[value]++;
  }
  for (int i = 0; i < BOUND; i++) assert_true(abs(seen[i] - N / BOUND) < 500);
  assert_int_equal(cnn_random_below(&random, 1), 0);
}

static void normal_is_normal(void **state) {
  (void)state;
  enum { N = 200000 };
  cnn_random random = cnn_random_stream(5, "normal", 0);
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < N; i++) {
    double x = cnn_random_normal(&random);
    sum += x, squares += x * x, fourth += x * x * x * x;
  }
  assert_true(fabs(sum / N) < 0.01);
  assert_true(fabs(squares / N - 1) < 0.02);
  assert_true(fabs(fourth / N - 3) < 0.15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),
      cmocka_unit_test(streams_are_reproducible_and_distinct),
      cmocka_unit_test(uniform_is_uniform),
      cmocka_unit_test(below_reaches_all_and_no_more),
      cmocka_unit_test(normal_is_normal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
