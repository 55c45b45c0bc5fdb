/* Schedule files: a line for each node about which something is decided,

     LAYER OP WORD=VALUE...

   in the words of a dump, with comments from # to the end of the line. */
#ifndef CNNC_SCHEDULE_FILE_H
#define CNNC_SCHEDULE_FILE_H

#include "ir/graph.h"

#include <stdio.h>

typedef enum ScheduleWord {
  WORD_ALGORITHM,
  WORD_TILE,
  WORD_BLOCK,
  WORD_PARTS,
  WORD_PACK,
  WORD_TILES_FIRST,
  SCHEDULE_WORDS
} ScheduleWord;

/* What can be decided about an op; it may differ with the layout of the graph's activations. */
typedef struct OpWords OpWords;

/* NULL: nothing. */
const OpWords *schedule_words_of(const Graph *graph, const Node *node);

/* The op's name in a file: linear_rows, where images are rows. */
const char *schedule_op(const OpWords *words);

/* What a file decides about a node. Numbers are at least 1, and as many as the op has. */
typedef struct ScheduleLine {
  SourcePos pos;
  const char *layer;
  const OpWords *words;
  bool says[SCHEDULE_WORDS];
  Schedule schedule;
} ScheduleLine;

typedef struct ScheduleFile {
  LIST_OF(ScheduleLine *) lines;
} ScheduleFile;

const char *schedule_word(ScheduleWord word);

/* What each number behind the word means, with NULL behind the last; NULL: nothing of that kind is
   decided about the op. */
const char *const *schedule_numbers(const OpWords *words, ScheduleWord word);

/* "algorithm=taps tile=3x5 block=5x3x1x1x28 parts=4": all that is decided about a node; "direct"
   where that goes without saying. */
const char *schedule_words(const Graph *graph, const Node *node);

/* The same as the end of a C name: "_taps_tile3x5_block5x3x1x1x28_parts4". */
const char *schedule_suffix(Arena *arena, const Schedule *schedule);

/* The lines of all nodes about which something is decided, of both scheduled graphs of a program.
   What has images in its lanes in inference, too, is decided as in training. */
void schedule_file_print(const Graph *training, const Graph *inference, FILE *out);

/* NULL, and the mistake in diag, if the file cannot be read or is not written like this. Whether a
   graph has the layers, and its shapes allow the numbers, is the schedule pass's to say. */
const ScheduleFile *schedule_file_read(Arena *arena, Diag *diag, const char *path);

/* The line about an op of a layer; NULL: there is none. */
const ScheduleLine *schedule_file_find(const ScheduleFile *file, const OpWords *words,
                                       const char *layer);

/* Whether the graph, of training or of inference, has a node for every line about such a graph;
   else the first that has none is in its diag. */
bool schedule_file_check(const ScheduleFile *file, const Graph *graph);

#endif
