/* The command line of cnnc, of all its commands. */
#ifndef CNNC_OPTIONS_H
#define CNNC_OPTIONS_H

#include "driver/arena.h"
#include "dsl.h"
#include "ir/options.h"

typedef enum Command {
  COMMAND_COMPILE, /* cnnc MODEL.lua */
  COMMAND_BUILD,
  COMMAND_SUMMARY,
  COMMAND_EXPORT,
  COMMAND_HELP, /* cnnc MODEL.lua --help: the model's options */
  COMMAND_FLAGS /* cnnc --cflags --libs, cnnc --schedule-fields */
} Command;

typedef struct Options {
  Command command;
  const char *model;
  const char *output;   /* NULL: from the model's name */
  const char *dump;     /* a stage's name; NULL: none */
  const char *schedule; /* a schedule file; NULL: none */
  const char *cc;       /* build: the C compiler; NULL: the first that is installed */
  bool cflags, libs, schedule_fields, work;
  bool target_is_native; /* no other was asked for */
  DslOptions dsl;
  CompileOptions compile;
} Options;

/* Reads the command line. Ends the process on --help, --version and mistakes (EXIT_USAGE), as argp
   does. What it returns lives in the arena. */
Options options_parse(Arena *arena, int argc, char **argv);

#endif
