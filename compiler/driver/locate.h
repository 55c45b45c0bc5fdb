/* Where cnnc's companions are: beside the program in the build tree, or under the folder that
   `cmake --install` was given, wherever that has been moved to. */
#ifndef CNNC_LOCATE_H
#define CNNC_LOCATE_H

#include "driver/arena.h"

#include <stdbool.h>

typedef struct Places {
  const char *include;  /* folder of cnn.h */
  const char *library;  /* folder of libcnn.a */
  const char *models;   /* folder of the zoo */
  const char *programs; /* folder of this program */
  bool is_build_tree;
} Places;

Places locate_places(Arena *arena);

#endif
