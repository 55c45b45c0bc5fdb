/* A session with the weights of a checkpoint. */
#ifndef CNN_WEIGHTS_H
#define CNN_WEIGHTS_H

#include "core/error.h"
#include "core/session.h"

/* Loads a checkpoint and its normalisation into an open session. A file without normalisation (made
   by another program) gets the recipe's; if that is measured, it is measured on the training part
   in `folder`. folder: NULL if there is none. */
bool cnn_weights_load(cnn_session *session, const char *checkpoint, const char *folder,
                      cnn_error *error);

#endif
