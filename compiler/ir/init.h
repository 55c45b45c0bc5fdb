/* Initial values of parameters. */
#ifndef CNNC_INIT_H
#define CNNC_INIT_H

#include "ir/graph.h"

/* "he_uniform" and so on: as in nn.he_uniform{}. */
const char *init_name(InitKind kind);

/* Inputs that one output of a parameter [O,I,kH,kW] or [O,I] sees, and outputs that one input
   reaches, as torch.nn.init counts them. */
int64_t init_fan_in(const Value *parameter);
int64_t init_fan_out(const Value *parameter);

/* The parameter's initialiser as one of INIT_ZEROS, INIT_CONSTANT, INIT_UNIFORM (the scale is the
   bound), INIT_NORMAL and INIT_TRUNCATED_NORMAL (the scale is the deviation): Glorot and Bengio
   2010, gain sqrt(6 / (fan_in + fan_out)) and sqrt(2 / (fan_in + fan_out)); He et al. 2015, gain
   sqrt(3 / fan_in) and sqrt(1 / fan_in), or the same with fan_out. */
Init init_resolve(const Value *parameter);

#endif
