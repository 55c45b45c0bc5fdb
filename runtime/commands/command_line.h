/* The command line of a command: a table with one row for each option. argp parses it and prints
   --help. A bad argument is a usage error: the program ends with a message that names the option
   and what would be right. */
#ifndef CNN_COMMAND_LINE_H
#define CNN_COMMAND_LINE_H

#include "core/cnn.h"

#include <argp.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option sets, in the command's options at `offset`. */
typedef enum cnn_option_kind {
  CNN_FLAG,         /* bool: true */
  CNN_TEXT,         /* const char *: the argument */
  CNN_TEXT_OR_NONE, /* the same, may be left out: --json or --json=FILE; then words[0] */
  CNN_INTEGER,      /* int: a whole number from `least` to `most` */
  CNN_LONG,         /* int64_t or uint64_t: the same */
  CNN_NUMBER,       /* double: a number from `least` to `most` */
  CNN_SECONDS,      /* double: a time, "30m" */
  CNN_WORD,         /* int: the argument's index among `words` */
  CNN_IMAGES,       /* int: from 1 to the images that the program computes in one step */
  CNN_RENAMED /* an old name, which works for one release: words[0] is the option's name now */
} cnn_option_kind;

typedef struct cnn_option {
  const char *name;     /* without dashes; NULL ends a table */
  char letter;          /* -t; 0: none */
  const char *argument; /* its name in --help; NULL: the option has none */
  const char *text;     /* for --help */
  cnn_option_kind kind;
  size_t offset;
  int64_t least, most;
  const char *const *words; /* at most 8, which NULL ends */
} cnn_option;

/* Arguments that are no options. */
typedef enum cnn_operands {
  CNN_NO_OPERANDS,
  CNN_FOLDER,         /* of a data set */
  CNN_FOLDER_OR_NONE, /* the same, may be left out */
  CNN_SOURCES         /* folders and files, at least one */
} cnn_operands;

/* Options that several commands share. The options of every command begin with these. */
typedef struct cnn_shared_options {
  const cnn_model *model;
  const char *folder;   /* of a data set; NULL without one */
  char *const *sources; /* folders and files, in the order of the command line */
  int source_count;
  const char *weights; /* a checkpoint; NULL: those that training starts with */
  int threads;         /* 0: one on every processor (core/processors.h) */
  int count;           /* images a step */
  uint64_t seed;
  bool flip;              /* infer mirror images, too */
  char trained[PATH_MAX]; /* default path of the weights that training writes */
} cnn_shared_options;

typedef struct cnn_command_line {
  const cnn_option *options; /* NULL: none but the shared ones */
  const cnn_option *more;    /* a second table, or NULL */
  const char *shared;        /* letters of the shared options that the command has: t, n, s, f;
                                w: --weights, T: --weights that are by default `trained` */
  cnn_operands operands;
  const char *operands_text; /* of CNN_SOURCES, for --help */
  const char *doc;           /* what the command does; behind \v what follows the options */

  /* Called for each option that is given, after it is set; may be NULL. */
  void (*given)(void *options, const cnn_option *option);
  /* Called at the end: checks that options fit each other, by argp_error; may be NULL. */
  void (*check)(void *options, const struct argp_state *state);
} cnn_command_line;

/* The values of shared options that are not given. */
cnn_shared_options cnn_shared_defaults(const cnn_model *model);

/* options: the command's own struct, with a cnn_shared_options first, and the values of options
   that are not given. argv[0]: "lenet5 train". Ends the program after --help or a usage error. */
void cnn_command_line_parse(const cnn_command_line *line, int argc, char **argv, void *options);

/* The words of --work: an int that is 0 for train, 1 for infer. */
extern const char *const cnn_works[];

#endif
