/* Schedules: the cost model of register tiles, fields and dumps, schedule files and their old
   words, targets, work items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"

#include "driver/text.h"
#include "schedule/cost_model.h"
#include "schedule/overrides.h"
#include "schedule/work.h"

static int set_up(void **state) {
  *state = arena_new();
  return 0;
}

static int tear_down(void **state) {
  arena_release(*state);
  return 0;
}

/* --- targets ---------------------------------------------------------------------------------- */

static void targets_have_names_and_an_order(void **state) {
  (void)state;
  assert_ptr_equal(target_at(0), &target_REFERENCE);
  for (int i = 0; target_at(i); i++) {
    assert_int_equal(target_at(i)->number, i);
    assert_ptr_equal(target_find(target_at(i)->name), target_at(i));
    assert_true(i <= 1 || target_at(i)->lanes > target_at(i - 1)->lanes);
  }
  assert_null(target_find("sse2"));
  assert_non_null(target_native());
}

/* --- cost model ------------------------------------------------------------------------------- */

static void few_accumulators_wait_for_each_other(void **state) {
  (void)state;
  const Target *t = &target_AVX512;
  /* 1 to 8 accumulators need the latency of one FMA; only their loads differ. */
  const double one = tile_cycles(t, (RegisterTile){1, 1}, 0);
  const double eight = tile_cycles(t, (RegisterTile){4, 2}, 0);
  assert_true(one >= t->fma_latency && eight - one < 1);
  assert_true(tile_cycles(t, (RegisterTile){8, 3}, 0) < 3 * eight);
  /* Loads from the L2 cache cost more. */
  assert_true(tile_cycles(t, (RegisterTile){8, 3}, 1) > tile_cycles(t, (RegisterTile){8, 3}, 0));
}

static void tiles_fit_the_registers(void **state) {
  (void)state;
  assert_true(tile_fits((RegisterTile){8, 3}, 27));
  assert_false(tile_fits((RegisterTile){8, 3}, 26));
  for (int i = 0; target_at(i); i++) {
    const Target *t = target_at(i);
    for (int n = 1; n < 70; n++) {
      RegisterTile tile = {0};
      choose_tile(t, n, 2 * n, 2, t->registers - 3, &tile);
      assert_true(tile.rows >= 1 && tile.rows <= n && tile.columns % 2 == 0);
      assert_true(tile_fits(tile, t->registers - 3));
      const RegisterTile v = choose_vector_tile(t, n, n);
      assert_true(v.rows * v.columns + v.rows + 2 <= t->registers && v.columns <= n);
      RegisterTile g;
      assert_true(choose_gradient_tile(t, n, 16, 1, &g) > 0);
      assert_true(gradient_tile_registers(g.rows, g.columns, 1) <= t->registers);
      assert_int_equal(16 % g.columns, 0);
    }
  }
}

static void a_tile_stays_unless_another_is_much_better(void **state) {
  (void)state;
  RegisterTile tile = {8, 3};
  choose_tile(&target_AVX512, 64, 63, 1, 29, &tile);
  assert_true(tile.rows == 8 && tile.columns == 3);
  tile = (RegisterTile){8, 3};
  choose_tile(&target_AVX512, 4, 63, 1, 29, &tile); /* higher than its output */
  assert_true(tile.rows <= 4);
}

/* --- fields ----------------------------------------------------------------------------------- */

static void kinds_have_fields_with_documentation(void **state) {
  (void)state;
  for (int kind = SCHEDULE_NONE + 1; kind < SCHEDULE_KINDS; kind++) {
    int count;
    const ScheduleField *fields = schedule_fields((ScheduleKind)kind, &count);
    assert_true(count >= 1 && *schedule_kind_documentation((ScheduleKind)kind));
    Schedule s = {.algorithm = ALGORITHM_DIRECT, .kind = (ScheduleKind)kind};
    for (int i = 0; i < count; i++) {
      assert_true(*fields[i].documentation);
      schedule_set(&s, &fields[i], 1);
      assert_int_equal(schedule_get(&s, &fields[i]), 1);
      assert_ptr_equal(schedule_field_at(&s, (char *)&s + fields[i].offset), &fields[i]);
    }
  }
}

