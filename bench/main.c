/* cnnc-bench, which `cnnc bench` starts: builds the programs, runs the races, keeps their
   figures. */
#include "driver/arena.h"
#include "driver/diag.h"
#include "driver/locate.h"
#include "driver/text.h"
#include "engines.h"
#include "flops.h"
#include "options.h"
#include "process.h"
#include "race.h"
#include "report.h"
#include "results.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What all races of one call share. */
typedef struct Track {
  Arena *arena;
  const RaceOptions *options;
  const char *folder; /* temporary */
  Paths paths;
  ResultList results;
  int raced, noisy; /* races run, and those of them whose figures were rejected */
  int code;         /* exit code of the first failure */
  bool stopped;     /* the figures cannot be written: no more races */
} Track;

static void fail(Track *track, int code) {
  if (track->code == EXIT_DONE) track->code = code;
}

/* --- one race --------------------------------------------------------------------------------- */

/* Runs `cnnc WHAT MODEL.lua --batch N ... -o OUTPUT`. Returns its exit code, after printing its
   messages if it failed. */
static int run_cnnc(const Track *track, const char *what, const char *model, int batch,
                    const char *output) {
  const RaceOptions *options = track->options;
  const char *command[2 * DEFINITIONS_MAX + 9] = {track->paths.cnnc, what, model};
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
  const int code = process_run(command, log);
  char line[WORKER_LINE];
  FILE *messages = code == EXIT_DONE ? NULL : fopen(log, "r");
  while (messages && fgets(line, sizeof line, messages)) fputs(line, stderr);
  if (messages) fclose(messages);
  return code;
}

static void add_workers(const Track *track, const char *program, const char *graph, Race *race) {
  const EngineSetting setting = {&track->paths, program, graph, track->folder, race->threads};
  race->workers = ARENA_ARRAY(track->arena, Worker, WORKERS_MAX);
  for (int engine = 0; engine < ENGINE_COUNT; engine++)
    if (track->options->races[engine] && engine_does(engine, race->work))
      race->worker_count +=
          engine_add_workers(track->arena, &setting, engine, &race->workers[race->worker_count]);
}

/* Other engines may be missing, cnnc may not. */
static bool cnnc_failed(const Race *race) {
  for (int i = 0; i < race->worker_count; i++)
    if (strcmp(race->workers[i].engine, engine_name(ENGINE_CNNC)) == 0 &&
        race->workers[i].failure[0])
      return true;
  return false;
}

/* Runs and prints the race. Its figures are added to the results unless it was too noisy. */
static void race_once(Track *track, Race *race) {
  const RaceOptions *options = track->options;
  race_run(race, options->seconds, options->accept_noise ? 0 : options->retries);
  if (race_interrupted) return;
  track->raced++;
  report_race(race, stdout);
  fflush(stdout);
  if (cnnc_failed(race)) fail(track, EXIT_FAILED);
  if (race_noise(race) > SPREAD_REJECT && !options->accept_noise) {
    track->noisy++;
    fail(track, EXIT_FAILED);
    return;
  }
  results_add(track->arena, &track->results, race);
}

/* --- all races -------------------------------------------------------------------------------- */

static bool save(Track *track) {
  const char *csv = track->options->csv;
  if (!csv || results_write(track->arena, &track->results, csv)) return true;
  fail(track, EXIT_FAILED);
  track->stopped = true;
  return false;
}

/* Runs one model and batch (0: the model's) with every kind of work and number of threads. Returns
   false if other batches cannot succeed. */
static bool race_batch(Track *track, const char *model, int batch) {
  const RaceOptions *options = track->options;
  const char *program = NULL;
  const char *graph = arena_printf(track->arena, "%s/graph.json", track->folder);
  NetFacts facts;
  int code = run_cnnc(track, "export", model, batch, graph);
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
    if (results_hold(&track->results, &race)) continue;
    if (!program && options->races[ENGINE_CNNC]) {
      program = arena_printf(track->arena, "%s/%s-%d", track->folder, facts.name, facts.batch);
      code = run_cnnc(track, "build", model, batch, program);
      if (code != EXIT_DONE) break;
    }
    if (!save(track)) return false; /* before the time is spent */
    add_workers(track, program, graph, &race);
    race_once(track, &race);
    if (race_interrupted || !save(track)) return false;
  }
  if (race_interrupted) return false; /* cnnc was interrupted, too */
  if (code != EXIT_DONE) fail(track, code);
  return code == EXIT_DONE;
}

static void race_all(Track *track) {
  const RaceOptions *options = track->options;
  if (options->resume && !results_read(track->arena, &track->results, options->csv)) {
    fail(track, EXIT_FAILED);
    return;
  }
  for (int m = 0; m < options->model_count && !track->stopped && !race_interrupted; m++)
    for (int b = 0; b < options->batch_count; b++)
      if (!race_batch(track, options->models[m], options->batches[b])) break;
}

/* Prints the summary, draws the picture, reports rejected figures. */
static void conclude(Track *track) {
  const RaceOptions *options = track->options;
  if (race_interrupted) fail(track, EXIT_INTERRUPTED);
  if (results_races(track->arena, &track->results).count > 1)
    results_summary(track->arena, &track->results, stdout);
  if (options->svg && track->results.count &&
      !results_draw(track->arena, &track->results, options->svg))
    fail(track, EXIT_FAILED);
  if (track->noisy)
    fprintf(stderr,
            "cnnc bench: %d of %d races were too noisy, their rounds spread by more than %.0f %%: "
            "their figures are rejected. Close other programs and %s, or raise --rounds or "
            "--seconds (--accept-noise uses noisy figures)\n",
            track->noisy, track->raced, 100 * SPREAD_REJECT,
            options->csv ? "run the others again with --resume" : "run again");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *level) {
  (void)status, (void)type, (void)level;
  return remove(path);
}

static void interrupt(int signal) {
  (void)signal;
  race_interrupted = 1;
}

int main(int argc, char **argv) {
  text_check_stdout("cnnc bench");
  Arena *arena = arena_new();
  argv[0] = "cnnc bench"; /* the program's name in --help and messages */
  const RaceOptions options = race_options_read(arena, argc, argv);
  const char *root = getenv("TMPDIR");
  char *folder = arena_printf(arena, "%s/cnnc-bench-XXXXXX", root && *root ? root : "/tmp");
  int code = EXIT_FAILED;
  if (!mkdtemp(folder)) {
    fprintf(stderr, "cnnc bench: %s: %s\n", folder, strerror(errno));
  } else {
    Track track = {
        .arena = arena, .options = &options, .folder = folder, .paths = locate_paths(arena)};
    const struct sigaction on_interrupt = {.sa_handler = interrupt};
    sigaction(SIGINT, &on_interrupt, NULL);
    signal(SIGPIPE, SIG_IGN); /* a dead worker is a row of the table */
    workers_environment();
    race_all(&track);
    conclude(&track);
    code = track.code;
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
  }
  arena_release(arena);
  return code;
}
