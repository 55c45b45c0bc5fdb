/* The command line, and the way of a model from Lua to C. */
#include "driver/build.h"
#include "driver/escape.h"
#include "driver/locate.h"
#include "driver/options.h"
#include "driver/own.h"
#include "driver/summary.h"
#include "driver/text.h"
#include "emit/emit.h"
#include "emit/export.h"
#include "ir/dump.h"
#include "passes/pipeline.h"
#include "schedule/overrides.h"
#include "schedule/work.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the commands --------------------------------------------------------------------------- */

/* A slip of the hand must not cost the model, or the schedule. */
static bool check_output(Diag *diag, const Options *options, const char *path) {
  const bool model = text_same_file(options->model, path);
  return (!model && !text_same_file(options->schedule, path)) ||
         diag_set(diag, EXIT_USAGE, (SourcePos){0},
                  "-o %s: that is the %s itself; choose another name", path,
                  model ? "model" : "schedule");
}

static bool write_output(Arena *arena, Diag *diag, const Options *options, const char *path,
                         const char *text) {
  return check_output(diag, options, path) && text_write(arena, diag, path, text);
}

static Graph *load_model(Arena *arena, Diag *diag, const Options *options) {
  return dsl_load(arena, diag, options->model, &options->dsl);
}

/* The number of the pass `name`, or -1 after a diagnosis. */
static int find_pass(Arena *arena, Diag *diag, const char *name) {
  const char *names = "";
  for (int i = 0; i < PASS_COUNT; i++) {
    if (!strcmp(pass_name((Pass)i), name)) return i;
    names = arena_printf(arena, "%s%s, ", names, pass_name((Pass)i));
  }
  diag_set(diag, EXIT_USAGE, (SourcePos){0},
           "there is no pass '%s'; there is %sinference and, for --dump, schedule-file", name,
           names);
  return -1;
}

/* The graph after the pass `name`: the training graph, or with "inference" the planned graph of
   inference. */
static Graph *graph_after(Arena *arena, Diag *diag, const Options *options, const char *name) {
  bool inference = !strcmp(name, "inference");
  int last = inference ? PASS_SIMPLIFY : find_pass(arena, diag, name);
  Graph *graph = last < 0 ? NULL : load_model(arena, diag, options);
  if (!graph) return NULL;
  run_passes(graph, PASS_BUILT, (Pass)last, &options->compile);
  Program program = {.inference = graph};
  if (inference) plan_program(graph, &options->compile, &program);
  return diag->code == EXIT_DONE ? program.inference : NULL;
}

static bool run_dump(Arena *arena, Diag *diag, const Options *options) {
  const bool file = !strcmp(options->dump, "schedule-file");
  Graph *graph = graph_after(arena, diag, options, file ? "simplify" : options->dump);
  Program program;
  if (!graph || (file && !plan_program(graph, &options->compile, &program))) return false;
  TextStream text;
  text_begin(&text);
  if (file)
    schedule_file_print(program.training, program.inference, text.out);
  else
    graph_print(graph, text.out);
  return write_output(arena, diag, options, options->output ? options->output : "-",
                      text_done(&text, arena));
}

static bool run_export(Arena *arena, Diag *diag, const Options *options) {
  const char *stage = options->dump ? options->dump : "simplify";
  Graph *graph = graph_after(arena, diag, options, stage);
  if (!graph) return false;
  return write_output(arena, diag, options, options->output ? options->output : "-",
                      export_json(graph, stage));
}

static bool run_summary(Arena *arena, Diag *diag, const Options *options) {
  Graph *graph = graph_after(arena, diag, options, "simplify");
  if (!graph) return false;
  Program program;
  if (!plan_program(graph, &options->compile, &program)) return false;
  LayerSummaryList layers = summarize(program.training, &options->compile);
  if (options->work)
    work_print(program.training, program.inference, &options->compile, stdout);
  else
    summary_print(program.training, program.inference, &layers, &options->compile, stdout);
  return true;
}

/* The model's name with another ending, in the current folder. */
static const char *default_output(Arena *arena, const char *model, const char *ending) {
  const char *slash = strrchr(model, '/'), *base = slash ? slash + 1 : model;
  const char *dot = strrchr(base, '.');
  return arena_printf(arena, "%.*s%s", (int)(dot ? dot - base : (long)strlen(base)), base, ending);
}

