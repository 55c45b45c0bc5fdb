/* Where cnnc's companions are: in the build tree, or in the installed tree, which may have
   moved. */
#ifndef CNNC_LOCATE_H
#define CNNC_LOCATE_H

#include "driver/arena.h"

typedef struct Paths {
  const char *include;                /* folder of cnn.h */
  const char *library;                /* folder of libcnn.a */
  const char *models;                 /* folder of the zoo */
  const char *peers;                  /* folder of the race's workers in Python */
  const char *cnnc, *bench, *generic; /* programs: cnnc, cnnc-bench, cnn-generic */
} Paths;

/* For cnnc and cnnc-bench: the running program tells the two trees apart by its own folder. */
Paths locate_paths(Arena *arena);

#endif
