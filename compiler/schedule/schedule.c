/* schedule: an algorithm and its register tile for every node, as plain data.
   Requires  a fused graph.
   Establishes  node->schedule of every node that becomes code, node->variant, and the workspace.
   May break  nothing.

   The cost model: a tile of a x b accumulators takes, for every term of its sum, a*b FMAs and a+b
   loads, two of either a cycle; fewer accumulators than FMAs in flight wait for each other. The
   tile with the least cycles for the whole node wins, remainders of the shape included; a load
   counts a little even where FMAs hide it, and more where it reaches the second cache.

   What a line of a schedule file says takes the place of what the model decided; what follows from
   it is decided after it. Whatever lowering and the kernels rely on is checked of both: a line that
   is wrong goes to the graph's diag, and the model's schedule stays. */
#include "ir/queries.h"
#include "passes/passes.h"
#include "schedule/schedule_file.h"
#include "schedule/scheduling.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const double FAR_LOAD = 0.4; /* of a line from the second cache */

double tile_cycles(int a, int b, double far) {
  double fmas = a * b, loads = a + b;
  double cycles = fmas > loads ? fmas : loads;
  return (cycles > FMAS_IN_FLIGHT ? cycles : FMAS_IN_FLIGHT) / 2 + HIDDEN_LOAD * loads +
         FAR_LOAD * far * b;
}

/* Cycles to cover an `m` x `n` output with tiles of a x b and what remains at the edges. */
static double cover_cycles(int m, int n, int a, int b) {
  int rest_m = m % a, rest_n = n % b;
  double cycles = (double)(m / a) * (n / b) * tile_cycles(a, b, 0);
  if (rest_m) cycles += (n / b) * tile_cycles(rest_m, b, 0);
  if (rest_n) cycles += (m / a) * tile_cycles(a, rest_n, 0);
  if (rest_m && rest_n) cycles += tile_cycles(rest_m, rest_n, 0);
  return rest_m ? cycles * CODE_FOR_REST : cycles;
}

int spare_registers(const Decision *d) {
  const bool linear = d->node->in[0]->rank == 2;
  return target_registers(d->options->target) == 32 || linear ? 3 : 2;
}

int tile_registers(const Decision *d) {
  return target_registers(d->options->target) - spare_registers(d);
}

bool tile_fits(int a, int b, int registers) {
  return (int64_t)a * b + min(a, b) <= registers;
}

void choose_tile(int m, int n, int unit, int registers, int tile[2]) {
  double best = 0;
  if (tile[0] && tile[0] <= m && tile[1] <= n && tile_fits(tile[0], tile[1], registers))
    best = cover_cycles(m, n, tile[0], tile[1]) * (1 - WORTH_A_BODY);
  for (int a = 1; a <= min(m, registers); a++) {
    for (int b = unit; b <= n; b += unit) {
      if (!tile_fits(a, b, registers) && (a > 1 || b > unit)) continue;
      double cycles = cover_cycles(m, n, a, b);
      if (best != 0 && cycles >= best) continue;
      best = cycles;
      tile[0] = a;
      tile[1] = b;
    }
  }
}

/* --- what a schedule file says ---------------------------------------------------------------- */

void decision_take(Decision *d, ScheduleWord word) {
  if (!d->line || !d->line->says[word]) return;
  const Schedule *said = &d->line->schedule;
  switch (word) {
  case WORD_ALGORITHM:
    d->s.algorithm = said->algorithm;
    break;
  case WORD_TILE:
    memcpy(d->s.tile, said->tile, sizeof said->tile);
    break;
  case WORD_BLOCK:
    memcpy(d->s.block, said->block, sizeof said->block);
    break;
  case WORD_PARTS:
    d->s.parts = said->parts;
    break;
  case WORD_PACK:
    d->s.pack = said->pack;
    break;
  case WORD_TILES_FIRST:
    d->s.tiles_first = said->tiles_first;
    break;
  case SCHEDULE_WORDS:
    break;
  }
}

bool decision_refuse(const Decision *d, const char *format, ...) {
  assert(d->line);
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(d->graph->arena, format, args);
  va_end(args);
  return diag_set(d->graph->diag, EXIT_MODEL, d->line->pos, "%s %s: %s", d->line->layer,
                  schedule_op(d->line->words), text);
}

bool decision_check_number(const Decision *d, ScheduleWord word, int i, int most) {
  const int number = word == WORD_TILE ? d->s.tile[i] : d->s.block[i];
  if (number >= 1 && number <= most) return true;
  const char *name = schedule_numbers(d->words, word)[i];
  if (most == 1)
    return decision_refuse(d, "%s: %s must be 1, not %d", schedule_word(word), name, number);
  return decision_refuse(d, "%s: %s must be from 1 to %d, not %d", schedule_word(word), name, most,
                         number);
}

bool decision_check_part(const Decision *d, int rows, int columns) {
  return decision_check_number(d, WORD_TILE, 0, rows) &&
         decision_check_number(d, WORD_TILE, 1, columns);
}

bool decision_check_registers(const Decision *d, int waiting, int spare) {
  const int *tile = d->s.tile, registers = target_registers(d->options->target);
  const int64_t taken = (int64_t)tile[0] * tile[1] + waiting + spare;
  return taken <= registers ||
         decision_refuse(d,
                         "tile=%dx%d takes %" PRId64 " vector registers, one for each sum, %d for "
                         "what waits beside them, and %d more; %s has %d",
                         tile[0], tile[1], taken, waiting, spare, target_name(d->options->target),
                         registers);
}

