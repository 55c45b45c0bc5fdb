#include "driver/options.h"

#include <argp.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef LIST_OF(DslDefinition *) DefinitionList;

/* What a parse works on. */
typedef struct Parse {
  Arena *arena;
  Options options;
  DefinitionList definitions;
  bool target_given, help;
} Parse;

enum {
  KEY_TARGET = 256,
  KEY_REAL,
  KEY_BATCH,
  KEY_FREEZE,
  KEY_DUMP,
  KEY_KEEP,
  KEY_NO_WINOGRAD,
  KEY_OLD_DIRECT,
  KEY_SCHEDULE,
  KEY_CC,
  KEY_AFTER,
  KEY_CFLAGS,
  KEY_SCHEDULE_FIELDS,
  KEY_WORK,
  KEY_LIBS,
  KEY_USAGE,
  KEY_VERSION
};

/* --- options that several commands share ---------------------------------------------------- */

static const struct argp_option MODEL_OPTIONS[] = {
    {NULL, 'D', "NAME=VALUE", 0, "Set an option of the model (cnnc MODEL.lua --help lists them)",
     0},
    {"batch", KEY_BATCH, "N", 0, "Images a step, instead of the model's", 0},
    {"freeze", KEY_FREEZE, "LAYERS", 0,
     "Layers that training leaves as they are, instead of the recipe's: conv1,layer1 or all-but:fc",
     0},
    {"target", KEY_TARGET, "NAME", 0,
#define CNN_TARGET(ID, name, ...) name ", "
#include "../../runtime/core/cnn_targets.def"
#undef CNN_TARGET
     "or native (default: native)", 0},
    {"real", KEY_REAL, "TYPE", 0, "float (default) or double (scalar target only)", 0},
    {"schedule", KEY_SCHEDULE, "FILE", 0,
     "Overrides of the cost model's schedules, as --dump=schedule-file prints them", 0},
    {"no-winograd", KEY_NO_WINOGRAD, NULL, 0,
     "No Winograd convolutions: slower where they would be used, but they round some eight times "
     "as "
     "much as plain sums",
     0},
    {"direct", KEY_OLD_DIRECT, NULL, OPTION_HIDDEN, NULL, 0},
    {"keep-values", KEY_KEEP, NULL, 0,
     "Give every value memory of its own and list them, for tests", 0},
    {0}};

static void set_target(Parse *parse, const char *name, const struct argp_state *state) {
  parse->target_given = true;
  parse->options.target_is_native = !strcmp(name, "native");
  if (parse->options.target_is_native) {
    parse->options.compile.target = target_native();
    return;
  }
  const Target *target = target_find(name);
  if (target) {
    parse->options.compile.target = target;
    return;
  }
  const char *names = "";
  for (int i = 0; target_at(i); i++)
    names = arena_join(parse->arena, names, ", ", target_at(i)->name);
  argp_error(state, "--target %s: there is %s and native", name, names);
}

static void set_real(Parse *parse, const char *name, const struct argp_state *state) {
  parse->options.compile.real_is_double = !strcmp(name, "double");
  if (!parse->options.compile.real_is_double && strcmp(name, "float") != 0)
    argp_error(state, "--real %s: must be float or double", name);
}

static void set_batch(Parse *parse, const char *text, const struct argp_state *state) {
  char *end;
  long batch = strtol(text, &end, 10);
  if (end == text || *end || batch < 1 || batch > INT_MAX)
    argp_error(state, "--batch %s: must be a whole number from 1 to %d", text, INT_MAX);
  parse->options.dsl.batch = (int)batch;
}

static void add_definition(Parse *parse, const char *text, const struct argp_state *state) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text) argp_error(state, "-D %s: write -D NAME=VALUE", text);
  DslDefinition *definition = ARENA_NEW(parse->arena, DslDefinition);
  definition->name = arena_printf(parse->arena, "%.*s", (int)(equals - text), text);
  definition->value = equals + 1;
  LIST_PUSH(parse->arena, &parse->definitions, definition);
}

/* A word that is no file was meant as a command. */
static void reject_second(const char *first, const char *second, const struct argp_state *state) {
  if (!strpbrk(first, "./") && access(first, F_OK) != 0)
    argp_error(state, "there is no command '%s'; commands are build, summary, export and bench",
               first);
  argp_error(state, "one model at a time: %s and %s were given", first, second);
}

#define AT(field) offsetof(Options, field)

/* Options that set one field: a flag to true, a text to their argument. */
static const struct {
  int key;
  bool is_text;
  size_t offset;
} FIELDS[] = {
    {KEY_NO_WINOGRAD, false, AT(compile.no_winograd)},
    {KEY_KEEP, false, AT(compile.keep_values)},
    {KEY_WORK, false, AT(work)},
    {KEY_SCHEDULE_FIELDS, false, AT(schedule_fields)},
    {KEY_CFLAGS, false, AT(cflags)},
    {KEY_LIBS, false, AT(libs)},
    {KEY_SCHEDULE, true, AT(schedule)},
    {KEY_FREEZE, true, AT(dsl.freeze)},
    {KEY_DUMP, true, AT(dump)},
    {KEY_AFTER, true, AT(dump)},
    {KEY_CC, true, AT(cc)},
};

