#include "results.h"

#include "data/files.h"
#include "driver/text.h"

#include <errno.h>
#include <string.h>

static const char HEADER[] =
    "net,batch,work,threads,engine,mode,images_per_s,spread,peak_mb,share_of_fma_peak\n";

void results_add(Arena *arena, ResultList *results, const Race *race) {
  for (int i = 0; i < race->worker_count; i++) {
    const Worker *worker = &race->workers[i];
    if (worker->failure[0]) continue;
    Result *row = ARENA_NEW(arena, Result);
    *row = (Result){.net = arena_strdup(arena, race->net),
                    .work = race->work,
                    .engine = worker->engine,
                    .mode = worker->mode,
                    .batch = race->batch,
                    .threads = race->threads,
                    .images_per_s = images_per_s(race, worker),
                    .spread = spread(worker->seconds_per_step, race->rounds),
                    .peak_mb = (double)worker->peak_kb / 1024,
                    .share_of_peak = share_of_peak(race, worker)};
    LIST_PUSH(arena, results, row);
  }
}

/* --- asking ----------------------------------------------------------------------------------- */

bool same_race(const Result *a, const Result *b) {
  return a->batch == b->batch && a->threads == b->threads && strcmp(a->net, b->net) == 0 &&
         strcmp(a->work, b->work) == 0;
}

bool results_hold(const ResultList *results, const Race *race) {
  const Result wanted = {
      .net = race->net, .work = race->work, .batch = race->batch, .threads = race->threads};
  for (int i = 0; i < results->count; i++)
    if (same_race(results->at[i], &wanted)) return true;
  return false;
}

ResultList results_races(Arena *arena, const ResultList *results) {
  ResultList races = {0};
  for (int i = 0; i < results->count; i++) {
    bool known = false;
    for (int k = 0; k < races.count; k++) known |= same_race(races.at[k], results->at[i]);
    if (!known) LIST_PUSH(arena, &races, results->at[i]);
  }
  return races;
}

const Result *results_best(const ResultList *results, const Result *race, const char *engine) {
  const Result *best = NULL;
  for (int i = 0; i < results->count; i++) {
    const Result *row = results->at[i];
    if (!same_race(row, race) || strcmp(row->engine, engine) != 0) continue;
    if (!best || row->images_per_s > best->images_per_s) best = row;
  }
  return best;
}

double results_ratio(const ResultList *results, const Result *race, const char *engine,
                     const char *other) {
  const Result *a = results_best(results, race, engine), *b = results_best(results, race, other);
  return a && b ? a->images_per_s / b->images_per_s : 0;
}

/* --- the file --------------------------------------------------------------------------------- */

/* One line; false if it is no row. */
static bool read_row(Arena *arena, ResultList *results, const char *line) {
  char net[128], work[16], engine[32], mode[64];
  Result row;
  int length = 0;
  const int fields = sscanf(line, "%127[^,],%d,%15[^,],%d,%31[^,],%63[^,],%lf,%lf,%lf,%lf%n", net,
                            &row.batch, work, &row.threads, engine, mode, &row.images_per_s,
                            &row.spread, &row.peak_mb, &row.share_of_peak, &length);
  if (fields != 10 || line[length] != '\n') return false;
  row.net = arena_strdup(arena, net);
  row.work = arena_strdup(arena, work);
  row.engine = arena_strdup(arena, engine);
  row.mode = arena_strdup(arena, mode);
  Result *copy = ARENA_NEW(arena, Result);
  *copy = row;
  LIST_PUSH(arena, results, copy);
  return true;
}

bool results_read(Arena *arena, ResultList *results, const char *path) {
  FILE *file = fopen(path, "r");
  if (!file && errno == ENOENT) return true;
  char line[512];
  bool good = file && fgets(line, sizeof line, file) && strcmp(line, HEADER) == 0;
  while (good && fgets(line, sizeof line, file)) good = read_row(arena, results, line);
  if (file) fclose(file);
  if (!good)
    fprintf(stderr,
            "cnnc bench: %s: not a file of `cnnc bench --csv`; without --resume it is "
            "replaced\n",
            path);
  return good;
}

static bool replace_file(const char *path, const char *text) {
  cnn_error error = {0};
  if (cnn_file_replace(path, text, strlen(text), &error)) return true;
  fprintf(stderr, "cnnc bench: %s\n", error.message);
  return false;
}

bool results_write(Arena *arena, const ResultList *results, const char *path) {
  TextStream text;
  text_begin(&text);
  fputs(HEADER, text.out);
  for (int i = 0; i < results->count; i++) {
    const Result *row = results->at[i];
    fprintf(text.out, "%s,%d,%s,%d,%s,%s,%.6g,%.4f,%.1f,%.4f\n", row->net, row->batch, row->work,
            row->threads, row->engine, row->mode, row->images_per_s, row->spread, row->peak_mb,
            row->share_of_peak);
  }
  return replace_file(path, text_done(&text, arena));
}
