/* How much arithmetic a network needs. */
#ifndef CNNC_FLOPS_H
#define CNNC_FLOPS_H

#include <stdbool.h>

/* Of a network, from the file that `cnnc export` wrote. Floating-point operations are for one
   image: two for each multiply-add of convolutions and linear layers as their definition has them,
   whatever an algorithm saves. Training counts forward, gradient of weights and gradient of inputs,
   the last only where a parameter stands before the layer. */
typedef struct NetFacts {
  char name[128];
  int batch;
  double infer_flops, train_flops;
} NetFacts;

/* False with a message on standard error if the file is not an exported graph. */
bool net_facts(const char *path, NetFacts *facts);

#endif
