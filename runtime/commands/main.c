#include "commands/commands.h"
#include "core/instructions.h"
#include "core/text.h"
#include "train/checkpoint.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *name, *text;
  cnn_command *run;
} COMMANDS[] = {
    {"train", "train on a data set", cnn_train},
    {"lr-find", "suggest a learning rate", cnn_lr_find},
    {"eval", "loss and accuracy on a data set's test part", cnn_eval},
    {"predict", "classes of images", cnn_predict},
    {"filters", "weights of a layer as a picture", cnn_filters},
    {"summary", "the network, layer by layer", cnn_summary},
    {"gradcheck", "compare gradients with finite differences", cnn_gradcheck},
    {"gradflow", "sizes of activations and gradients, layer by layer", cnn_gradflow},
    {"bench", "time of a step", cnn_bench},
    {"profile", "time of a step, node by node", cnn_profile_run},
    {"trace", "write all values of one step to a file, for tests", cnn_trace},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static const char *missing_instructions(cnn_target target) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
#define CNN_CPU(feature) __builtin_cpu_supports(feature)
#define CNN_TARGET(ID, name, title, instructions, runs)                                            \
  if (target == CNN_##ID && !(runs)) return instructions;
#include "cnn_targets.def"
#undef CNN_TARGET
#undef CNN_CPU
  return NULL;
#else
  return target == CNN_SCALAR ? NULL : "x86-64 vectors";
#endif
}

static bool check_machine(const cnn_model *model, cnn_error *error) {
  if (model->abi != CNN_ABI)
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "compiled for version %d of the runtime, but this is version %d; compile the "
                    "model again with the cnnc of this runtime",
                    model->abi, CNN_ABI);
  if (model->parameter_count > CNN_PARAMETERS_MAX)
    return cnn_fail(error, CNN_EXIT_FAILED, "%d parameters are too many; a model may have %d",
                    model->parameter_count, CNN_PARAMETERS_MAX);
  const char *missing = missing_instructions(model->target);
  if (missing)
    return cnn_fail(
        error, CNN_EXIT_FAILED,
        "this processor does not have %s; compile the model with --target native or scalar",
        missing);
  char names[512] = "";
  cnn_text text = {.data = names, .size = sizeof names};
  if (model->instructions) cnn_instructions_missing(&text, *model->instructions);
  return text.used == 0 ||
         cnn_fail(error, CNN_EXIT_FAILED,
                  "this processor does not have %s, which the C compiler was allowed to use "
                  "(-march=native); compile the program on this machine, or build it with --target "
                  "avx2, avx512 or scalar",
                  names);
}

static void print_help(const cnn_model *model, FILE *out) {
  fprintf(out, "Usage: %s COMMAND [OPTION...]\n\n", model->name);
  for (int i = 0; i < COMMAND_COUNT; i++)
    fprintf(out, "  %-10s  %s\n", COMMANDS[i].name, COMMANDS[i].text);
  fprintf(out, "\n`%s COMMAND --help` lists the options of a command.\n", model->name);
}

static bool run_command(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  char title[256];
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(argv[1], COMMANDS[i].name) != 0) continue;
    snprintf(title, sizeof title, "%s %s", model->name, COMMANDS[i].name);
    argv[1] = title;
    argp_err_exit_status = CNN_EXIT_USAGE;
    return check_machine(model, error) && COMMANDS[i].run(model, argc - 1, argv + 1, error);
  }
  return cnn_fail(error, CNN_EXIT_USAGE, "unknown command '%s'; `%s --help` lists the commands",
                  argv[1], model->name);
}

/* However the program ends (--help does so by itself): what could not be written is a failure. For
   on_exit, an extension of glibc that passes the exit code. */
static void check_stdout(int code, void *model) {
  if ((fflush(stdout) == 0 && !ferror(stdout)) || code != CNN_EXIT_DONE) return;
  fprintf(stderr, "%s: cannot write standard output: %s\n", ((const cnn_model *)model)->name,
          strerror(errno));
  _exit(CNN_EXIT_FAILED);
}

int cnn_main(const cnn_model *model, int argc, char **argv) {
  cnn_error error = {0};
  on_exit(check_stdout, (void *)model);
  signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error as any other */
  if (argc < 2) {
    print_help(model, stderr);
    return CNN_EXIT_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
      strcmp(argv[1], "help") == 0) {
    print_help(model, stdout);
    return CNN_EXIT_DONE;
  }
  run_command(model, argc, argv, &error);
  if (error.message[0]) { /* names of files may have any bytes */
    char *text = cnn_text_utf8(error.message);
    fprintf(stderr, "%s: %s\n", model->name, text ? text : error.message);
    free(text);
  }
  return (int)error.code;
}