static bool run_compile(Arena *arena, Diag *diag, const Options *options, const char *output) {
  Graph *graph = graph_after(arena, diag, options, "simplify");
  if (!graph) return false;
  Program program;
  if (!plan_program(graph, &options->compile, &program)) return false;
  const char *text = emit_program(program.training, program.inference, &options->compile);
  return write_output(arena, diag, options, output, text);
}

static bool run_build(Arena *arena, Diag *diag, const Options *options) {
  const char *program =
      options->output ? options->output : default_output(arena, options->model, "");
  const char *source = arena_printf(arena, "%s.c", program);
  if (!check_output(diag, options, program) || !build_check_output(diag, program, source))
    return false;
  if (*program == '-') { /* no option of compilers */
    program = arena_printf(arena, "./%s", program);
    source = arena_printf(arena, "./%s", source);
  }
  return run_compile(arena, diag, options, source) &&
         build_program(arena, diag, source, program, options);
}

static bool run_help(Arena *arena, Diag *diag, const Options *options) {
  enum { HELP_KIB = 1024 };
  const char *text = dsl_describe(arena, diag, options->model, &options->dsl);
  if (text && strlen(text) > (size_t)HELP_KIB << 10)
    return diag_set(diag, EXIT_MODEL, (SourcePos){options->model, 1},
                    "the help of the model's options has more than %d KiB", HELP_KIB);
  if (text) escape_print(stdout, text, strlen(text));
  return text != NULL;
}

static bool run_flags(Arena *arena, const Options *options) {
  if (options->schedule_fields) {
    schedule_file_help(stdout);
    return true;
  }
  if (options->cflags) fputs(build_cflags(arena, options), stdout);
  if (options->cflags && options->libs) fputc(' ', stdout);
  if (options->libs) fputs(build_libs(arena), stdout);
  fputc('\n', stdout);
  return true;
}

/* The race is a program of its own, which links to the runtime. Returns only if it cannot start. */
static int run_bench(char **arguments) {
  Arena *arena = arena_new();
  const char *program = locate_paths(arena).bench;
  execv(program, arguments);
  fprintf(stderr, "cnnc bench: cannot run %s: %s; build or install it together with cnnc\n",
          program, strerror(errno));
  arena_release(arena);
  return EXIT_FAILED;
}

/* A name that nobody typed must not cost somebody's own C. */
static bool compile_to_default(Arena *arena, Diag *diag, const Options *options) {
  if (options->output) return run_compile(arena, diag, options, options->output);
  const char *output = default_output(arena, options->model, ".c");
  if (own_c(output)) return run_compile(arena, diag, options, output);
  return diag_set(diag, EXIT_USAGE, (SourcePos){0},
                  "%s: that file is there, and cnnc did not make it; move it away, or name the "
                  "output with -o FILE",
                  output);
}

static bool run_command(Arena *arena, Diag *diag, const Options *options) {
  switch (options->command) {
  case COMMAND_COMPILE:
    if (options->dump) return run_dump(arena, diag, options);
    return compile_to_default(arena, diag, options);
  case COMMAND_BUILD:
    return run_build(arena, diag, options);
  case COMMAND_SUMMARY:
    return run_summary(arena, diag, options);
  case COMMAND_EXPORT:
    return run_export(arena, diag, options);
  case COMMAND_HELP:
    return run_help(arena, diag, options);
  case COMMAND_FLAGS:
    return run_flags(arena, options);
  }
  return false;
}

/* A mistake in a model begins with its file and line; any other with the program's name. */
static void print_mistake(const Diag *diag) {
  if (!diag->placed) fputs("cnnc: ", stderr);
  escape_print(stderr, diag->message, strlen(diag->message));
  fputc('\n', stderr);
}

int main(int argc, char **argv) {
  text_check_stdout("cnnc");
  if (argc > 1 && !strcmp(argv[1], "bench")) return run_bench(argv + 1);
  signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error as any other */
  Arena *arena = arena_new();
  Diag diag = {0};
  Options options = options_parse(arena, argc, argv);
  options.dsl.output = options.output;
  options.dsl.zoo = locate_paths(arena).models;
  if (options.schedule)
    options.compile.schedule = schedule_file_read(arena, &diag, options.schedule, stderr);
  if (diag.code == EXIT_DONE) run_command(arena, &diag, &options);
  if (diag.code != EXIT_DONE) print_mistake(&diag);
  arena_release(arena);
  return (int)diag.code;
}
