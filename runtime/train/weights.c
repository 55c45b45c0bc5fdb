#include "train/weights.h"

#include "data/load.h"
#include "train/checkpoint.h"

/* The normalisation for a checkpoint that has none. */
static bool choose_normalization(cnn_checkpoint *checkpoint, const cnn_model *model,
                                 const char *path, const char *folder, cnn_error *error) {
  cnn_dataset training = {0};
  bool measure = model->recipe->normalize_from_dataset;
  if (measure && !folder)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: has no normalisation (metadata 'mean' and 'deviation'); give the folder "
                    "of the data set, whose training part determines it",
                    path);
  if (measure && !cnn_dataset_load(&training, model, folder, "train", 0, error)) return false;
  checkpoint->normalization = cnn_dataset_normalization(&training, model);
  cnn_dataset_release(&training);
  return true;
}

bool cnn_weights_load(cnn_session *session, const char *path, const char *folder,
                      cnn_error *error) {
  const cnn_model *model = session->model;
  cnn_checkpoint checkpoint;
  if (!cnn_checkpoint_load(path, model, session->state.parameters, &checkpoint, error))
    return false;
  if (checkpoint.normalization.channels == 0 &&
      !choose_normalization(&checkpoint, model, path, folder, error))
    return false;
  cnn_session_normalize(session, &checkpoint.normalization);
  return true;
}
