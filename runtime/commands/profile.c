/* `profile`: steps in which an observer records the end of every node, alternating with plain
   steps. */
#include "commands/profile.h"

#include "commands/benchmark.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "core/process.h"
#include "core/storage.h"
#include "data/files.h"
#include "report/peak.h"
#include "report/profile.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS_LEAST = 5, STEPS_MOST = 1000, WARM_UP = 3, ROWS_SHOWN = 30, PAUSE_MS = 300 };

typedef struct options {
  cnn_shared_options shared;
  int most;
  double seconds;
  int infer; /* index in cnn_works */
  const char *csv, *svg;
} options;

static const cnn_option OPTIONS[] = {
    {"work", 0, "train|infer", "What a step is (default: train)", CNN_WORD,
     offsetof(options, infer), 0, 0, cnn_works},
    {"seconds", 0, "S", "How long (default: 3)", CNN_NUMBER, offsetof(options, seconds), 0, 3600,
     NULL},
    {"top", 0, "N", "Show the N slowest nodes (default: 30)", CNN_INTEGER, offsetof(options, most),
     1, INT32_MAX, NULL},
    {"csv", 0, "FILE", "Write all nodes to FILE, in the order of the step", CNN_TEXT,
     offsetof(options, csv), 0, 0, NULL},
    {"svg", 0, "FILE", "Draw the slowest nodes", CNN_TEXT, offsetof(options, svg), 0, 0, NULL},
    {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tn",
    .operands = CNN_NO_OPERANDS,
    .doc =
        "Where the time of a step goes, node by node, on random images.\v"
        "FLOPs are those of the definition: two for each multiply-add of convolutions and linear "
        "layers. GB/s count every number that a node must read or write once; numbers that stay "
        "in a cache can pass what the memory gives.",
};

/* --- measuring -------------------------------------------------------------------------------- */

void cnn_profile_observe(void *observer) {
  cnn_profile *profile = observer;
  if (profile->count < profile->room) profile->ends[profile->count] = cnn_seconds();
  profile->count++;
}

/* What is measured. */
typedef struct samples {
  cnn_storage storage; /* of all that follows */
  int steps;
  double *plain, *nodes; /* [STEPS_MOST] plain steps, [nodes][STEPS_MOST] */
  double *ends;          /* [nodes] of the step that runs */
  cnn_profile_row *rows; /* [nodes] */
  const cnn_profile_row **slowest;
} samples;

static bool samples_open(samples *all, int nodes, cnn_error *error) {
  cnn_storage *storage = &all->storage;
  cnn_storage_want(storage, &all->plain, STEPS_MOST, sizeof *all->plain);
  cnn_storage_want(storage, &all->nodes, (size_t)nodes * STEPS_MOST, sizeof *all->nodes);
  cnn_storage_want(storage, &all->ends, (size_t)nodes, sizeof *all->ends);
  cnn_storage_want(storage, &all->rows, (size_t)nodes, sizeof *all->rows);
  cnn_storage_want(storage, &all->slowest, (size_t)nodes, sizeof *all->slowest);
  return cnn_storage_commit(storage, error);
}

/* A plain step, then one with an observer. */
static bool sample(cnn_benchmark *bench, const options *o, int node_count, samples *all,
                   cnn_error *error) {
  cnn_profile profile = {.ends = all->ends, .room = node_count};
  double start = cnn_seconds();
  cnn_benchmark_step(bench, !o->infer, o->shared.count);
  double then = cnn_seconds();
  all->plain[all->steps] = then - start;
  cnn_state *state = &bench->session.state;
  state->observer = &profile;
  state->observe = cnn_profile_observe;
  cnn_benchmark_step(bench, !o->infer, o->shared.count);
  state->observe = NULL;
  if (profile.count != node_count)
    return cnn_fail(error, CNN_EXIT_FAILED, "a step has %d nodes, but the program lists %d",
                    profile.count, node_count);
  for (int i = 0; i < node_count; i++) {
    all->nodes[i * STEPS_MOST + all->steps] = profile.ends[i] - then;
    then = profile.ends[i];
  }
  all->steps++;
  return true;
}

static double median(double *numbers, int count) {
  cnn_sort_times(numbers, count);
  return numbers[count / 2];
}

static int slower_first(const void *left, const void *right) {
  const cnn_profile_row *a = *(cnn_profile_row *const *)left, *b = *(cnn_profile_row *const *)right;
  return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

/* The better of two measurements: before the first step, when OpenMP has no threads yet, and after
   the last one, once its threads sleep. */
static void measure_machine(cnn_profile_result *result, bool after) {
  if (after) nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
  result->fma_peak = fmax(result->fma_peak, cnn_peak_fma(result->threads, &result->instructions));
  result->bandwidth = fmax(result->bandwidth, cnn_peak_bandwidth(result->threads));
}

static const char *layer_of(const cnn_model *model, const cnn_node *node) {
  const int beyond = node->name - model->layer_count;
  return beyond < 0 ? model->layers[node->name].name : model->node_names[beyond];
}

static void fill_rows(const cnn_model *model, const cnn_node *nodes, samples *all,
                      cnn_profile_result *result) {
  for (int i = 0; i < result->row_count; i++) {
    const cnn_cost *cost = &model->costs[nodes[i].cost];
    all->rows[i] =
        (cnn_profile_row){.layer = layer_of(model, &nodes[i]),
                          .op = cost->op,
                          .pass = cost->pass,
                          .seconds = median(&all->nodes[i * STEPS_MOST], all->steps),
                          .flops = (double)cost->flops * result->count,
                          .bytes = (double)cost->image_bytes * result->count + (double)cost->bytes};
    all->slowest[i] = &all->rows[i];
  }
  qsort(all->slowest, (size_t)result->row_count, sizeof *all->slowest, slower_first);
  result->rows = all->rows;
  result->slowest = all->slowest;
  result->steps = all->steps;
  result->step_seconds = median(all->plain, all->steps);
}

static bool measure(cnn_benchmark *bench, const options *o, samples *all,
                    cnn_profile_result *result, cnn_error *error) {
  const cnn_model *model = o->shared.model;
  measure_machine(result, false);
  for (int i = 0; i < WARM_UP; i++) cnn_benchmark_step(bench, !o->infer, o->shared.count);
  const double start = cnn_seconds();
  while (all->steps < STEPS_LEAST ||
         (all->steps < STEPS_MOST && cnn_seconds() - start < o->seconds))
    if (!sample(bench, o, result->row_count, all, error)) return false;
  measure_machine(result, true);
  fill_rows(model, o->infer ? model->inference_nodes : model->training_nodes, all, result);
  return true;
}

/* --- reporting -------------------------------------------------------------------------------- */

/* What the files show. */
typedef struct shown {
  const cnn_profile_result *result;
  int most; /* nodes in the chart */
} shown;

static void write_csv(cnn_text *text, const void *what) {
  const cnn_profile_result *result = ((const shown *)what)->result;
  cnn_profile_csv(text, result, result->row_count);
}

static void write_chart(cnn_text *text, const void *what) {
  const shown *all = what;
  cnn_profile_chart(text, all->result, all->most);
}

static bool report(const options *o, const cnn_profile_result *result, cnn_error *error) {
  const shown all = {result, o->most};
  cnn_profile_table(result, o->most, stdout);
  return (!o->csv || cnn_file_write_text(o->csv, write_csv, &all, error)) &&
         (!o->svg || cnn_file_write_text(o->svg, write_chart, &all, error));
}

bool cnn_profile_run(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .seconds = 3, .most = ROWS_SHOWN};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_benchmark bench;
  samples all = {0};
  const int nodes = o.infer ? model->inference_node_count : model->training_node_count;
  bool good = cnn_benchmark_open(&bench, model, o.shared.threads, error) &&
              samples_open(&all, nodes, error);
  cnn_profile_result result = {.net = model->name,
                               .infer = o.infer,
                               .count = o.shared.count,
                               .threads = bench.session.state.threads,
                               .row_count = nodes};
  good = good && measure(&bench, &o, &all, &result, error) && report(&o, &result, error);
  cnn_storage_release(&all.storage);
  cnn_session_close(&bench.session);
  return good;
}
