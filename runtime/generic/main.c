/* The command line of cnn-generic. */
#include "blas.h"
#include "generic.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static const char help[] =
    "Usage: cnn-generic GRAPH.json step|infer --trace IN.safetensors --out OUT.safetensors\n"
    "       cnn-generic GRAPH.json worker\n"
    "Interprets a network exported by `cnnc export`, without compiling it.\n"
    "\n"
    "  step              one forward and backward pass: reads parameters, images, labels, scale "
    "and\n"
    "                    shift, writes the loss, every value, running statistics and every\n"
    "                    trained parameter's gradient\n"
    "  infer             inference: reads the same and running statistics, writes every value\n"
    "  worker            takes 'run train|infer COUNT STEPS' and 'quit' on its input, for\n"
    "                    `cnnc bench`\n"
    "\n"
    "  --trace FILE      what `PROGRAM trace` wrote\n"
    "  --out FILE        where the results go\n"
    "  --batch N         images a step, instead of the graph's\n"
    "  --threads N       threads (1)\n"
    "  --seed N          of the parameters of a worker (1)\n"
    "  --version, --help\n";

static int usage(const char *message, const char *what) {
  fprintf(stderr, "cnn-generic: %s%s; see cnn-generic --help\n", message, what);
  return EXIT_USAGE;
}

/* A positive number, or -1. */
static int positive(const char *text) {
  char *end;
  const long number = strtol(text, &end, 10);
  return *end == '\0' && number > 0 && number < 1 << 30 ? (int)number : -1;
}

/* Denormal numbers are slow and mean nothing here; the other engines flush them too. */
static void flush_denormals(void) {
#if defined(__SSE__)
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
}

int main(int argc, char **argv) {
  enum { TRACE = 256, OUT, BATCH, THREADS, SEED, VERSION, HELP };
  static const struct option options[] = {
      {"trace", required_argument, NULL, TRACE}, {"out", required_argument, NULL, OUT},
      {"batch", required_argument, NULL, BATCH}, {"threads", required_argument, NULL, THREADS},
      {"seed", required_argument, NULL, SEED},   {"version", no_argument, NULL, VERSION},
      {"help", no_argument, NULL, HELP},         {NULL, 0, NULL, 0}};
  const char *trace = NULL, *out = NULL;
  int batch = 0, threads = 1, seed = 1;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
    case TRACE:
      trace = optarg;
      break;
    case OUT:
      out = optarg;
      break;
    case BATCH:
      batch = positive(optarg);
      break;
    case THREADS:
      threads = positive(optarg);
      break;
    case SEED:
      seed = positive(optarg);
      break;
    case VERSION:
      printf("cnn-generic " CNNC_VERSION ", %s\n", blas_name());
      return EXIT_DONE;
    case HELP:
      fputs(help, stdout);
      return EXIT_DONE;
    default:
      return EXIT_USAGE;
    }
    if (batch < 0 || threads < 0 || seed < 0) return usage("not a positive number: ", optarg);
  }
  if (argc - optind != 2) return usage("wants GRAPH.json and step, infer or worker", "");
  const char *path = argv[optind], *mode = argv[optind + 1];
  const bool step = strcmp(mode, "step") == 0, infer = strcmp(mode, "infer") == 0;
  const bool worker = strcmp(mode, "worker") == 0;
  if (!step && !infer && !worker) return usage("no such mode: ", mode);
  if (!worker && (!trace || !out)) return usage(mode, " wants --trace and --out");

#ifndef _OPENMP
  if (threads > 1) fprintf(stderr, "cnn-generic: built without OpenMP; runs on one thread\n");
  threads = 1;
#endif
  blas_start();
  flush_denormals();
  Net *net = net_load(path, batch);
  if (!net) return EXIT_MODEL;
  int code = EXIT_FAILED;
  if (!net_allocate(net, threads)) {
    fprintf(stderr, "cnn-generic: not enough memory for %d images; give a smaller --batch\n",
            net->batch);
  } else {
    net_initialize(net, (uint64_t)seed);
    code = step    ? trace_step(net, trace, out)
           : infer ? trace_infer(net, trace, out)
                   : worker_run(net);
  }
  net_free(net);
  return code;
}
