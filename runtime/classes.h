/* Names of classes, from a text file with one name a line. */
#ifndef CNN_CLASSES_H
#define CNN_CLASSES_H

#include "cnn.h"
#include "error.h"

typedef struct cnn_class_names {
  char **names; /* [classes]; "" where there is no name */
  char *text;
} cnn_class_names;

/* From `path`; or, where that is NULL, from classes.txt in `folder` (which may be NULL) if there is
   one. */
bool cnn_class_names_load(cnn_class_names *classes, const cnn_model *model, const char *folder,
                          const char *path, cnn_error *error);
void cnn_class_names_release(cnn_class_names *classes);

#endif
