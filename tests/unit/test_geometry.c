/* The geometry of convolutions against naive loops: which taps reach which pixels, what the
   boundary clips, which channels a tile reads, and how large memory is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/geometry.h"

typedef void CheckAxis(const conv_axis *forward, const conv_axis *backward);

/* Every axis of a few hundred small shapes, with the axis of its backward data. */
static void each_axis(CheckAxis *check) {
  for (int in = 1; in <= 9; in += 2) {
    for (int kernel = 1; kernel <= 5; kernel++) {
      for (int stride = 1; stride <= 4; stride++) {
        for (int padding = 0; padding <= 3; padding++) {
          for (int dilation = 1; dilation <= 4; dilation++) {
            const int room = in + 2 * padding - dilation * (kernel - 1) - 1;
            if (room < 0) continue;
            const int out = room / stride + 1;
            const conv_axis forward = {in, out, kernel, stride, padding, dilation, 0};
            const conv_axis backward = {out, in, kernel, stride, padding, dilation, 1};
            check(&forward, &backward);
          }
        }
      }
    }
  }
}

/* The input that output o of the forward direction reads through tap k; it may lie outside. */
static int input_of(const conv_axis *a, int o, int k) {
  return o * a->stride - a->padding + k * a->dilation;
}

/* The output of the forward direction that read input i through tap k; -1: none. */
static int output_of(const conv_axis *a, int i, int k, int outputs) {
  for (int o = 0; o < outputs; o++)
    if (input_of(a, o, k) == i) return o;
  return -1;
}

/* Of the range's taps, that with number k; -1: it is none of them. */
static int place_of_tap(tap_range t, int k) {
  for (int n = 0; n < t.count; n++)
    if (t.first + n * t.step == k) return n;
  return -1;
}

static void check_taps(const conv_axis *a, int o, int k, int expected) {
  const tap_range t = clip_taps(a, taps_of(a, o));
  const int place = place_of_tap(t, k);
  assert_int_equal(place >= 0, expected >= 0 && expected < a->in);
  if (place >= 0) assert_int_equal(t.from + place * t.from_step, expected);
}

static void check_axis_taps(const conv_axis *forward, const conv_axis *backward) {
  for (int k = 0; k < forward->kernel; k++) {
    for (int o = 0; o < forward->out; o++) check_taps(forward, o, k, input_of(forward, o, k));
    for (int i = 0; i < forward->in; i++)
      check_taps(backward, i, k, output_of(backward, i, k, backward->in));
  }
}

static void taps_reach_the_pixels_of_the_definition(void **state) {
  (void)state;
  each_axis(check_axis_taps);
}

/* Outputs of one stride phase have the same taps and inputs that are phase_in_step apart. */
static void check_phases(const conv_axis *a) {
  int outputs = 0;
  for (int phase = 0; phase < stride_phases(a); phase++) {
    const tap_range first = taps_of(a, phase);
    for (int j = 0; j < phase_outputs(a, phase); j++, outputs++) {
      const int o = phase + j * phase_out_step(a);
      assert_in_range(o, 0, a->out - 1);
      const tap_range t = taps_of(a, o);
      assert_int_equal(t.count, first.count);
      if (t.count == 0) continue;
      assert_int_equal(t.first, first.first);
      assert_int_equal(t.step, first.step);
      assert_int_equal(t.from_step, first.from_step);
      assert_int_equal(t.from, first.from + j * phase_in_step(a));
    }
  }
  assert_int_equal(outputs, a->out);
}

static void check_axis_phases(const conv_axis *forward, const conv_axis *backward) {
  check_phases(forward);
  check_phases(backward);
}

static void outputs_of_a_stride_phase_share_their_taps(void **state) {
  (void)state;
  each_axis(check_axis_phases);
}

