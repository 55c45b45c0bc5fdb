/* A model with memory, a batch and settings: what every command that computes starts from. First
   cnn_session_plan, then other wishes for session->storage, then cnn_session_open. */
#ifndef CNN_SESSION_H
#define CNN_SESSION_H

#include "core/cnn.h"
#include "data/dataset.h"
#include "core/storage.h"

typedef enum cnn_purpose { CNN_TO_INFER, CNN_TO_TRAIN } cnn_purpose;

typedef struct cnn_session {
  const cnn_model *model;
  cnn_storage storage;
  cnn_state state; /* settings of the recipe */
  cnn_normalization normalization;
  cnn_batch batch;        /* for cnn_session_fill; images and labels are the two below */
  const uint8_t **images; /* [model->batch] */
  int32_t *labels;
  float *logits;          /* [model->batch][classes] */
  uint8_t *mirrored;      /* [model->batch] images, for cnn_session_infer; or NULL */
  float *mirrored_logits; /* theirs */
} cnn_session;

/* threads: 0 for one on every processor that this process may use. Says on stderr if the program
   can only use one. */
void cnn_session_plan(cnn_session *session, const cnn_model *model, cnn_purpose purpose,
                      int threads);

/* Between plan and open: cnn_session_infer looks at mirror images, too. */
void cnn_session_plan_mirror(cnn_session *session);

bool cnn_session_open(cnn_session *session, cnn_error *error);
void cnn_session_close(cnn_session *session);

/* The normalisation of the recipe, measured on the training set if the recipe says so. */
cnn_normalization cnn_session_normalization(const cnn_model *model, const cnn_dataset *training);

/* What the network is given from now on. */
void cnn_session_normalize(cnn_session *session, const cnn_normalization *normalization);

/* Loads a checkpoint and its normalisation into an open session. A file without normalisation (made
   by another program) gets the recipe's; if that is the training set's own, the one in `folder` is
   measured. folder: NULL if there is none. */
bool cnn_session_load(cnn_session *session, const char *checkpoint, const char *folder,
                      cnn_error *error);

/* Puts images order[first], order[first + 1], ... of the data set into the batch, with their labels
   if they have any; order NULL: first, first + 1, ... */
void cnn_session_fill(cnn_session *session, const cnn_dataset *dataset, const uint32_t *order,
                      int64_t first, int count);

/* Logits and classes of the images in the batch; with mirror images, logits are means over an image
   and its mirror image, left and right. */
void cnn_session_infer(cnn_session *session);

/* Random bytes and labels, from the seed, in memory that the caller has taken: images
   [count][C][H][W] of bytes below `levels`, labels [count]. */
void cnn_session_fill_random(cnn_session *session, uint8_t *images, int count, int levels,
                             uint64_t seed);

/* Bytes of one image. */
size_t cnn_image_bytes(const cnn_model *model);

#endif
