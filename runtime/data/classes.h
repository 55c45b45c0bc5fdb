/* Names of classes. A text has one a line, in the order of the labels. */
#ifndef CNN_CLASSES_H
#define CNN_CLASSES_H

#include "core/cnn.h"
#include "core/error.h"

typedef struct cnn_class_names {
  const char **names; /* [classes]; "" where there is no name */
  int count;          /* how many are named */
  char *text, *lines; /* the text, NULL without one; and a copy, which the names point into */
} cnn_class_names;

/* Those of a text, or none for NULL. where: whose text it is, for messages. */
bool cnn_class_names_split(cnn_class_names *classes, const cnn_model *model, const char *text,
                           const char *where, cnn_error *error);

/* The first class that `other` names otherwise; -1: none. A text that names no classes agrees with
   all. */
int cnn_class_names_difference(const cnn_class_names *classes, const cnn_class_names *other);

/* From the file `path`, which names all classes; or, where that is NULL, from classes.txt in
   `folder` (which may be NULL) if there is one, which must agree with `text`; else those of `text`,
   as above. */
bool cnn_class_names_load(cnn_class_names *classes, const cnn_model *model, const char *folder,
                          const char *path, const char *text, const char *where, cnn_error *error);
void cnn_class_names_release(cnn_class_names *classes);

#endif