static void dumps_have_the_fields_of_the_algorithm(void **state) {
  Schedule s = {.algorithm = ALGORITHM_TAPS,
                .kind = SCHEDULE_WEIGHTS_BATCH_BLOCKED,
                .weights_batch_blocked = {.oc_unroll = 3,
                                          .kw_taps = 5,
                                          .oh_block = 4,
                                          .oc_block = 3,
                                          .ic_block = 1,
                                          .kh_block = 1,
                                          .ow_block = 28,
                                          .split_k = 2}};
  assert_string_equal(schedule_text(*state, &s),
                      "algorithm=taps oc_unroll=3 kw_taps=5 oh_block=4 oc_block=3 ic_block=1 "
                      "kh_block=1 ow_block=28 split_k=2");
  assert_string_equal(schedule_text(*state, &(Schedule){.algorithm = ALGORITHM_NONE}), "none");
}

/* --- schedule files --------------------------------------------------------------------------- */

typedef struct Read {
  const ScheduleFile *file;
  Diag diag;
  const char *hints;
} Read;

static Read read_text(Arena *arena, const char *text) {
  Read read = {0};
  scratch_write("schedule.txt", text, strlen(text));
  TextStream hints;
  text_begin(&hints);
  read.file = schedule_file_read(arena, &read.diag, "schedule.txt", hints.out);
  read.hints = text_done(&hints, arena);
  return read;
}

static void files_override_fields_by_name(void **state) {
  const Read read =
      read_text(*state, "# a comment\n\nconv1 conv2d oc_unroll=3 prepack=true # tail\n"
                        "conv1 conv2d_channel_blocked algorithm=winograd tile_block=2\n");
  assert_non_null(read.file);
  assert_int_equal(read.file->lines.count, 2);
  assert_string_equal(read.hints, "");
  const Override *line = read.file->lines.at[0];
  Schedule s = {.algorithm = ALGORITHM_DIRECT,
                .kind = SCHEDULE_CONV_BATCH_BLOCKED,
                .conv_batch_blocked = {.oc_unroll = 8, .ow_unroll = 3}};
  override_apply(line, GROUP_BLOCK, &s);
  assert_int_equal(s.conv_batch_blocked.oc_unroll, 8); /* of another group */
  override_apply(line, GROUP_TILE, &s);
  override_apply(line, GROUP_PREPACK, &s);
  assert_int_equal(s.conv_batch_blocked.oc_unroll, 3);
  assert_int_equal(s.conv_batch_blocked.ow_unroll, 3);
  assert_true(s.conv_batch_blocked.prepack);
  const Schedule direct = {.algorithm = ALGORITHM_DIRECT, .kind = SCHEDULE_CONV_CHANNEL_BLOCKED};
  assert_string_equal(override_unknown_field(read.file->lines.at[1], &direct), "tile_block");
}

static void old_words_stand_for_fields(void **state) {
  const Read read = read_text(*state, "a conv2d_backward_weights_channels algorithm=winograd "
                                      "tile=3x8 block=4x1x1x2 parts=6\n");
  assert_non_null(read.file);
  assert_non_null(strstr(read.hints,
                         "now a conv2d_backward_weights_channel_blocked algorithm=winograd "
                         "oc_vectors=3 ic_unroll=8 tile_block=4 split_k=6\n"));
  Schedule s = {.algorithm = ALGORITHM_WINOGRAD, .kind = SCHEDULE_WEIGHTS_WINOGRAD};
  for (int group = 0; group < SCHEDULE_GROUPS; group++)
    override_apply(read.file->lines.at[0], (ScheduleGroup)group, &s);
  assert_int_equal(s.weights_winograd.tile_block, 4);
  assert_int_equal(s.weights_winograd.split_k, 6);
}

