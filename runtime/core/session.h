/* A model with memory, a batch and settings: what every command that computes starts from. First
   cnn_session_plan, then other wishes for session->storage, then cnn_session_open. */
#ifndef CNN_SESSION_H
#define CNN_SESSION_H

#include "core/cnn.h"
#include "core/error.h"
#include "core/normalization.h"
#include "core/storage.h"

typedef enum cnn_purpose { CNN_TO_INFER, CNN_TO_TRAIN } cnn_purpose;

typedef struct cnn_session {
  const cnn_model *model;
  cnn_storage storage;
  cnn_state state; /* settings of the recipe */
  cnn_normalization normalization;
  cnn_batch batch;        /* its images and labels are the next two members */
  const uint8_t **images; /* [model->batch] */
  int32_t *labels;
  float *logits;          /* [model->batch][classes] */
  uint8_t *mirrored;      /* [model->batch] images, for cnn_session_infer; or NULL */
  float *mirrored_logits; /* theirs */
} cnn_session;

/* threads: 0 for one on every processor that this process may use (processors.h). Prints to stderr
   if the program can only use one. */
void cnn_session_plan(cnn_session *session, const cnn_model *model, cnn_purpose purpose,
                      int threads);

/* Between plan and open: cnn_session_infer infers mirror images, too. */
void cnn_session_plan_mirror(cnn_session *session);

/* Starts the threads (team.h), and allocates. */
bool cnn_session_open(cnn_session *session, cnn_error *error);
void cnn_session_close(cnn_session *session);

/* Sets what the network gets from now on. */
void cnn_session_normalize(cnn_session *session, const cnn_normalization *normalization);

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
