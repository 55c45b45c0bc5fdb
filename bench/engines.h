/* Who takes part in a race, and how its workers are started. */
#ifndef CNNC_ENGINES_H
#define CNNC_ENGINES_H

#include "driver/arena.h"
#include "driver/locate.h"
#include "workers.h"

#include <stdbool.h>

enum { ENGINE_CNNC, ENGINE_GENERIC, ENGINE_PYTORCH, ENGINE_ONNXRUNTIME, ENGINE_OPENVINO };
enum { ENGINE_COUNT = ENGINE_OPENVINO + 1, WORKERS_MAX = 8 };

const char *engine_name(int engine);

/* ENGINE_COUNT if there is none of that name. */
int engine_named(const char *name);

/* "cnnc, generic and pytorch". */
const char *engine_names(Arena *arena);

/* Whether the engine does this work: some only infer. */
bool engine_does(int engine, const char *work);

typedef struct EngineSetting {
  const Places *places;
  const char *program; /* cnnc's */
  const char *graph;   /* the others': what `cnnc export` wrote */
  const char *folder;  /* for logs */
  int threads;
} EngineSetting;

/* The engine's workers, one a mode; returns how many. None is started. */
int engine_add_workers(Arena *arena, const EngineSetting *setting, int engine, Worker *workers);

#endif
