/* Whether a safetensors file has the parameters of a model. */
#ifndef CNN_CHECKPOINT_MATCH_H
#define CNN_CHECKPOINT_MATCH_H

#include "core/cnn.h"
#include "core/error.h"
#include "train/safetensors.h"

/* The parameter as a tensor; its data in the block `parameters`, or NULL if that is NULL. */
void cnn_checkpoint_describe(cnn_tensor *tensor, const cnn_model *model,
                             const cnn_parameter *parameter, void *parameters);

/* Wrappers of PyTorch put their own scope in front of all names: "module." (DataParallel),
   "_orig_mod." (torch.compile), "model." (Lightning). If that is all that keeps the file's names
   from being the model's, the file's tensors lose it. Returns it, `length` characters, or NULL if
   there is none. */
const char *cnn_checkpoint_strip_prefix(cnn_safetensors *file, const cnn_model *model, int *length);

/* Fails with the first differences unless the file has all parameters in their shapes, and nothing
   else but PyTorch's counters of batches and of averages. The layers of `reinit`, which must exist
   in the model or in the file, may differ; if it is not NULL, the message recommends --reinit. */
bool cnn_checkpoint_match(const cnn_safetensors *file, const char *path, const cnn_model *model,
                          const char *reinit, cnn_error *error);

#endif
