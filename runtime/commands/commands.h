/* The commands of a program. */
#ifndef CNN_COMMANDS_H
#define CNN_COMMANDS_H

#include "core/cnn.h"
#include "core/error.h"

/* argv[0] is "lenet5 train". Returns true, or false with the mistake and its exit code. */
typedef bool cnn_command(const cnn_model *model, int argc, char **argv, cnn_error *error);
cnn_command cnn_train, cnn_lr_find, cnn_eval, cnn_predict, cnn_filters, cnn_summary, cnn_gradcheck,
    cnn_gradflow, cnn_bench, cnn_profile_run, cnn_trace;

#endif