static void check_unclipped(const conv_axis *a) {
  for (int phase = 0; phase < stride_phases(a); phase++) {
    const int count = phase_outputs(a, phase);
    const span whole = unclipped_outputs(a, taps_of(a, phase), count);
    assert_true(whole.begin >= 0 && whole.begin <= whole.end && whole.end <= count);
    for (int j = 0; j < count; j++) {
      const tap_range t = taps_of(a, phase + j * phase_out_step(a));
      const bool unclipped = clip_taps(a, t).count == t.count;
      assert_int_equal(unclipped, j >= whole.begin && j < whole.end);
    }
  }
}

static void check_axis_unclipped(const conv_axis *forward, const conv_axis *backward) {
  check_unclipped(forward);
  check_unclipped(backward);
}

static void unclipped_outputs_are_those_with_all_taps(void **state) {
  (void)state;
  each_axis(check_axis_unclipped);
}

static void check_outputs_of_tap(const conv_axis *a, const conv_axis *backward) {
  (void)backward;
  for (int k = 0; k < a->kernel; k++) {
    for (int begin = 0; begin < a->out; begin++) {
      const span some = outputs_of_tap(a, k, begin, a->out);
      for (int o = begin; o < a->out; o++) {
        const int i = input_of(a, o, k);
        assert_int_equal(i >= 0 && i < a->in, o >= some.begin && o < some.end);
      }
    }
  }
}

static void outputs_of_a_tap_read_inside_the_boundary(void **state) {
  (void)state;
  each_axis(check_outputs_of_tap);
}

/* Pixels of the tile from output `first` of the phase on that tap number n is clipped of, at its
   left end and at its right end. */
static void count_clipped(const conv_axis *a, int phase, int first, int pixels, int n, int *left,
                          int *right) {
  *left = *right = 0;
  int inside = 0;
  for (int j = first; j < first + pixels; j++) {
    const tap_range t = taps_of(a, phase + j * phase_out_step(a));
    const int i = t.from + n * t.from_step;
    if (i >= 0 && i < a->in)
      inside++;
    else
      ++*(i < 0 ? left : right);
  }
  if (inside == 0) *left = *right = -1;
}

static void check_clipping_of(const conv_axis *a, int pixels) {
  tile_clipping expected = {0, 0};
  for (int phase = 0; phase < stride_phases(a); phase++) {
    const int outputs = phase_outputs(a, phase);
    for (int first = 0; first < outputs; first += pixels) {
      for (int n = 0; n < taps_of(a, phase).count; n++) {
        int left, right;
        count_clipped(a, phase, first, min_int(pixels, outputs - first), n, &left, &right);
        expected.most = max_int(expected.most, left < 0 ? 1 : max_int(left, right));
        expected.both_ends |= left > 0 && right > 0;
      }
    }
  }
  const tile_clipping clipping = clipping_of_tiles(a, pixels);
  assert_int_equal(clipping.most, expected.most);
  assert_int_equal(clipping.both_ends, expected.both_ends);
}

static void check_axis_clipping(const conv_axis *forward, const conv_axis *backward) {
  for (int pixels = 1; pixels <= 5; pixels++) {
    check_clipping_of(forward, pixels);
    check_clipping_of(backward, pixels);
  }
}

static void clipping_of_tiles_counts_pixels(void **state) {
  (void)state;
  each_axis(check_axis_clipping);
}

/* A stride of a billion takes no time. */
static void a_huge_stride_has_taps(void **state) {
  (void)state;
  const conv_axis a = {1, 3, 2, 500000000, 0, 2, 1};
  assert_int_equal(taps_of(&a, 0).count, 1);
  assert_int_equal(taps_of(&a, 1).count, 0);
  assert_int_equal(taps_of(&a, 2).first, 1);
}

typedef void CheckShape(weights_shape s);

