/* The folder of a training run: state.safetensors (resume.h) from its start, and after the first
   epoch last.safetensors, best.safetensors, metrics.csv, curves.svg. */
#ifndef CNN_RUN_H
#define CNN_RUN_H

#include "report/metrics.h"
#include "train/checkpoint.h"

#include <limits.h>

typedef struct cnn_run {
  const cnn_model *model;
  const char *folder;
  char checkpoint[PATH_MAX], best[PATH_MAX], average[PATH_MAX], metrics[PATH_MAX];
  char curves[PATH_MAX], state[PATH_MAX];
  cnn_text text; /* scratch of cnn_run_text_bytes */
  int lock;      /* file descriptor of the folder while it is ours; 0: none */
} cnn_run;

/* runs/<run>, the name of the model's runs */
const char *cnn_default_run(const cnn_model *model, char path[PATH_MAX]);
/* runs/<run>/last.safetensors */
const char *cnn_default_weights(const cnn_model *model, char path[PATH_MAX]);

/* A folder that exists may hold none of the files, or a run of the same model; anything else is
   rejected. */
bool cnn_run_open(cnn_run *run, const cnn_model *model, const char *folder, cnn_error *error);

/* Whether the folder holds a run. */
bool cnn_run_exists(const cnn_run *run);

/* Makes the folder and locks it; an error while another training writes there. */
bool cnn_run_make(cnn_run *run, cnn_error *error);
void cnn_run_close(cnn_run *run);

/* False, and a message, if `log` has the name of one of the files of the run, which is made. */
bool cnn_run_spared(const cnn_run *run, const char *log, cnn_error *error);

/* classes: the names that the checkpoint will contain, or NULL. */
size_t cnn_run_text_bytes(const cnn_model *model, const char *classes, int epochs);

/* Replaces the files but the state and the best weights, and ema.safetensors if there are averaged
   weights (else NULL; one of an earlier run goes away). best: whether this run has a best epoch; if
   not, best.safetensors of an earlier run goes away. Allocates nothing. */
bool cnn_run_save(cnn_run *run, void *parameters, void *average, const cnn_checkpoint *checkpoint,
                  const cnn_metrics *rows, int count, bool best, cnn_error *error);

#endif
