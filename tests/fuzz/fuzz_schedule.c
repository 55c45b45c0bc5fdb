/* Schedule files, and the code of every schedule that a net allows: with images in the lanes, and
   with channels in those of inference. */
#include "dsl.h"
#include "input.h"
#include "passes.h"

static void compile(Arena *arena, const ScheduleFile *schedule, int batch) {
  const CompileOptions options = {.target = TARGET_AVX2, .command = "fuzz", .schedule = schedule};
  const DslOptions model = {.batch = batch};
  Diag diag = {0};
  Graph *graph = dsl_load(arena, &diag, MODEL, &model);
  pass_simplify(graph);
  Graph *graphs[] = {graph, graph_inference(graph, &options)};
  pass_gradient(graph);
  for (int i = 0; i < 2; i++) {
    if (i == 1) graph_adopt_parameters(graphs[1], graphs[0]);
    pass_fuse(graphs[i]);
    pass_fold(graphs[i]);
    pass_schedule(graphs[i], &options);
    pass_layout(graphs[i], &options);
    pass_memory(graphs[i], &options);
    graph_verify(graphs[i], STAGE_PLANNED);
  }
  if (diag.code == EXIT_DONE) emit_program(graphs[0], graphs[1], &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Arena *arena = arena_new();
  Diag diag = {0};
  const ScheduleFile *schedule = schedule_file_read(arena, &diag, input_file(data, size));
  if (schedule) {
    compile(arena, schedule, 24);
    compile(arena, schedule, 2);
  }
  arena_release(arena);
  return 0;
}
