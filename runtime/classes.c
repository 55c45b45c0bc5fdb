#include "classes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

static bool read_names(cnn_class_names *classes, const cnn_model *model, const char *path,
                       cnn_error *error) {
  FILE *file = fopen(path, "r");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  size_t length = fread(classes->text, 1, TEXT_MAX - 1, file);
  fclose(file);
  classes->text[length] = '\0';
  char *rest = classes->text, *line;
  int count = 0;
  while ((line = strsep(&rest, "\n")) != NULL) {
    line[strcspn(line, "\r")] = '\0';
    if (*line == '\0' && rest == NULL) break;
    if (count < model->classes) classes->names[count] = line;
    count++;
  }
  if (count == model->classes) return true;
  return cnn_fail(error, CNN_EXIT_DATA, "%s: %d lines, but %s has %d classes; give one name a line",
                  path, count, model->name, model->classes);
}

bool cnn_class_names_load(cnn_class_names *classes, const cnn_model *model, const char *folder,
                          const char *path, cnn_error *error) {
  static char nothing[] = "";
  char beside[4096];
  classes->text = malloc(TEXT_MAX);
  classes->names = calloc((size_t)model->classes, sizeof *classes->names);
  if (!classes->text || !classes->names)
    return cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  for (int i = 0; i < model->classes; i++) classes->names[i] = nothing;
  if (!path && folder) {
    snprintf(beside, sizeof beside, "%s/classes.txt", folder);
    if (access(beside, F_OK) == 0) path = beside;
  }
  if (!path || read_names(classes, model, path, error)) return true;
  cnn_class_names_release(classes);
  return false;
}

void cnn_class_names_release(cnn_class_names *classes) {
  free(classes->names);
  free(classes->text);
  *classes = (cnn_class_names){0};
}
