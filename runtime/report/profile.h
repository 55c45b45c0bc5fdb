/* Where the time of a step goes, node by node. */
#ifndef CNN_PROFILE_H
#define CNN_PROFILE_H

#include "core/cnn.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct cnn_profile_row {
  const char *layer, *op;
  cnn_pass pass;
  double seconds;      /* median of the steps */
  double flops, bytes; /* of a step, by definition (cnn_cost) */
} cnn_profile_row;

typedef struct cnn_profile_result {
  const char *net;
  bool infer;
  int count, threads, steps;
  double step_seconds;             /* median of the steps without an observer */
  double fma_peak;                 /* FLOP/s of the machine */
  const char *instructions;        /* of the peak */
  double bandwidth;                /* bytes/s that it reads from memory */
  const cnn_profile_row *rows;     /* in the order of the step */
  const cnn_profile_row **slowest; /* the same, the slowest first */
  int row_count;
} cnn_profile_result;

const char *cnn_pass_name(cnn_pass pass);

/* The sum of the rows of a pass; of all rows without one. */
enum { CNN_ALL_PASSES = -1, CNN_PASS_COUNT = CNN_UPDATE + 1 };
cnn_profile_row cnn_profile_sum(const cnn_profile_result *result, int pass);

/* Prints the `most` slowest nodes, a line a pass, and the sum compared with a plain step. */
void cnn_profile_table(const cnn_profile_result *result, int most, FILE *out);

/* The first `most` nodes, in the order of the step. */
void cnn_profile_csv(cnn_text *text, const cnn_profile_result *result, int most);

/* SVG: a bar for each of the `most` slowest nodes, one for all others. */
void cnn_profile_chart(cnn_text *text, const cnn_profile_result *result, int most);

#endif
