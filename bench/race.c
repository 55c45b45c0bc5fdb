/* `cnnc bench`: builds the program, starts the workers, gives each its turn round after round. */
#include "race.h"

#include "arena.h"
#include "flops.h"
#include "locate.h"
#include "peak.h"
#include "report.h"
#include "workers.h"

#include <argp.h>
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_INTERRUPTED = 130 };
enum { LIST_MAX = 16, DEFINITIONS_MAX = 32, WORKERS = 5, PAUSE_MS = 100 };

static const char *const ENGINES[] = {"cnnc", "generic", "pytorch"};
enum { ENGINE_COUNT = sizeof ENGINES / sizeof *ENGINES };

typedef struct RaceOptions {
  const char *model, *csv;
  const char *passed_on[2 * DEFINITIONS_MAX]; /* -D NAME=VALUE, --target NAME, for cnnc itself */
  int passed_on_count;
  int batches[LIST_MAX], batch_count;
  int threads[LIST_MAX], thread_count;
  const char *works[2];
  int work_count, rounds;
  double seconds;
  bool accept_noise;
  bool races[ENGINE_COUNT];
} RaceOptions;

/* --- the command line ------------------------------------------------------------------------- */

enum {
  KEY_BATCH = 256,
  KEY_WORK,
  KEY_THREADS,
  KEY_CSV,
  KEY_SECONDS,
  KEY_ROUNDS,
  KEY_NOISE,
  KEY_ENGINES,
  KEY_TARGET
};