static void each_shape(CheckShape *check) {
  static const int GROUPS[] = {1, 2, 3, 6};
  for (int lanes = 1; lanes <= 16; lanes *= 4) {
    for (int g = 0; g < 4; g++) {
      for (int ic = 1; ic <= 21; ic += 4) {
        for (int oc = 1; oc <= 25; oc += 3) {
          for (int vectors = 1; vectors <= 4; vectors++)
            check((weights_shape){lanes, ic * GROUPS[g], oc * GROUPS[g], GROUPS[g], 3, 2, vectors});
        }
      }
    }
  }
}

/* A tile reads all blocks of channels that hold one of its groups, and no block outside. */
static void check_blocks(weights_shape s) {
  const int oc = s.oc / s.groups, ic = s.ic / s.groups, lanes = s.oc_vectors * s.lanes;
  int most = 0;
  for (int tile = 0; tile < oc_tiles(s); tile++) {
    const span blocks = ic_blocks_of(s, tile);
    int first = INT32_MAX, last = -1;
    for (int o = tile * lanes; o < (tile + 1) * lanes && o < s.oc; o++) {
      first = min_int(first, o / oc * ic);
      last = max_int(last, (o / oc + 1) * ic - 1);
    }
    assert_int_equal(blocks.begin, first / s.lanes);
    assert_int_equal(blocks.end, last / s.lanes + 1);
    most = max_int(most, blocks.end - blocks.begin);
  }
  assert_int_equal(ic_blocks_most(s), most);
}

static void tiles_read_the_blocks_of_their_groups(void **state) {
  (void)state;
  each_shape(check_blocks);
}

/* Sizes are counted by walking through the order that the comment of weights_shape has. */
static void check_sizes(weights_shape s) {
  int64_t shifts = 0, weights = 0, sums = 0;
  for (int tile = 0; tile < oc_tiles(s); tile++) {
    shifts += s.oc_vectors * s.lanes;
    for (int block = 0; block < ic_blocks_most(s); block++)
      for (int k = 0; k < s.kh * s.kw; k++)
        weights += (int64_t)min_int(s.ic, s.lanes) * s.oc_vectors * s.lanes;
    sums += (int64_t)s.ic * s.kh * s.kw * s.oc_vectors * s.lanes;
  }
  assert_int_equal(oc_of_tiles(s), shifts);
  assert_true(oc_of_tiles(s) >= s.oc && oc_of_tiles(s) - s.oc < s.oc_vectors * s.lanes);
  assert_int_equal(packed_weights_reals(s), shifts + weights);
  assert_int_equal(gradient_sums_reals(s), sums);
  assert_int_equal(prepacked_weights_reals(s, 0), shifts + weights);
  assert_int_equal(conv_workspace(s, 0, 0), shifts + weights);
  assert_int_equal(backward_weights_workspace(s, 3, 0, 0), 3 * sums);
  assert_int_equal(winograd_weights_reals(s) * s.kh * s.kw, WINOGRAD_ELEMENTS * weights);
  assert_int_equal(winograd_sums_reals(s) * s.kh * s.kw, WINOGRAD_ELEMENTS * sums);
}

static void sizes_are_those_of_the_orders(void **state) {
  (void)state;
  each_shape(check_sizes);
}

/* Sizes beyond 2^31 reals do not wrap. */
static void sizes_are_64_bits_wide(void **state) {
  (void)state;
  const weights_shape s = {16, 1 << 16, 1 << 16, 1, 3, 3, 2};
  assert_int_equal(packed_weights_reals(s), (1 << 16) + ((int64_t)9 << 32));
  assert_int_equal(gradient_sums_reals(s), (int64_t)9 << 32);
  assert_int_equal(winograd_weights_reals(s), (int64_t)36 << 32);
  assert_int_equal(partial_sums_reals(16, 1 << 12, 1 << 10, 1 << 10, 1), (int64_t)2 << 32);
  assert_int_equal(batch_blocked_packed_reals(1, 1 << 16, 1 << 16, 3, 3, 8), (int64_t)9 << 32);
}

