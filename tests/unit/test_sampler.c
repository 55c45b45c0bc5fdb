#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/sampler.h"

#include <string.h>

enum { N = 1000 };

static void order_is_a_permutation(void **state) {
  (void)state;
  uint32_t order[N + 1], again[N];
  char seen[N] = {0};
  order[N] = 12345;
  cnn_sampler_order(order, N, true, 1, 0);
  assert_int_equal(order[N], 12345);
  int at_home = 0;
  for (int i = 0; i < N; i++) {
    assert_true(order[i] < N && !seen[order[i]]);
    seen[order[i]] = 1;
    at_home += order[i] == (uint32_t)i;
  }
  assert_true(at_home < 10);
  cnn_sampler_order(again, N, true, 1, 0);
  assert_memory_equal(order, again, sizeof again);
  cnn_sampler_order(again, N, true, 1, 1);
  assert_memory_not_equal(order, again, sizeof again);
  cnn_sampler_order(again, N, true, 2, 0);
  assert_memory_not_equal(order, again, sizeof again);
}

static void without_shuffle_it_is_the_identity(void **state) {
  (void)state;
  uint32_t order[N];
  cnn_sampler_order(order, N, false, 1, 5);
  for (int i = 0; i < N; i++) assert_int_equal(order[i], i);
}

/* Every first place gets every image about equally often. */
static void shuffle_is_fair(void **state) {
  (void)state;
  enum { SIZE = 5, ROUNDS = 20000 };
  int counts[SIZE][SIZE] = {{0}};
  for (int round = 0; round < ROUNDS; round++) {
    uint32_t order[SIZE];
    cnn_sampler_order(order, SIZE, true, 9, (uint64_t)round);
    for (int i = 0; i < SIZE; i++) counts[i][order[i]]++;
  }
  for (int i = 0; i < SIZE; i++)
    for (int k = 0; k < SIZE; k++) assert_in_range(counts[i][k], 3750, 4250);
}

static void batches_cover_all_images(void **state) {
  (void)state;
  for (int images = 1; images <= 70; images++) {
    for (int batch = 1; batch <= 33; batch++) {
      int64_t covered = 0, batches = cnn_sampler_batches(images, batch);
      for (int64_t b = 0; b < batches; b++) {
        int count = cnn_sampler_batch_count(images, batch, b);
        assert_in_range(count, 1, batch);
        assert_true(count == batch || b == batches - 1);
        covered += count;
      }
      assert_int_equal(covered, images);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(order_is_a_permutation),
      cmocka_unit_test(without_shuffle_it_is_the_identity),
      cmocka_unit_test(shuffle_is_fair),
      cmocka_unit_test(batches_cover_all_images),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
