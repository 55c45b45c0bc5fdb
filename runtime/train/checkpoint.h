/* Checkpoints: a model's parameters as a safetensors file, under the names and in the shapes that
   PyTorch has for them, and metadata that eval and predict need. */
#ifndef CNN_CHECKPOINT_H
#define CNN_CHECKPOINT_H

#include "core/cnn.h"
#include "core/error.h"
#include "core/normalization.h"
#include "core/text.h"

/* More than any model has; cnn_main rejects those with more. */
enum { CNN_PARAMETERS_MAX = 25000 };

typedef struct cnn_checkpoint {
  int epoch; /* epochs done */
  uint64_t seed;
  cnn_normalization normalization; /* channels 0: not in the file */
  const char *classes;             /* their names, one a line; NULL: not known, or only read */
} cnn_checkpoint;

/* Bytes that cnn_checkpoint_save needs for its header. */
size_t cnn_checkpoint_header_bytes(const cnn_model *model, const char *classes);

/* Replaces the file; allocates nothing. */
bool cnn_checkpoint_save(const char *path, const cnn_model *model, void *parameters,
                         const cnn_checkpoint *checkpoint, cnn_text *header, cnn_error *error);

/* Fills the parameter block; F32, F64, F16 and BF16 are converted as needed. A file whose names or
   shapes are not the model's is rejected with the first differences, and so is one with damaged or
   infinite numbers. PyTorch's counters of batches (num_batches_tracked) are ignored. */
bool cnn_checkpoint_load(const char *path, const cnn_model *model, void *parameters,
                         cnn_checkpoint *checkpoint, cnn_error *error);

/* The same, except for the layers of `reinit`: names with commas between ("fc" or "aux1,aux2"), ""
   or NULL for none. Their parameters stay as they are, whatever the file has. With "" a message
   about differences recommends --reinit. */
bool cnn_checkpoint_load_but(const char *path, const cnn_model *model, const char *reinit,
                             void *parameters, cnn_checkpoint *checkpoint, cnn_error *error);

/* The names of classes in the file, one a line, or NULL; the caller frees them. */
bool cnn_checkpoint_classes(const char *path, const cnn_model *model, char **classes,
                            cnn_error *error);

#endif
