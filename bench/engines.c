#include "engines.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  bool trains;
  const char *script; /* in peers/; NULL: a program */
  const char *modes[4];
} ENGINES[ENGINE_COUNT] = {
    [ENGINE_CNNC] = {"cnnc", true, NULL, {"compiled"}},
    [ENGINE_GENERIC] = {"generic", true, NULL, {"im2col"}},
    [ENGINE_PYTORCH] = {"pytorch", true, "pytorch.py", {"eager", "channels_last", "compile"}},
    [ENGINE_ONNXRUNTIME] = {"onnxruntime", false, "onnx_peers.py", {"onnxruntime"}},
    [ENGINE_OPENVINO] = {"openvino", false, "onnx_peers.py", {"openvino"}},
};

const char *engine_name(int engine) {
  return ENGINES[engine].name;
}

int engine_named(const char *name) {
  int engine = 0;
  while (engine < ENGINE_COUNT && strcmp(ENGINES[engine].name, name) != 0) engine++;
  return engine;
}

const char *engine_names(Arena *arena) {
  const char *names = ENGINES[0].name;
  for (int i = 1; i < ENGINE_COUNT; i++)
    names = arena_printf(arena, "%s%s%s", names, i + 1 < ENGINE_COUNT ? ", " : " and ",
                         ENGINES[i].name);
  return names;
}

bool engine_does(int engine, const char *work) {
  return ENGINES[engine].trains || strcmp(work, "infer") == 0;
}

/* `mode` is what the table shows until the worker reports its own. */
static void add_worker(const EngineSetting *s, int engine, const char *mode,
                       const char *const *command, Worker *worker) {
  *worker = (Worker){.engine = ENGINES[engine].name};
  snprintf(worker->mode, sizeof worker->mode, "%s", mode);
  snprintf(worker->log, sizeof worker->log, "%s/%s-%s.log", s->folder, worker->engine, mode);
  for (int i = 0; command[i]; i++) worker->command[i] = command[i];
}

int engine_add_workers(Arena *arena, const EngineSetting *s, int engine, Worker *workers) {
  const char *threads = arena_printf(arena, "%d", s->threads);
  const char *const *modes = ENGINES[engine].modes;
  int count = 0;
  for (; modes[count]; count++) {
    const char *mode = modes[count];
    const char *script = ENGINES[engine].script;
    if (script) script = arena_printf(arena, "%s/%s", s->paths->peers, script);
    const char *const cnnc[] = {s->program, "bench", "--worker", "--threads", threads, NULL};
    const char *const im2col[] = {s->paths->generic, s->graph, "worker",
                                  "--threads",       threads,  NULL};
    const char *const peer[] = {"python3", script,      s->graph, "--mode",
                                mode,      "--threads", threads,  NULL};
    add_worker(s, engine, mode,
               engine == ENGINE_CNNC      ? cnnc
               : engine == ENGINE_GENERIC ? im2col
                                          : peer,
               &workers[count]);
  }
  return count;
}