static void partial_sums_have_a_place_each(void **state) {
  (void)state;
  enum { LANES = 4, IMAGES = 3, CHANNELS = 10, HEIGHT = 7, ROWS = 2, VECTORS = 3, BLOCKS = 4 };
  int64_t at = 0;
  for (int block = 0; block < IMAGES * BLOCKS; block++) {
    for (int vector = 0; vector < VECTORS; vector++, at += 2 * LANES)
      assert_int_equal(partial_sums_at(LANES, block, VECTORS, vector), at);
  }
  assert_int_equal(partial_sums_reals(LANES, IMAGES, CHANNELS, HEIGHT, ROWS), at);
}

/* Output tiles cover every pixel once; the origin of a tile is inside. */
static void winograd_tiles_cover_the_images(void **state) {
  (void)state;
  enum { IMAGES = 2, MOST = 14 };
  for (int taps = 3; taps <= 5; taps += 2) {
    for (int oh = 1; oh <= MOST; oh++) {
      const int ow = MOST + 1 - oh;
      const winograd_tiles tiles = winograd_tiles_of(taps, IMAGES, oh, ow, 3);
      int covered[IMAGES][MOST][MOST] = {0};
      for (int i = 0; i < tiles.count; i++) {
        const winograd_tile_origin at = winograd_origin_of(&tiles, i);
        const span h = pixels_inside(at.oh, tiles.size, oh);
        const span w = pixels_inside(at.ow, tiles.size, ow);
        assert_true(h.begin == 0 && w.begin == 0 && h.end > 0 && w.end > 0);
        for (int y = 0; y < h.end; y++)
          for (int x = 0; x < w.end; x++) covered[at.n][at.oh + y][at.ow + x]++;
      }
      for (int n = 0; n < IMAGES; n++)
        for (int y = 0; y < oh; y++)
          for (int x = 0; x < ow; x++) assert_int_equal(covered[n][y][x], 1);
      assert_int_equal(winograd_tile_batches(&tiles), (tiles.count + 2) / 3);
    }
  }
}

/* What some threads use at once fits what the workspace has room for. */
static void winograd_workspaces_hold_the_batches_of_all_threads(void **state) {
  (void)state;
  const weights_shape s = {16, 40, 72, 1, 3, 3, 2};
  enum { TILE_BATCH = 14 };
  const int64_t in = 3 * TILE_BATCH * 16, out = 3 * 2 * TILE_BATCH * 16;
  for (int capacity = 1; capacity <= 8; capacity++) {
    for (int threads = 1; threads <= capacity; threads++) {
      const int each = capacity / threads;
      const int64_t used =
          threads * WINOGRAD_ELEMENTS *
          (winograd_element_reals(16, each, in) + winograd_element_reals(16, each, out));
      assert_true(used <= capacity * winograd_batch_reals(s, TILE_BATCH));
    }
  }
  assert_int_equal(conv_workspace(s, 4, TILE_BATCH), packed_weights_reals(s) +
                                                         winograd_weights_reals(s) +
                                                         4 * winograd_batch_reals(s, TILE_BATCH));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(taps_reach_the_pixels_of_the_definition),
      cmocka_unit_test(outputs_of_a_stride_phase_share_their_taps),
      cmocka_unit_test(unclipped_outputs_are_those_with_all_taps),
      cmocka_unit_test(outputs_of_a_tap_read_inside_the_boundary),
      cmocka_unit_test(clipping_of_tiles_counts_pixels),
      cmocka_unit_test(a_huge_stride_has_taps),
      cmocka_unit_test(tiles_read_the_blocks_of_their_groups),
      cmocka_unit_test(sizes_are_those_of_the_orders),
      cmocka_unit_test(sizes_are_64_bits_wide),
      cmocka_unit_test(partial_sums_have_a_place_each),
      cmocka_unit_test(winograd_tiles_cover_the_images),
      cmocka_unit_test(winograd_workspaces_hold_the_batches_of_all_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