bool decision_check_tile(const Decision *d, int rows, int columns) {
  return decision_check_part(d, rows, columns) &&
         decision_check_registers(d, min(d->s.tile[0], d->s.tile[1]), spare_registers(d));
}

int vector_bytes(const CompileOptions *options) {
  return target_lanes(options->target) * real_bytes(options);
}

/* --- linear ----------------------------------------------------------------------------------- */

/* Backward, weights of many features are read in blocks: those of a row of them lie side by side,
   and stay in the first cache for all images. */
static bool decide_backward_block(Decision *d) {
  enum { FEATURES = 256, TERMS = 32, FEW_BYTES = 1 << 20 };
  const int made = d->node->out[0]->dim[1], summed = d->node->in[0]->dim[1];
  Schedule *s = &d->s;
  const bool few = (int64_t)made * summed * real_bytes(d->options) <= FEW_BYTES;
  s->block[0] = few ? made : min(made, max(1, FEATURES / s->tile[0]) * s->tile[0]);
  s->block[1] = few ? summed : min(summed, TERMS);
  decision_take(d, WORD_BLOCK);
  if (!decision_check_number(d, WORD_BLOCK, 0, made) ||
      !decision_check_number(d, WORD_BLOCK, 1, summed))
    return false;
  return s->block[0] == made || s->block[0] % s->tile[0] == 0 ||
         decision_refuse(d,
                         "block: features must be all %d, or a multiple of the tile's %d, not %d",
                         made, s->tile[0], s->block[0]);
}

/* Whole tiles of images only: a batch that is not full computes images that nobody reads. */
static bool decide_linear(Decision *d) {
  const int registers = tile_registers(d);
  const int features = d->node->out[0]->dim[1];
  const int groups = divide_up(d->node->in[0]->dim[0], target_lanes(d->options->target));
  int vectors = 4;
  while (groups % vectors) vectors--;
  choose_tile(features, vectors, vectors, registers, d->s.tile);
  decision_take(d, WORD_TILE);
  if (!decision_check_tile(d, features, groups)) return false;
  if (groups % d->s.tile[1])
    return decision_refuse(d,
                           "tile: vectors of images must divide the %d of a batch of %d, not be %d",
                           groups, d->node->in[0]->dim[0], d->s.tile[1]);
  return d->node->op == OP_linear || decide_backward_block(d);
}

static bool decide_linear_weights(Decision *d) {
  const int registers = tile_registers(d);
  const int features = d->node->in[1]->dim[1];
  const int vectors = divide_up(d->node->in[0]->dim[1], target_lanes(d->options->target));
  choose_tile(features, vectors, 1, registers, d->s.tile);
  decision_take(d, WORD_TILE);
  return decision_check_tile(d, features, vectors);
}

/* --- the pass --------------------------------------------------------------------------------- */

static bool decide(Decision *d) {
  d->s.algorithm = node_is_view(d->graph, d->node) ? ALGORITHM_NONE : ALGORITHM_DIRECT;
  const bool channels = node_is_channel_blocked(d->graph, d->node);
  switch (d->node->op) {
  case OP_conv2d:
  case OP_conv2d_backward_data:
    return channels ? decide_conv_channels(d) : decide_conv_rows(d);
  case OP_conv2d_backward_weights:
    return channels ? decide_filters_channels(d) : decide_conv_weights(d);
  case OP_conv2d_prepacked:
    return decide_conv_channels(d);
  case OP_linear:
  case OP_linear_backward_data:
    return channels ? decide_linear_rows(d) : decide_linear(d);
  case OP_linear_backward_weights:
    return decide_linear_weights(d);
  default:
    return true;
  }
}

/* What the node works in while it runs. */
static int64_t workspace_reals(const Node *node, const Graph *graph,
                               const CompileOptions *options) {
  return node_is_channel_blocked(graph, node) ? channels_workspace_reals(node, graph, options)
                                              : conv_workspace_reals(node, &node->schedule);
}

/* All nodes share one place. */
static void give_workspace(Node *node, Graph *graph, const CompileOptions *options) {
  const int64_t wanted = workspace_reals(node, graph, options);
  const int reals = wanted < INT32_MAX ? (int)wanted : INT32_MAX; /* too large for a program */
  if (!reals) return;
  if (!graph->workspace) {
    graph->workspace = graph_value(graph, VALUE_WORKSPACE, "workspace", 1, &reals);
    graph->workspace->producer = node;
  }
  graph->workspace->dim[0] = max(graph->workspace->dim[0], reals);
  node->workspace = graph->workspace;
}

static void schedule_node(Node *node, Graph *graph, const CompileOptions *options) {
  Decision model = {.node = node, .graph = graph, .options = options};
  model.words = schedule_words_of(graph, node);
  Decision wanted = model;
  decide(&model);
  node->schedule = model.s;
  node->variant = "";
  wanted.line = schedule_file_find(options->schedule, model.words, node->name);
  if (wanted.line && decide(&wanted)) {
    const char *usual = schedule_suffix(graph->arena, &model.s);
    const char *suffix = schedule_suffix(graph->arena, &wanted.s);
    node->schedule = wanted.s;
    node->variant = strcmp(usual, suffix) != 0 ? suffix : "";
  }
  give_workspace(node, graph, options);
  if (node->out_count > 1 && node->out[1]->kind == VALUE_WORKSPACE) give_sums(node, options);
  if (node->op == OP_conv2d_prepacked) give_filters(node, options);
}

void pass_schedule(Graph *graph, const CompileOptions *options) {
  if (options->schedule) schedule_file_check(options->schedule, graph);
  for (int i = 0; i < graph->nodes.count; i++) schedule_node(graph->nodes.at[i], graph, options);
}