#undef AT

/* False: the option is not one of them. */
static bool set_field(Options *options, int key, const char *text) {
  size_t i = 0;
  while (i < sizeof FIELDS / sizeof *FIELDS && FIELDS[i].key != key) i++;
  if (i == sizeof FIELDS / sizeof *FIELDS) return false;
  void *to = (char *)options + FIELDS[i].offset;
  if (FIELDS[i].is_text)
    *(const char **)to = text;
  else
    *(bool *)to = true;
  return true;
}

static error_t parse_model_option(int key, char *text, struct argp_state *state) {
  Parse *parse = state->input;
  switch (key) {
  case 'D':
    add_definition(parse, text, state);
    return 0;
  case KEY_TARGET:
    set_target(parse, text, state);
    return 0;
  case KEY_REAL:
    set_real(parse, text, state);
    return 0;
  case KEY_BATCH:
    set_batch(parse, text, state);
    return 0;
  case KEY_OLD_DIRECT: /* until the release after the next */
    fputs("cnnc: --direct is now --no-winograd\n", stderr);
    parse->options.compile.no_winograd = true;
    return 0;
  case ARGP_KEY_ARG:
    if (parse->options.model) reject_second(parse->options.model, text, state);
    parse->options.model = text;
    return 0;
  default:
    return set_field(&parse->options, key, text) ? 0 : ARGP_ERR_UNKNOWN;
  }
}

static const struct argp MODEL_ARGP = {.options = MODEL_OPTIONS, .parser = parse_model_option};

/* --- the commands --------------------------------------------------------------------------- */

static const struct argp_option COMPILE_OPTIONS[] = {
    {"output", 'o', "FILE", 0,
     "Where to write the C (default: MODEL.c in this folder); - is standard output", 0},
    {"dump", KEY_DUMP, "PASS", 0,
     "Print the graph after a pass instead: built, simplify, gradient, fuse, fold, schedule, "
     "layout, views, memory; inference is the planned graph without training, schedule-file what "
     "--schedule reads",
     0},
    {"schedule-fields", KEY_SCHEDULE_FIELDS, NULL, 0,
     "Print the ops and fields of schedule files with what they mean", 5},
    {"cflags", KEY_CFLAGS, NULL, 0, "Print what the C compiler needs, for the target", 5},
    {"libs", KEY_LIBS, NULL, 0, "Print what the linker needs", 5},
    {"help", '?', NULL, 0, "Print this help, or the options of MODEL.lua", -1},
    {"usage", KEY_USAGE, NULL, 0, "Print a short usage message", -1},
    {"version", KEY_VERSION, NULL, 0, "Print the version", -1},
    {0}};

static const struct argp_option BUILD_OPTIONS[] = {
    {"output", 'o', "PROGRAM", 0,
     "Where to write the program (default: MODEL in this folder); its C has the same name and .c",
     0},
    {"cc", KEY_CC, "COMPILER", 0, "The C compiler (default: $CC, or clang, or gcc)", 0},
    {0}};

static const struct argp_option EXPORT_OPTIONS[] = {
    {"output", 'o', "FILE", 0, "Where to write (default: standard output)", 0},
    {"after", KEY_AFTER, "PASS", 0, "The graph after this pass (default: simplify)", 0},
    {0}};

static const struct argp_option SUMMARY_OPTIONS[] = {
    {"work", KEY_WORK, NULL, 0,
     "Print the work items of every kernel instead, and how evenly 2, 8, 16 and 64 threads can "
     "divide them",
     0},
    {0}};

static error_t parse_command_option(int key, char *text, struct argp_state *state) {
  Parse *parse = state->input;
  Options *options = &parse->options;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = parse;
    return 0;
  case 'o':
    if (!*text) argp_error(state, "-o: the name of a file is missing");
    options->output = text;
    return 0;
  case '?':
    parse->help = true;
    return 0;
  case KEY_USAGE:
    argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
    return 0;
  case KEY_VERSION:
    puts("cnnc " CNNC_VERSION);
    exit(EXIT_DONE);
  case ARGP_KEY_END:
    if (parse->help && !options->model) argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    if (!options->model && !options->cflags && !options->libs && !options->schedule_fields)
      argp_error(state, "which model? Name a file such as models/lenet5.lua");
    if (options->compile.real_is_double && parse->target_given &&
        options->compile.target != &target_SCALAR && !target_is_reference(options->compile.target))
      argp_error(state, "--real double goes with --target scalar or reference alone");
    if (options->work && target_is_reference(options->compile.target))
      argp_error(state, "--work: the plain loops of --target reference run on one thread");
    if (options->schedule && target_is_reference(options->compile.target))
      argp_error(state, "--schedule: the plain loops of --target reference have no schedule");
    return 0;
  default:
    return set_field(options, key, text) ? 0 : ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&MODEL_ARGP, 0, "Of the model and the code:", 2},
                                             {0}};

