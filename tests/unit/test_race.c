/* The race: its statistics, and the commands of its workers. */
#include "engines.h"
#include "race.h"
#include "results.h"
#include "statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void assert_near(double got, double wanted) {
  if (!(fabs(got - wanted) <= 1e-12 * fabs(wanted))) fail_msg("%.17g, not %.17g", got, wanted);
}

/* --- statistics ------------------------------------------------------------------------------- */

static void test_median(void **state) {
  (void)state;
  assert_near(median((double[]){7}, 1), 7);
  assert_near(median((double[]){5, 1, 3}, 3), 3);
  assert_near(median((double[]){4, 1, 3, 2}, 4), 2.5);
  double many[ROUNDS_MAX];
  for (int i = 0; i < ROUNDS_MAX; i++) many[i] = ROUNDS_MAX - i;
  assert_near(median(many, ROUNDS_MAX), (ROUNDS_MAX + 1) / 2);
  assert_near(many[0], ROUNDS_MAX); /* the numbers stay in their order */
}

static void test_spread(void **state) {
  (void)state;
  assert_near(spread((double[]){7}, 1), 0);
  assert_near(spread((double[]){2, 2, 2, 2}, 4), 0);
  assert_near(spread((double[]){5, 4, 3, 2, 1}, 5), (4 - 2) / 3.0);
  assert_near(spread((double[]){1, 2, 3, 4}, 4), (3.25 - 1.75) / 2.5); /* interpolated */
  /* One disturbed round of seven does not count. */
  assert_near(spread((double[]){1, 1, 1, 9, 1, 1, 1}, 7), 0);
}

static void test_geometric_mean(void **state) {
  (void)state;
  GeometricMean mean = {0};
  assert_near(geometric_mean(&mean), 0);
  geometric_mean_add(&mean, 2);
  assert_near(geometric_mean(&mean), 2);
  geometric_mean_add(&mean, 0); /* a race that did not run */
  geometric_mean_add(&mean, 8);
  assert_near(geometric_mean(&mean), 4);
  geometric_mean_add(&mean, 0.5);
  assert_near(geometric_mean(&mean), 2);
}

/* Two engines and one that did not run; rounds of 10 and 40 ms for 20 images. */
static void fill(Race *race, Worker *workers) {
  workers[0] = (Worker){.engine = "cnnc", .seconds_per_step = {0.01, 0.03, 0.01}};
  workers[1] =
      (Worker){.engine = "pytorch", .mode = "slow", .seconds_per_step = {0.08, 0.08, 0.08}};
  workers[2] =
      (Worker){.engine = "pytorch", .mode = "fast", .seconds_per_step = {0.04, 0.04, 0.05}};
  workers[3] = (Worker){.engine = "openvino", .failure = "not installed"};
  *race = (Race){.net = "net",
                 .work = "train",
                 .batch = 20,
                 .threads = 2,
                 .rounds = 3,
                 .flops = 1e6,
                 .workers = workers,
                 .worker_count = 4,
                 .fma_peak = {4e9, 9e9, 4e9}};
}

static void test_figures_of_a_race(void **state) {
  (void)state;
  Worker workers[4];
  Race race;
  fill(&race, workers);
  assert_near(images_per_s(&race, &workers[0]), 2000);
  assert_near(images_per_s(&race, &workers[2]), 500);
  assert_near(share_of_peak(&race, &workers[0]), 0.5);
  assert_near(race_noise(&race), 1); /* cnnc's: quartiles 10 and 20 ms, median 10 ms */
}

static void test_ratios(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Worker workers[4];
  Race race;
  fill(&race, workers);
  ResultList results = {0};
  assert_false(results_hold(&results, &race));
  results_add(arena, &results, &race);
  assert_int_equal(results.count, 3);
  assert_true(results_hold(&results, &race));
  const Result *row = results_races(arena, &results).at[0];
  assert_string_equal(results_best(&results, row, "pytorch")->mode, "fast");
  assert_null(results_best(&results, row, "openvino"));
  assert_near(results_ratio(&results, row, "cnnc", "pytorch"), 4);
  assert_near(results_ratio(&results, row, "cnnc", "openvino"), 0);
  race.threads = 4;
  assert_false(results_hold(&results, &race));
  arena_release(arena);
}

/* --- engines ---------------------------------------------------------------------------------- */

static void test_engine_names(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (int engine = 0; engine < ENGINE_COUNT; engine++)
    assert_int_equal(engine_named(engine_name(engine)), engine);
  assert_int_equal(engine_named("tinygrad"), ENGINE_COUNT);
  assert_string_equal(engine_names(arena), "cnnc, generic, pytorch, onnxruntime and openvino");
  assert_true(engine_does(ENGINE_PYTORCH, "train"));
  assert_false(engine_does(ENGINE_OPENVINO, "train"));
  assert_true(engine_does(ENGINE_OPENVINO, "infer"));
  arena_release(arena);
}

/* A worker's command as one text. */
static const char *command_of(Arena *arena, const Worker *worker) {
  const char *text = worker->command[0];
  for (int i = 1; worker->command[i]; i++)
    text = arena_printf(arena, "%s %s", text, worker->command[i]);
  return text;
}

static void test_commands_of_workers(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const Paths paths = {.peers = "/share/peers", .generic = "/bin/cnn-generic"};
  const EngineSetting setting = {&paths, "./lenet5", "graph.json", "/logs", 3};
  Worker workers[WORKERS_MAX];

  assert_int_equal(engine_add_workers(arena, &setting, ENGINE_CNNC, workers), 1);
  assert_string_equal(command_of(arena, &workers[0]), "./lenet5 bench --worker --threads 3");
  assert_string_equal(workers[0].log, "/logs/cnnc-compiled.log");
  assert_int_equal(engine_add_workers(arena, &setting, ENGINE_GENERIC, workers), 1);
  assert_string_equal(command_of(arena, &workers[0]),
                      "/bin/cnn-generic graph.json worker --threads 3");

  assert_int_equal(engine_add_workers(arena, &setting, ENGINE_PYTORCH, workers), 3);
  assert_string_equal(workers[1].mode, "channels_last");
  assert_string_equal(
      command_of(arena, &workers[1]),
      "python3 /share/peers/pytorch.py graph.json --mode channels_last --threads 3");
  assert_int_equal(engine_add_workers(arena, &setting, ENGINE_OPENVINO, workers), 1);
  assert_string_equal(command_of(arena, &workers[0]),
                      "python3 /share/peers/onnx_peers.py graph.json --mode openvino --threads 3");
  arena_release(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_median),
      cmocka_unit_test(test_spread),
      cmocka_unit_test(test_geometric_mean),
      cmocka_unit_test(test_figures_of_a_race),
      cmocka_unit_test(test_ratios),
      cmocka_unit_test(test_engine_names),
      cmocka_unit_test(test_commands_of_workers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
