/* The files that `eval` writes. */
#ifndef CNN_EVAL_FILES_H
#define CNN_EVAL_FILES_H

#include "report/classification.h"

#include <argp.h>

/* Their names; NULL: not wanted. "-" is standard output. */
typedef struct cnn_eval_files {
  const char *json, *csv, *confusion, *calibration, *logits;
} cnn_eval_files;

/* Ends the program after a usage error: names that lead to one file, or whose end does not fit what
   they will hold. */
void cnn_eval_files_check(const cnn_eval_files *files, const struct argp_state *state);

/* Whether standard output is for one of the files alone. */
bool cnn_eval_files_use_stdout(const cnn_eval_files *files);

/* False, and a message, if a file would overwrite the checkpoint. */
bool cnn_eval_files_spare(const cnn_eval_files *files, const char *weights, cnn_error *error);

/* logits: [images][classes], and labels [images]; NULL if there is no such file. */
bool cnn_eval_files_write(const cnn_eval_files *files, const cnn_classification_report *report,
                          const float *logits, const int32_t *labels, cnn_error *error);

#endif
