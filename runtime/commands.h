/* The commands of a program, and what their command lines share. */
#ifndef CNN_COMMANDS_H
#define CNN_COMMANDS_H

#include "cnn.h"
#include "error.h"
#include "session.h"

#include <argp.h>
#include <stdint.h>

/* argv[0] is "lenet5 train". Returns true, or false with the mistake and its exit code. */
typedef bool cnn_command(const cnn_model *model, int argc, char **argv, cnn_error *error);
cnn_command cnn_train, cnn_eval, cnn_predict, cnn_filters, cnn_summary, cnn_gradcheck, cnn_gradflow,
    cnn_bench, cnn_profile_run, cnn_trace;

/* --- arguments: a bad one is a usage error, exit 2 ------------------------------------------- */

int64_t cnn_argument_integer(struct argp_state *state, const char *option, const char *text,
                             int64_t least, int64_t most);
double cnn_argument_number(struct argp_state *state, const char *option, const char *text,
                           double least, double most);

/* Images a step: 1 to the model's batch. */
int cnn_argument_batch(struct argp_state *state, const char *option, const char *text,
                       const cnn_model *model);

/* --work: false for train, true for infer. */
bool cnn_argument_infer(struct argp_state *state, const char *text);

enum { CNN_THREADS_MAX = 1024 };
#define CNN_OPTION_THREADS                                                                         \
  { "threads", 't', "N", 0, "Threads (default: one on every processor)", 0 }

/* --- clocks ----------------------------------------------------------------------------------- */

double cnn_seconds(void); /* of a clock that never goes back */

#endif
