/* The state of a training, state.safetensors: resumed from it, a training has the results of an
   uninterrupted one, and one that is complete may go on with more epochs. The file contains all of
   the state, weights too: it is replaced in one step, so its parts always fit each other. */
#ifndef CNN_RESUME_H
#define CNN_RESUME_H

#include "core/cnn.h"
#include "report/metrics.h"
#include "train/best.h"
#include "train/rate.h"
#include "train/safetensors.h"

/* Sums over the images of an epoch so far. */
typedef struct cnn_tally {
  double loss, seconds;
  int64_t images, right;
} cnn_tally;

typedef struct cnn_resume {
  int64_t step;    /* updates done */
  int epochs_done; /* whole ones; the update after them is step epochs_done * steps_per_epoch */
  cnn_tally tally; /* of the current epoch */
  double lr;       /* of the recipe, or as a plateau schedule has lowered it */
  cnn_plateau plateau;
  cnn_best best;

  /* Settings of the run, and a checksum of its data set. */
  int64_t seed, data;
  int epochs, batch, limit, no_shuffle, overfit;
  double split;
  int best_by, patience; /* best.h */
  const char *frozen;    /* layers of --freeze, "" for none. Not set by cnn_resume_open */
} cnn_resume;

/* The arrays of the file; in the program's own precision, so that no bit changes. */
typedef struct cnn_resume_blocks {
  void *parameters, *optimizer, *average; /* average: NULL without one */
  cnn_metrics *rows;                      /* [epochs_done] */
  double *history;                        /* scratch for the rows, cnn_resume_history_bytes */
} cnn_resume_blocks;

/* Whether there is nothing left to do, but with more epochs or more patience. */
bool cnn_resume_is_complete(const cnn_resume *resume);

size_t cnn_resume_history_bytes(int epochs);

/* Replaces the file; header: scratch of CNN_RESUME_HEADER_BYTES. Allocates nothing. */
bool cnn_resume_save(const char *path, const cnn_model *model, const cnn_resume *resume,
                     const cnn_resume_blocks *blocks, cnn_text *header, cnn_error *error);
enum { CNN_RESUME_HEADER_BYTES = 8192 };

/* The layers that the run froze, which the caller frees: before cnn_resume_open, which wants the
   model with these. */
bool cnn_resume_frozen(const char *path, char **frozen, cnn_error *error);

/* Opens the file for cnn_resume_load and reads all but the blocks; the caller closes it if this is
   true. A file of another model, or of this one with parameters at other offsets, is rejected. */
bool cnn_resume_open(cnn_safetensors *file, const char *path, const cnn_model *model,
                     cnn_resume *resume, cnn_error *error);
bool cnn_resume_load(const cnn_safetensors *file, const char *path, const cnn_model *model,
                     const cnn_resume *resume, const cnn_resume_blocks *blocks, cnn_error *error);

#endif
