/* The engines of a race, and the commands of their workers. */
#ifndef CNNC_ENGINES_H
#define CNNC_ENGINES_H

#include "driver/arena.h"
#include "driver/locate.h"
#include "worker.h"

#include <stdbool.h>

enum { ENGINE_CNNC, ENGINE_GENERIC, ENGINE_PYTORCH, ENGINE_ONNXRUNTIME, ENGINE_OPENVINO };
enum { ENGINE_COUNT = ENGINE_OPENVINO + 1, WORKERS_MAX = 8 };

const char *engine_name(int engine);

/* ENGINE_COUNT if there is none of that name. */
int engine_named(const char *name);

/* "cnnc, generic and pytorch". */
const char *engine_names(Arena *arena);

/* Whether the engine supports this work, "train" or "infer". */
bool engine_does(int engine, const char *work);

typedef struct EngineSetting {
  const Paths *paths;
  const char *program; /* the generated program, for cnnc */
  const char *graph;   /* the output of `cnnc export`, for the other engines */
  const char *folder;  /* of logs */
  int threads;
} EngineSetting;

/* Fills in the engine's workers, one for each mode, without starting them. Returns their number. */
int engine_add_workers(Arena *arena, const EngineSetting *setting, int engine, Worker *workers);

#endif
