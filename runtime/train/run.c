#include "train/run.h"

#include "data/files.h"
#include "train/resume.h"
#include "train/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char *cnn_default_run(const cnn_model *model, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "runs/%s", model->run);
  return path;
}

const char *cnn_default_weights(const cnn_model *model, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "runs/%s/last.safetensors", model->run);
  return path;
}

typedef enum owner { NOBODY, THIS_MODEL, ANOTHER_MODEL } owner;

/* The file's owner by its metadata `key`. ANOTHER_MODEL sets `error`; NOBODY sets `unreadable` if
   the file exists but cannot be read. */
static owner owner_of(const cnn_run *run, const char *path, const char *key, cnn_error *unreadable,
                      cnn_error *error) {
  cnn_safetensors file;
  if (access(path, F_OK) != 0 || !cnn_safetensors_open(&file, path, unreadable)) return NOBODY;
  const char *maker = cnn_safetensors_metadata(&file, key);
  owner found = !maker ? NOBODY : strcmp(maker, run->model->name) == 0 ? THIS_MODEL : ANOTHER_MODEL;
  if (found == ANOTHER_MODEL)
    cnn_fail(error, CNN_EXIT_USAGE,
             "--out %s: holds a run of another model, %.200s; choose another folder", run->folder,
             maker);
  cnn_safetensors_close(&file);
  return found;
}

/* All that a training writes into its folder. */
enum { RUN_FILES = 6 };
static void list_files(const cnn_run *run, const char *paths[RUN_FILES]) {
  const char *const all[RUN_FILES] = {run->checkpoint, run->best,   run->average,
                                      run->metrics,    run->curves, run->state};
  memcpy(paths, all, sizeof all);
}

/* Either of two files names the model, so that a run with a damaged one is still its own. */
static bool check_owner(const cnn_run *run, cnn_error *error) {
  cnn_error unreadable = {0};
  owner checkpoint = owner_of(run, run->checkpoint, "model", &unreadable, error);
  owner state = owner_of(run, run->state, "state_of", &unreadable, error);
  if (checkpoint == ANOTHER_MODEL || state == ANOTHER_MODEL) return false;
  if (checkpoint == THIS_MODEL || state == THIS_MODEL) return true;
  if (unreadable.code)
    return cnn_fail(error, unreadable.code,
                    "--out %s: choose another folder, or move away what cannot be read: %s",
                    run->folder, unreadable.message);
  const char *paths[RUN_FILES];
  list_files(run, paths);
  for (int i = 0; i < RUN_FILES; i++)
    if (access(paths[i], F_OK) == 0)
      return cnn_fail(error, CNN_EXIT_USAGE,
                      "--out %s: holds %s, which no training of %s has written; choose another "
                      "folder",
                      run->folder, strrchr(paths[i], '/') + 1, run->model->name);
  return true;
}

bool cnn_run_open(cnn_run *run, const cnn_model *model, const char *folder, cnn_error *error) {
  run->model = model;
  run->folder = folder;
  if (strlen(folder) > PATH_MAX - 64)
    return cnn_fail(error, CNN_EXIT_USAGE, "--out %s: the name is too long", folder);
  snprintf(run->checkpoint, sizeof run->checkpoint, "%s/last.safetensors", folder);
  snprintf(run->best, sizeof run->best, "%s/best.safetensors", folder);
  snprintf(run->average, sizeof run->average, "%s/ema.safetensors", folder);
  snprintf(run->metrics, sizeof run->metrics, "%s/metrics.csv", folder);
  snprintf(run->curves, sizeof run->curves, "%s/curves.svg", folder);
  snprintf(run->state, sizeof run->state, "%s/state.safetensors", folder);
  return check_owner(run, error);
}

bool cnn_run_exists(const cnn_run *run) {
  const char *paths[RUN_FILES];
  list_files(run, paths);
  for (int i = 0; i < RUN_FILES; i++)
    if (access(paths[i], F_OK) == 0) return true;
  return false;
}

bool cnn_run_make(cnn_run *run, cnn_error *error) {
  if (!cnn_make_folder(run->folder, error)) return false;
  if (access(run->folder, W_OK) != 0)
    return cnn_fail(error, CNN_EXIT_FAILED, "--out %s: cannot write there: %s", run->folder,
                    strerror(errno));
  int lock = open(run->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0) {
    run->lock = lock < 0 ? 0 : lock;
    return true;
  }
  bool taken = errno == EWOULDBLOCK;
  close(lock);
  if (!taken) return true; /* a file system without locks */
  return cnn_fail(error, CNN_EXIT_USAGE,
                  "--out %s: another training writes there; wait for it or choose another folder",
                  run->folder);
}

void cnn_run_close(cnn_run *run) {
  if (run->lock > 0) close(run->lock);
  run->lock = 0;
}

bool cnn_run_spared(const cnn_run *run, const char *log, cnn_error *error) {
  const char *slash = strrchr(log, '/'), *name = slash ? slash + 1 : log;
  char folder[PATH_MAX];
  const char *paths[RUN_FILES];
  list_files(run, paths);
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - log) : 1, slash ? log : ".");
  if (!cnn_file_is_same(folder, run->folder)) return true;
  for (int i = 0; i < RUN_FILES; i++)
    if (strcmp(strrchr(paths[i], '/') + 1, name) == 0)
      return cnn_fail(error, CNN_EXIT_USAGE,
                      "--log-steps %s: the training writes a file of its own there; choose another "
                      "name",
                      log);
  return true;
}

size_t cnn_run_text_bytes(const cnn_model *model, const char *classes, int epochs) {
  size_t header = cnn_checkpoint_header_bytes(model, classes);
  size_t text = cnn_metrics_text_bytes(epochs);
  if (header < CNN_RESUME_HEADER_BYTES) header = CNN_RESUME_HEADER_BYTES;
  return header > text ? header : text;
}

/* The checkpoint first: a folder with metrics always has a file with the model's name. */
bool cnn_run_save(cnn_run *run, void *parameters, void *average, const cnn_checkpoint *checkpoint,
                  const cnn_metrics *rows, int count, bool best, cnn_error *error) {
  cnn_text *text = &run->text;
  if (!cnn_checkpoint_save(run->checkpoint, run->model, parameters, checkpoint, text, error))
    return false;
  if (!average)
    unlink(run->average);
  else if (!cnn_checkpoint_save(run->average, run->model, average, checkpoint, text, error))
    return false;
  if (!best) unlink(run->best);
  cnn_metrics_csv(text, rows, count);
  if (!cnn_file_replace(run->metrics, text->data, text->used, error)) return false;
  if (count == 0) {
    unlink(run->curves); /* of an earlier run */
    return true;
  }
  cnn_metrics_chart(text, run->model->run, rows, count);
  return cnn_file_replace(run->curves, text->data, text->used, error);
}
