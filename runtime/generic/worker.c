/* The worker of the race (protocol: commands/worker.h): synthetic data, and steps of the net. */
#include "commands/worker.h"
#include "blas.h"
#include "generic.h"

#include <stdio.h>

/* Pixels as a normalised data set would have them, and every label in turn. */
static void synthetic(Net *net, int32_t *labels) {
  for (size_t i = 0; i < net->images->count; i++)
    net->images->data[i] = (float)(4 * random_unit(7, i) - 2);
  for (int i = 0; i < net->batch; i++) labels[i] = i % net->output->dim[1];
}

typedef struct Work {
  Net *net;
  int32_t *labels; /* net->batch */
} Work;

static void step(void *context, bool train, int count) {
  const Work *work = context;
  net_forward(work->net, count, train ? work->labels : NULL);
  if (!train) return;
  net_backward(work->net);
  net_update(work->net);
}

int worker_run(Net *net) {
  int32_t labels[net->batch];
  synthetic(net, labels);
  printf("ready {\"engine\":\"generic\",\"mode\":\"im2col\",\"version\":\"%s\",\"threads\":%d}\n",
         blas_name(), net->threads);
  cnn_error error = {0};
  const cnn_worker worker = {
      .step = step, .context = &(Work){net, labels}, .batch = net->batch, .remedy = "give"};
  cnn_worker_serve(&worker, &error);
  if (error.message[0]) fprintf(stderr, "cnn-generic: %s\n", error.message);
  return (int)error.code;
}