static const char COMPILE_DOC[] =
    "Compiles a Lua description of a convolutional network to one C file.\v"
    "Further commands, each with its --help:\n"
    "  cnnc build MODEL.lua -o PROGRAM   compile to C and the C to a program\n"
    "  cnnc summary MODEL.lua            layers, sizes, memory\n"
    "  cnnc export MODEL.lua             the graph as JSON\n"
    "  cnnc bench MODEL.lua              race against other runtimes\n";

static const struct {
  const char *name;
  Command command;
  struct argp argp;
} COMMANDS[] = {
    {"build",
     COMMAND_BUILD,
     {BUILD_OPTIONS, parse_command_option, "MODEL.lua",
      "Compiles a model to C, and the C to a program.", CHILDREN, NULL, NULL}},
    {"summary",
     COMMAND_SUMMARY,
     {SUMMARY_OPTIONS, parse_command_option, "MODEL.lua",
      "Prints the layers of a model with their sizes, and the memory that it needs.", CHILDREN,
      NULL, NULL}},
    {"export",
     COMMAND_EXPORT,
     {EXPORT_OPTIONS, parse_command_option, "MODEL.lua", "Writes the graph of a model as JSON.",
      CHILDREN, NULL, NULL}},
};

/* What made the output, without what differs from machine to machine: folders that begin at the
   root, and "native". */
static const char *canonical_path(const char *path) {
  return path[0] == '/' ? strrchr(path, '/') + 1 : path;
}

static const char *canonical_command(const Parse *parse) {
  const Options *options = &parse->options;
  const char *text =
      arena_printf(parse->arena, "cnnc %s --target %s", canonical_path(options->model),
                   target_name(options->compile.target));
  if (options->compile.real_is_double) text = arena_printf(parse->arena, "%s --real double", text);
  if (options->dsl.batch)
    text = arena_printf(parse->arena, "%s --batch %d", text, options->dsl.batch);
  if (options->dsl.freeze)
    text = arena_printf(parse->arena, "%s --freeze %s", text, options->dsl.freeze);
  for (int i = 0; i < options->dsl.definition_count; i++)
    text = arena_printf(parse->arena, "%s -D %s=%s", text, options->dsl.definitions[i].name,
                        options->dsl.definitions[i].value);
  if (options->schedule)
    text = arena_printf(parse->arena, "%s --schedule %s", text, canonical_path(options->schedule));
  if (options->compile.no_winograd) text = arena_printf(parse->arena, "%s --no-winograd", text);
  if (options->compile.keep_values) text = arena_printf(parse->arena, "%s --keep-values", text);
  return text;
}

static void finish(Parse *parse) {
  Options *options = &parse->options;
  if (options->compile.real_is_double && !target_is_reference(options->compile.target))
    options->compile.target = &target_SCALAR;
  int count = parse->definitions.count;
  DslDefinition *definitions = ARENA_ARRAY(parse->arena, DslDefinition, count);
  for (int i = 0; i < count; i++) definitions[i] = *parse->definitions.at[i];
  options->dsl.definitions = definitions;
  options->dsl.definition_count = count;
  if (options->model) options->compile.command = canonical_command(parse);
}

Options options_parse(Arena *arena, int argc, char **argv) {
  static const struct argp COMPILE = {
      COMPILE_OPTIONS, parse_command_option, "MODEL.lua", COMPILE_DOC, CHILDREN, NULL, NULL};
  static char PROGRAM[] = "cnnc"; /* in messages, wherever the file is */
  Parse parse = {.arena = arena};
  parse.options.target_is_native = true;
  parse.options.compile.target = target_native();
  argp_err_exit_status = EXIT_USAGE;
  for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
    if (argc < 2 || strcmp(argv[1], COMMANDS[i].name) != 0) continue;
    parse.options.command = COMMANDS[i].command;
    argv[1] = arena_printf(arena, "cnnc %s", COMMANDS[i].name);
    argp_parse(&COMMANDS[i].argp, argc - 1, argv + 1, 0, NULL, &parse);
    finish(&parse);
    return parse.options;
  }
  if (argc > 0) argv[0] = PROGRAM;
  argp_parse(&COMPILE, argc, argv, ARGP_NO_HELP, NULL, &parse);
  if (parse.options.cflags || parse.options.libs || parse.options.schedule_fields)
    parse.options.command = COMMAND_FLAGS;
  if (parse.help) parse.options.command = COMMAND_HELP;
  finish(&parse);
  return parse.options;
}