static void mistakes_name_line_and_remedy(void **state) {
  const Read read = read_text(*state, "a conv2d oc_unroll=3\nb conv2d oc_vectors=3\n");
  assert_null(read.file);
  assert_int_equal(read.diag.code, EXIT_MODEL);
  assert_non_null(strstr(read.diag.message, "schedule.txt:2: b conv2d: there is no field "
                                            "'oc_vectors'; write FIELD=VALUE with a field of "
                                            "algorithm, oc_unroll"));
}

/* --- work items ------------------------------------------------------------------------------- */

static void balance_is_useful_work_of_the_busiest_thread(void **state) {
  (void)state;
  assert_true(work_balance((NodeWork){4, 0.25}, 4) == 1);
  assert_true(work_balance((NodeWork){3, 2.0 / 3}, 2) == 0.75);
}

static void a_convolution_has_work_for_64_threads(void **state) {
  Arena *arena = *state;
  Diag diag = {0};
  Graph *graph = graph_new(arena, &diag);
  graph->recipe.batch = 32;
  graph->image_layout = graph->feature_layout = LAYOUT_CHANNEL_BLOCKED;
  const int x_dim[] = {32, 64, 56, 56}, w_dim[] = {64, 64, 3, 3};
  Value *x = graph_value(graph, VALUE_ACTIVATION, "x", 4, x_dim);
  Value *w = graph_value(graph, VALUE_PARAMETER, "w", 4, w_dim);
  x->layout = LAYOUT_CHANNEL_BLOCKED;
  Node *conv = graph_node(graph, OP_conv2d, "conv", (SourcePos){0}, 2, (Value *[]){x, w});
  conv->attributes = (Attributes){.channels = 64,
                                  .kernel = {3, 3},
                                  .stride = {1, 1},
                                  .padding = {1, 1},
                                  .dilation = {1, 1},
                                  .groups = 1};
  graph_output(graph, conv, VALUE_ACTIVATION, "y", 4, x_dim)->layout = LAYOUT_CHANNEL_BLOCKED;
  conv->schedule = (Schedule){.algorithm = ALGORITHM_DIRECT,
                              .kind = SCHEDULE_CONV_CHANNEL_BLOCKED,
                              .conv_channel_blocked = {2, 14, 56, 4, false}};
  const CompileOptions options = {.target = &target_AVX512};
  NodeWork work = node_work(graph, conv, &options, 64);
  assert_int_equal(work.items, 64); /* 32 images x 2 tiles of channels */
  assert_true(work_balance(work, 64) == 1);
  conv->schedule.conv_channel_blocked.oh_block = 28;
  assert_int_equal(node_work(graph, conv, &options, 64).items, 128);
  /* Winograd: 196 tiles of 4x4 an image are 448 tile batches of 14. */
  conv->schedule = (Schedule){
      .algorithm = ALGORITHM_WINOGRAD, .kind = SCHEDULE_CONV_WINOGRAD, .conv_winograd = {2, 14, 1}};
  work = node_work(graph, conv, &options, 64);
  assert_int_equal(work.items, 448);
  assert_true(work_balance(work, 64) == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_have_names_and_an_order),
      cmocka_unit_test(few_accumulators_wait_for_each_other),
      cmocka_unit_test(tiles_fit_the_registers),
      cmocka_unit_test(a_tile_stays_unless_another_is_much_better),
      cmocka_unit_test(kinds_have_fields_with_documentation),
      cmocka_unit_test_setup_teardown(dumps_have_the_fields_of_the_algorithm, set_up, tear_down),
      cmocka_unit_test_setup_teardown(files_override_fields_by_name, set_up, tear_down),
      cmocka_unit_test_setup_teardown(old_words_stand_for_fields, set_up, tear_down),
      cmocka_unit_test_setup_teardown(mistakes_name_line_and_remedy, set_up, tear_down),
      cmocka_unit_test(balance_is_useful_work_of_the_busiest_thread),
      cmocka_unit_test_setup_teardown(a_convolution_has_work_for_64_threads, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
