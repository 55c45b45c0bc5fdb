/* The list of the passes, and the way of a model's graph through them. */
#include "ir/queries.h"
#include "ir/verify.h"
#include "passes/memory.h"
#include "passes/passes.h"
#include "passes/pipeline.h"
#include "schedule/schedule.h"

#include <inttypes.h>

static const struct {
  const char *name;
  GraphStage establishes;
  void (*run)(Graph *graph);
  void (*run_for)(Graph *graph, const CompileOptions *options); /* one that knows the target */
  bool tunes; /* the reference target goes without */
} PASSES[PASS_COUNT] = {
    [PASS_BUILT] = {"built", STAGE_BUILT, NULL, NULL, false},
    [PASS_SIMPLIFY] = {"simplify", STAGE_SIMPLIFIED, pass_simplify, NULL, false},
    [PASS_GRADIENT] = {"gradient", STAGE_DIFFERENTIATED, pass_gradient, NULL, false},
    [PASS_FUSE] = {"fuse", STAGE_FUSED, pass_fuse, NULL, true},
    [PASS_FOLD] = {"fold", STAGE_FUSED, NULL, pass_fold, true},
    [PASS_SCHEDULE] = {"schedule", STAGE_SCHEDULED, NULL, pass_schedule, false},
    [PASS_LAYOUT] = {"layout", STAGE_LAID_OUT, NULL, pass_layout, false},
    [PASS_VIEWS] = {"views", STAGE_LAID_OUT, NULL, pass_views, true},
    [PASS_MEMORY] = {"memory", STAGE_PLANNED, NULL, pass_memory, false},
};

const char *pass_name(Pass pass) {
  return PASSES[pass].name;
}

void run_passes(Graph *graph, Pass first, Pass last, const CompileOptions *options) {
  for (Pass i = first; i <= last; i++) {
    if (PASSES[i].tunes && target_is_reference(options->target)) continue;
    if (PASSES[i].run) PASSES[i].run(graph);
    if (PASSES[i].run_for) PASSES[i].run_for(graph, options);
    graph_verify(graph, PASSES[i].establishes);
  }
}

/* The value that is largest in memory, and has a line of the model. */
static const Value *largest_value(const Graph *graph) {
  const Value *largest = graph->output;
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    if (value->pos.file && value->elements > largest->elements) largest = value;
  }
  return largest;
}

/* Offsets in memory become enumerators of the C, which are ints. The mistake is at the line of the
   largest value. */
static bool check_size(const Program *program) {
  Diag *diag = program->training->diag;
  const int64_t parameters = graph_parameter_reals(program->training);
  const int64_t training = graph_activation_reals(program->training);
  const int64_t inference = graph_activation_reals(program->inference);
  if (parameters <= INT32_MAX && training <= INT32_MAX && inference <= INT32_MAX) return true;
  const bool in_inference = inference > training;
  const Value *largest = largest_value(in_inference ? program->inference : program->training);
  return diag_set(
      diag, EXIT_MODEL, largest->pos,
      "the program would hold %" PRId64 " parameters, or %" PRId64
      " numbers of activations and gradients at once, of which '%s' has %" PRId64
      "; the limit of each is 2^31 - 1: make the batch, the image or the layers smaller",
      parameters, in_inference ? inference : training, largest->name, largest->elements);
}

bool plan_program(Graph *simplified, const CompileOptions *options, Program *program) {
  *program = (Program){simplified, graph_inference(simplified, options)};
  run_passes(program->training, PASS_GRADIENT, PASS_MEMORY, options);
  graph_adopt_parameters(program->inference, program->training);
  run_passes(program->inference, PASS_FUSE, PASS_MEMORY, options);
  if (graph_is_plain(program->inference))
    graph_adopt_activations(program->inference, program->training);
  return simplified->diag->code == EXIT_DONE && check_size(program);
}
