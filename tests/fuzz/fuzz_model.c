/* Model files, from Lua to C. */
#include "dsl.h"
#include "emit/emit.h"
#include "input.h"
#include "ir/queries.h"
#include "passes/pipeline.h"

/* Code of large shapes takes its time; it has no more ways than that of small ones. */
static bool is_small(const Graph *graph) {
  int64_t elements = 0;
  for (int i = 0; i < graph->values.count; i++) elements += value_count(graph->values.at[i]);
  return elements < 1000000 && graph->nodes.count < 50;
}

static void compile(Graph *graph) {
  const CompileOptions options = {.target = &target_AVX2, .command = "fuzz"};
  Program program;
  run_passes(graph, PASS_SIMPLIFY, PASS_SIMPLIFY, &options);
  plan_program(graph, &options, &program);
  emit_program(program.training, program.inference, &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Arena *arena = arena_new();
  Diag diag = {0};
  const DslOptions options = {0};
  Graph *graph = dsl_load(arena, &diag, input_file(data, size), &options);
  if (graph && is_small(graph)) compile(graph);
  arena_release(arena);
  return 0;
}
