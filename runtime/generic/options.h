/* The command line of cnn-generic. */
#ifndef GENERIC_OPTIONS_H
#define GENERIC_OPTIONS_H

typedef enum Mode { MODE_STEP, MODE_INFER, MODE_WORKER } Mode;

typedef struct Options {
  const char *graph; /* what `cnnc export` wrote */
  Mode mode;
  const char *trace, *out; /* safetensors files; NULL for a worker */
  int batch;               /* 0: the graph's */
  int threads, seed;
} Options;

/* Ends the program after a usage error, --help and --version. */
Options options_parse(int argc, char **argv);

#endif
