#include "commands/eval_files.h"

#include "data/files.h"
#include "train/safetensors.h"

#include <stdlib.h>
#include <string.h>

enum { FILES = 5 };

static void list(const cnn_eval_files *files, const char *paths[FILES]) {
  const char *const all[FILES] = {files->json, files->csv, files->confusion, files->calibration,
                                  files->logits};
  memcpy(paths, all, sizeof all);
}

static bool ends_in(const char *path, const char *end) {
  const size_t length = strlen(path), tail = strlen(end);
  return length > tail && strcmp(path + length - tail, end) == 0;
}

void cnn_eval_files_check(const cnn_eval_files *files, const struct argp_state *state) {
  const char *paths[FILES];
  list(files, paths);
  for (int i = 0; i < FILES; i++)
    for (int j = 0; j < i; j++)
      if (paths[i] && paths[j] && strcmp(paths[i], paths[j]) == 0)
        argp_error(state, "%s: two outputs cannot have one name; choose another for one", paths[i]);
  if (files->confusion && !ends_in(files->confusion, ".csv") && !ends_in(files->confusion, ".svg"))
    argp_error(state, "--confusion %s: the name must end in .csv (a table) or .svg (a picture)",
               files->confusion);
  if (files->calibration && !ends_in(files->calibration, ".svg"))
    argp_error(state, "--calibration %s: the name must end in .svg", files->calibration);
  if (files->logits && !ends_in(files->logits, ".safetensors"))
    argp_error(state, "--logits %s: the name must end in .safetensors", files->logits);
}

bool cnn_eval_files_use_stdout(const cnn_eval_files *files) {
  return (files->json && strcmp(files->json, "-") == 0) ||
         (files->csv && strcmp(files->csv, "-") == 0);
}

bool cnn_eval_files_spare(const cnn_eval_files *files, const char *weights, cnn_error *error) {
  const char *paths[FILES];
  list(files, paths);
  for (int i = 0; i < FILES; i++)
    if (!cnn_file_spares(paths[i], weights, error)) return false;
  return true;
}

static bool write_json(const char *path, const cnn_classification_report *report,
                       cnn_error *error) {
  char *text;
  if (!cnn_classification_json(&text, report))
    return cnn_fail(error, CNN_EXIT_FAILED, "no memory for %s", path);
  const size_t length = strlen(text);
  text[length] = '\n'; /* instead of the zero */
  const bool good = cnn_file_replace(path, text, length + 1, error);
  free(text);
  return good;
}

static bool write_logits(const char *path, const cnn_classification_report *report,
                         const float *logits, const int32_t *labels, cnn_error *error) {
  const int64_t images = report->of->images, classes = report->of->classes;
  const cnn_tensor tensors[] = {
      {"logits",
       CNN_DTYPE_F32,
       2,
       {images, classes},
       logits,
       (size_t)(images * classes) * sizeof *logits},
      {"labels", CNN_DTYPE_I32, 1, {images}, labels, (size_t)images * sizeof *labels}};
  const cnn_metadata metadata[] = {{"model", report->program}};
  cnn_text header = {0};
  cnn_safetensors_header(&header, tensors, 2, metadata, 1);
  header.size = header.used + 1;
  header.data = malloc(header.size);
  if (!header.data) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for %s", path);
  const bool good = cnn_safetensors_write(path, tensors, 2, metadata, 1, &header, error);
  free(header.data);
  return good;
}

bool cnn_eval_files_write(const cnn_eval_files *files, const cnn_classification_report *report,
                          const float *logits, const int32_t *labels, cnn_error *error) {
  const char *matrix = files->confusion, *curve = files->calibration;
  if (files->json && !write_json(files->json, report, error)) return false;
  if (files->csv && !cnn_file_write_text(files->csv, cnn_classification_csv, report, error))
    return false;
  if (matrix &&
      !cnn_file_write_text(matrix, ends_in(matrix, ".svg") ? cnn_confusion_svg : cnn_confusion_csv,
                           report, error))
    return false;
  if (curve && !cnn_file_write_text(curve, cnn_calibration_svg, report, error)) return false;
  return !files->logits || write_logits(files->logits, report, logits, labels, error);
}
