#include "engines.h"
#include "results.h"
#include "statistics.h"

#include <string.h>

/* The ratio of cnnc's speed to that of another engine's fastest mode; 0 if one did not run. */
static double ratio(const ResultList *results, const Result *race, int engine) {
  return results_ratio(results, race, engine_name(ENGINE_CNNC), engine_name(engine));
}

static void print_ratio(double number, FILE *out) {
  if (number > 0)
    fprintf(out, " %11.2f", number);
  else
    fprintf(out, " %11s", "-");
}

/* Over the races of a net and a kind of work, either NULL for all. */
static void print_mean(const ResultList *results, const ResultList *races, const char *net,
                       const char *work, FILE *out) {
  fprintf(out, "%-32s %12s", "", "");
  for (int engine = ENGINE_GENERIC; engine < ENGINE_COUNT; engine++) {
    GeometricMean mean = {0};
    for (int i = 0; i < races->count; i++) {
      const Result *race = races->at[i];
      if ((net && strcmp(net, race->net) != 0) || (work && strcmp(work, race->work) != 0)) continue;
      geometric_mean_add(&mean, ratio(results, race, engine));
    }
    print_ratio(geometric_mean(&mean), out);
  }
  fprintf(out, "  geometric mean: %s%s%s\n", net ? net : "all", work ? ", " : "", work ? work : "");
}

/* Whether the race is the first of its net, or of its kind of work. */
static bool is_first(const ResultList *races, int index, bool of_net) {
  for (int i = 0; i < index; i++) {
    const Result *a = races->at[i], *b = races->at[index];
    if (strcmp(of_net ? a->net : a->work, of_net ? b->net : b->work) == 0) return false;
  }
  return true;
}

void results_summary(Arena *arena, const ResultList *results, FILE *out) {
  const ResultList races = results_races(arena, results);
  fprintf(out, "\ncnnc's images/s, and how many times the best mode of the others they are\n\n");
  fprintf(out, "%-16s %5s %-5s %3s %12s", "net", "batch", "work", "thr", "images/s");
  for (int engine = ENGINE_GENERIC; engine < ENGINE_COUNT; engine++)
    fprintf(out, " %11s", engine_name(engine));
  fputc('\n', out);
  for (int i = 0; i < races.count; i++) {
    const Result *race = races.at[i];
    const Result *cnnc = results_best(results, race, engine_name(ENGINE_CNNC));
    fprintf(out, "%-16s %5d %-5s %3d", race->net, race->batch, race->work, race->threads);
    if (cnnc)
      fprintf(out, " %12.1f", cnnc->images_per_s);
    else
      fprintf(out, " %12s", "-");
    for (int engine = ENGINE_GENERIC; engine < ENGINE_COUNT; engine++)
      print_ratio(ratio(results, race, engine), out);
    fputc('\n', out);
  }
  fputc('\n', out);
  for (int i = 0; i < races.count; i++)
    if (is_first(&races, i, true)) print_mean(results, &races, races.at[i]->net, NULL, out);
  for (int i = 0; i < races.count; i++)
    if (is_first(&races, i, false)) print_mean(results, &races, NULL, races.at[i]->work, out);
  print_mean(results, &races, NULL, NULL, out);
}
