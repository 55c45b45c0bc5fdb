/* Schedule files, and the code of every schedule that a net allows: batch-blocked, and
   with channel-blocked inference. */
#include "dsl.h"
#include "emit/emit.h"
#include "input.h"
#include "passes/pipeline.h"
#include "schedule/overrides.h"

static void compile(Arena *arena, const ScheduleFile *schedule, int batch) {
  const CompileOptions options = {.target = &target_AVX2, .command = "fuzz", .schedule = schedule};
  const DslOptions model = {.batch = batch};
  Diag diag = {0};
  Graph *graph = dsl_load(arena, &diag, MODEL, &model);
  Program program;
  run_passes(graph, PASS_SIMPLIFY, PASS_SIMPLIFY, &options);
  if (plan_program(graph, &options, &program))
    emit_program(program.training, program.inference, &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Arena *arena = arena_new();
  Diag diag = {0};
  const ScheduleFile *schedule = schedule_file_read(arena, &diag, input_file(data, size), NULL);
  if (schedule) {
    compile(arena, schedule, 24);
    compile(arena, schedule, 2);
  }
  arena_release(arena);
  return 0;
}