static const struct argp_option OPTIONS[] = {
    {"batch", KEY_BATCH, "N[,N..]", 0, "Images a step (default: the model's)", 0},
    {"work", KEY_WORK, "WORK", 0, "train (default), infer, or train,infer", 0},
    {"threads", KEY_THREADS, "N[,N..]", 0, "Threads (default: one on every processor)", 0},
    {"csv", KEY_CSV, "FILE", 0, "Write the figures to FILE as well", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Length of a turn (default: 1)", 0},
    {"rounds", KEY_ROUNDS, "R", 0, "Turns of every engine (default: 7)", 0},
    {"engines", KEY_ENGINES, "LIST", 0, "Only these of cnnc,generic,pytorch (default: all)", 0},
    {"accept-noise", KEY_NOISE, NULL, 0,
     "End well even when rounds spread so much that the figures mean little", 0},
    {"target", KEY_TARGET, "NAME", 0, "scalar, avx2, avx512 or native (default: native)", 0},
    {NULL, 'D', "NAME=VALUE", 0, "Set an option of the model", 0},
    {0}};

static int read_list(char *text, const char *option, int *list, const struct argp_state *state) {
  int count = 0;
  for (char *rest = NULL, *word = strtok_r(text, ",", &rest); word;
       word = strtok_r(NULL, ",", &rest)) {
    char *end;
    const long number = strtol(word, &end, 10);
    if (*end || number < 1 || number > 1 << 20)
      argp_error(state, "--%s %s: wants whole numbers of at least 1, with commas", option, word);
    if (count == LIST_MAX) argp_error(state, "--%s: at most %d numbers", option, LIST_MAX);
    list[count++] = (int)number;
  }
  return count;
}

static void read_works(RaceOptions *options, char *text, const struct argp_state *state) {
  options->work_count = 0;
  for (char *rest = NULL, *word = strtok_r(text, ",", &rest); word;
       word = strtok_r(NULL, ",", &rest)) {
    const bool known = strcmp(word, "train") == 0 || strcmp(word, "infer") == 0;
    if (!known || options->work_count == 2)
      argp_error(state, "--work: there is train, infer and train,infer");
    options->works[options->work_count++] = word;
  }
}

static void read_engines(RaceOptions *options, char *text, const struct argp_state *state) {
  memset(options->races, 0, sizeof options->races);
  for (char *rest = NULL, *word = strtok_r(text, ",", &rest); word;
       word = strtok_r(NULL, ",", &rest)) {
    int engine = 0;
    while (engine < ENGINE_COUNT && strcmp(ENGINES[engine], word) != 0) engine++;
    if (engine == ENGINE_COUNT)
      argp_error(state, "--engines %s: there is cnnc, generic and pytorch", word);
    options->races[engine] = true;
  }
}

static void pass_on(RaceOptions *options, const char *option, const char *value,
                    const struct argp_state *state) {
  if (options->passed_on_count == 2 * DEFINITIONS_MAX)
    argp_error(state, "at most %d of -D and --target", DEFINITIONS_MAX);
  options->passed_on[options->passed_on_count++] = option;
  options->passed_on[options->passed_on_count++] = value;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  RaceOptions *options = state->input;
  char *end;
  switch (key) {
  case KEY_BATCH:
    options->batch_count = read_list(text, "batch", options->batches, state);
    break;
  case KEY_THREADS:
    options->thread_count = read_list(text, "threads", options->threads, state);
    break;
  case KEY_WORK:
    read_works(options, text, state);
    break;
  case KEY_CSV:
    options->csv = text;
    break;
  case KEY_ENGINES:
    read_engines(options, text, state);
    break;
  case KEY_NOISE:
    options->accept_noise = true;
    break;
  case KEY_TARGET:
    pass_on(options, "--target", text, state);
    break;
  case 'D':
    pass_on(options, "-D", text, state);
    break;
  case KEY_SECONDS:
    options->seconds = strtod(text, &end);
    if (*end || !(options->seconds > 0 && options->seconds <= 3600))
      argp_error(state, "--seconds %s: wants a number above 0", text);
    break;
  case KEY_ROUNDS:
    options->rounds = (int)strtol(text, &end, 10);
    if (*end || options->rounds < 1 || options->rounds > ROUNDS_MAX)
      argp_error(state, "--rounds %s: wants 1 to %d", text, ROUNDS_MAX);
    break;
  case ARGP_KEY_ARG:
    if (options->model) argp_error(state, "one model at a time");
    options->model = text;
    break;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "wants a model: cnnc bench MODEL.lua");
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* Processors that this process may use. */
static int processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* --- one race --------------------------------------------------------------------------------- */

/* What all races of one call share. */
typedef struct Track {
  Arena *arena;
  const RaceOptions *options;
  const char *folder; /* temporary */
  const char *cnnc, *generic, *peer;
} Track;

/* Runs cnnc itself: `cnnc WHAT MODEL.lua --batch N ... -o OUTPUT`. The mistake, if there is one, is
   the model's, and cnnc says it. Returns its exit code. */
static int run_cnnc(const Track *track, const char *what, int batch, const char *output) {
  const RaceOptions *options = track->options;
  const char *command[2 * DEFINITIONS_MAX + 9] = {track->cnnc, what, options->model};
  int count = 3;
  if (batch) {
    command[count++] = "--batch";
    command[count++] = arena_printf(track->arena, "%d", batch);
  }
  const bool target_matters = strcmp(what, "build") == 0;
  for (int i = 0; i < options->passed_on_count; i += 2) {
    if (!target_matters && strcmp(options->passed_on[i], "--target") == 0) continue;
    command[count++] = options->passed_on[i];
    command[count++] = options->passed_on[i + 1];
  }
  command[count++] = "-o";
  command[count++] = output;
  const char *log = arena_printf(track->arena, "%s/%s.log", track->folder, what);
  const int code = command_run(command, log);
  char line[WORKER_LINE];
  FILE *said = code == EXIT_DONE ? NULL : fopen(log, "r");
  while (said && fgets(line, sizeof line, said)) fputs(line, stderr);
  if (said) fclose(said);
  return code;
}

/* Adds a worker, if its engine races. */
static void add_worker(const Track *track, Race *race, int engine, const char *mode,
                       const char *const *command) {
  if (!track->options->races[engine]) return;
  Worker *worker = &race->workers[race->worker_count++];
  *worker = (Worker){.engine = ENGINES[engine]};
  snprintf(worker->mode, sizeof worker->mode, "%s", mode);
  snprintf(worker->log, sizeof worker->log, "%s/%s-%s.log", track->folder, worker->engine, mode);
  for (int i = 0; command[i]; i++) worker->command[i] = command[i];
}

static void add_workers(const Track *track, const char *program, const char *graph, Race *race) {
  static const char *const modes[] = {"eager", "channels_last", "compile"};
  enum { CNNC, GENERIC, PYTORCH };
  const char *t = arena_printf(track->arena, "%d", race->threads);
  race->workers = ARENA_ARRAY(track->arena, Worker, WORKERS);
  add_worker(track, race, CNNC, "compiled",
             (const char *[]){program, "bench", "--worker", "--threads", t, NULL});
  add_worker(track, race, GENERIC, "im2col",
             (const char *[]){track->generic, graph, "worker", "--threads", t, NULL});
  for (int i = 0; i < 3; i++)
    add_worker(
        track, race, PYTORCH, modes[i],
        (const char *[]){"python3", track->peer, graph, "--mode", modes[i], "--threads", t, NULL});
}

/* One line that is written over, on a terminal alone. */
__attribute__((format(printf, 1, 2))) static void progress(const char *format, ...) {
  if (!isatty(STDERR_FILENO)) return;
  va_list args;
  va_start(args, format);
  fputs("\r\033[K", stderr);
  vfprintf(stderr, format, args);
  va_end(args);
}

/* Lets the threads of the worker that had its turn fall asleep. */
static void pause_workers(void) {
  const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
  nanosleep(&pause, NULL);
}

/* First steps (compiling, allocating), then more and more until a turn's number of steps is known.
 */
static bool warm_up(const Race *race, Worker *worker, double seconds) {
  double step;
  if (!worker_run(worker, race->work, race->batch, 1, &step)) return false;
  int steps = 1;
  do {
    if (!worker_run(worker, race->work, race->batch, steps, &step)) return false;
    if (step * steps >= seconds / 4) break;
    steps *= 2;
  } while (steps < 1 << 24);
  worker->steps = (int)fmax(1, seconds / step);
  return true;
}

static void one_turn(const Race *race, Worker *worker, int round) {
  double ignored;
  const int warm = worker->steps / 20 + 1; /* caches, clock, threads awake */
  if (worker_run(worker, race->work, race->batch, warm, &ignored))
    worker_run(worker, race->work, race->batch, worker->steps, &worker->seconds_per_step[round]);
}

static void run_rounds(Race *race, double seconds) {
  for (int i = 0; i < race->worker_count && !race_interrupted; i++) {
    Worker *worker = &race->workers[i];
    progress("%s %s: warming up", worker->engine, worker->mode);
    if (worker_start(worker)) warm_up(race, worker, seconds);
  }
  for (int round = 0; round < race->rounds && !race_interrupted; round++) {
    pause_workers();
    race->fma_peak[round] = cnn_peak_fma(race->threads, &race->instructions);
    race->bandwidth[round] = cnn_peak_bandwidth(race->threads);
    progress("round %d of %d", round + 1, race->rounds);
    for (int i = 0; i < race->worker_count; i++) {
      Worker *worker = &race->workers[(i + round) % race->worker_count];
      if (worker->failure[0]) continue;
      pause_workers();
      one_turn(race, worker, round);
    }
  }
  progress("%s", "");
  for (int i = 0; i < race->worker_count; i++) worker_stop(&race->workers[i]);
}

/* --- all races of a call ---------------------------------------------------------------------- */

/* One table. Returns an exit code. */
static int race_once(const Track *track, Race *race, FILE *csv, double *noise) {
  run_rounds(race, track->options->seconds);
  if (race_interrupted) return EXIT_INTERRUPTED;
  report_table(race, stdout);
  fflush(stdout);
  if (csv) report_csv(race, csv);
  *noise = fmax(*noise, report_noise(race));
  for (int i = 0; i < race->worker_count; i++) /* another engine may be missing, not ours */
    if (strcmp(race->workers[i].engine, ENGINES[0]) == 0 && race->workers[i].failure[0])
      return EXIT_FAILED;
  return EXIT_DONE;
}

/* All works and numbers of threads of one batch (0: the model's). Adds to the CSV file; raises
 *noise to the largest spread seen. Returns an exit code. */
static int race_batch(const Track *track, int batch, FILE *csv, double *noise) {
  const RaceOptions *options = track->options;
  const char *program = arena_printf(track->arena, "%s/program-%d", track->folder, batch);
  const char *graph = arena_printf(track->arena, "%s/graph-%d.json", track->folder, batch);
  NetFacts facts;
  int code = run_cnnc(track, "export", batch, graph);
  if (code == EXIT_DONE && options->races[0]) code = run_cnnc(track, "build", batch, program);
  if (code == EXIT_DONE && !net_facts(graph, &facts)) code = EXIT_FAILED;

  for (int i = 0; i < options->work_count * options->thread_count && code == EXIT_DONE; i++) {
    const char *work = options->works[i / options->thread_count];
    const bool train = strcmp(work, "train") == 0;
    Race race = {.work = work,
                 .batch = facts.batch,
                 .threads = options->threads[i % options->thread_count],
                 .rounds = options->rounds,
                 .flops = train ? facts.train_flops : facts.infer_flops};
    snprintf(race.net, sizeof race.net, "%s", facts.name);
    add_workers(track, program, graph, &race);
    code = race_once(track, &race, csv, noise);
  }
  return code;
}

static int race_all(const Track *track, FILE *csv) {
  const RaceOptions *options = track->options;
  double noise = 0;
  int code = EXIT_DONE;
  for (int b = 0; b < options->batch_count && code == EXIT_DONE; b++)
    code = race_batch(track, options->batches[b], csv, &noise);
  if (code == EXIT_DONE && noise > SPREAD_REFUSE && !options->accept_noise) {
    fprintf(
        stderr,
        "cnnc bench: rounds spread by up to %.0f %%: these figures mean little. Close what else "
        "is running, or give more --rounds or --seconds (--accept-noise to end well anyway)\n",
        100 * noise);
    code = EXIT_FAILED;
  }
  return code;
}

/* The same, with the CSV file, which appears only when it is complete. */
static int race_with_csv(const Track *track) {
  const char *path = track->options->csv;
  if (!path) return race_all(track, NULL);
  const char *temporary = arena_printf(track->arena, "%s.tmp", path);
  FILE *csv = fopen(temporary, "w");
  int code = EXIT_FAILED;
  if (csv) {
    report_csv_header(csv);
    code = race_all(track, csv);
    const bool kept = code == EXIT_DONE;
    const bool failed = ferror(csv);
    if (fclose(csv) == 0 && !failed && (!kept || rename(temporary, path) == 0)) {
      if (!kept) unlink(temporary);
      return code;
    }
  }
  fprintf(stderr, "cnnc bench: %s: cannot write: %s\n", path, strerror(errno));
  unlink(temporary);
  return EXIT_FAILED;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status, (void)type, (void)place;
  return remove(path);
}

static void interrupt(int signal) {
  (void)signal;
  race_interrupted = 1;
}

int race_main(int argc, char **argv) {
  static const struct argp argp = {
      .options = OPTIONS,
      .parser = parse_option,
      .args_doc = "MODEL.lua",
      .doc =
          "Races the generated program, the generic runtime and PyTorch: one step of training or "
          "inference after the other, in turns. See docs/benchmarks.md."};
  RaceOptions options = {
      .seconds = 1, .rounds = 7, .works = {"train"}, .work_count = 1, .races = {true, true, true}};
  argp_err_exit_status = 2;
  argv[0] = "cnnc bench";
  argp_parse(&argp, argc, argv, 0, NULL, &options);
  if (!options.batch_count) options.batch_count = 1; /* 0: the model's */
  if (!options.thread_count) options.threads[options.thread_count++] = processors();

  Arena *arena = arena_new();
  const Places places = locate_places(arena);
  const char *root = getenv("TMPDIR");
  char *folder = arena_printf(arena, "%s/cnnc-bench-XXXXXX", root && *root ? root : "/tmp");
  int code = EXIT_FAILED;
  if (!mkdtemp(folder)) {
    fprintf(stderr, "cnnc bench: %s: %s\n", folder, strerror(errno));
  } else {
    const Track track = {.arena = arena,
                         .options = &options,
                         .folder = folder,
                         .cnnc = arena_printf(arena, "%s/cnnc", places.programs),
                         .generic = arena_printf(arena, "%s/%scnn-generic", places.programs,
                                                 places.is_build_tree ? "../runtime/generic/" : ""),
                         .peer =
                             arena_printf(arena, "%s/../bench/peers/pytorch.py", places.models)};
    const struct sigaction on_interrupt = {.sa_handler = interrupt};
    sigaction(SIGINT, &on_interrupt, NULL);
    signal(SIGPIPE, SIG_IGN); /* a worker that died is a row of the table */
    workers_environment();
    code = race_with_csv(&track);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
  }
  arena_release(arena);
  return code;
}
