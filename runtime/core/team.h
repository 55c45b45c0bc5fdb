/* The threads of a program, as OpenMP gives them. */
#ifndef CNN_TEAM_H
#define CNN_TEAM_H

#include "core/cnn.h"
#include "core/error.h"

/* Bytes of stack that kernels need in every thread; the largest use a quarter of it. */
enum { CNN_STACK_BYTES = 1 << 20 };

/* Asks OpenMP for state->threads, and sets what it gives, which OMP_THREAD_LIMIT or OMP_DYNAMIC may
   make fewer: that is printed to stderr. An error if their stacks are too small. */
bool cnn_team_start(const cnn_model *model, cnn_state *state, cnn_error *error);

#endif
