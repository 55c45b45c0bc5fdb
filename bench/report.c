#include "report.h"

#include "engines.h"
#include "report/peak.h"
#include "core/text.h"

#include <string.h>

/* Two decimals under 100; from there on whole numbers with digits in groups of three. */
static const char *grouped(double number, char *text, size_t size) {
  if (number < 100) {
    snprintf(text, size, "%.2f", number);
    return text;
  }
  char digits[32];
  const int length = snprintf(digits, sizeof digits, "%.0f", number);
  size_t used = 0;
  for (int i = 0; i < length && used + 2 < size; i++) {
    text[used++] = digits[i];
    if (i < length - 1 && (length - 1 - i) % 3 == 0) text[used++] = ',';
  }
  text[used] = '\0';
  return text;
}

/* The fastest worker of an engine, or NULL. */
static const Worker *best_of(const Race *race, const char *engine) {
  const Worker *best = NULL;
  for (int i = 0; i < race->worker_count; i++) {
    const Worker *worker = &race->workers[i];
    if (strcmp(worker->engine, engine) != 0 || worker->failure[0]) continue;
    if (!best || images_per_s(race, worker) > images_per_s(race, best)) best = worker;
  }
  return best;
}

static void table_row(const Race *race, const Worker *worker, const Worker *cnnc, FILE *out) {
  if (worker->failure[0]) {
    fprintf(out, "%-11s %-14s did not run: %s\n", worker->engine, worker->mode, worker->failure);
    return;
  }
  char speed[48];
  const double noise = spread(worker->seconds_per_step, race->rounds);
  fprintf(out, "%-11s %-14s %12s", worker->engine, worker->mode,
          grouped(images_per_s(race, worker), speed, sizeof speed));
  if (cnnc)
    fprintf(out, " %9.3f", images_per_s(race, worker) / images_per_s(race, cnnc));
  else
    fprintf(out, " %9s", "-");
  fprintf(out, " %7.1f %%%s %9.1f %10.1f %%\n", 100 * noise, noise > SPREAD_WARN ? "!" : " ",
          (double)worker->peak_kb / 1024, 100 * share_of_peak(race, worker));
}

void report_race(const Race *race, FILE *out) {
  fprintf(out, "\n%s, %s, batch %d, %d thread%s\n", race->net,
          strcmp(race->work, "train") == 0 ? "training step" : "inference", race->batch,
          race->threads, cnn_plural(race->threads));
  fprintf(out, "%s: FMA peak %.0f GFLOP/s (%s), memory reads %.0f GB/s; medians of %d rounds\n\n",
          cnn_processor_name(), median(race->fma_peak, race->rounds) / 1e9, race->instructions,
          median(race->bandwidth, race->rounds) / 1e9, race->rounds);
  fprintf(out, "%-11s %-14s %12s %9s %10s %9s %12s\n", "engine", "mode", "images/s", "of cnnc",
          "spread ", "peak MB", "of FMA peak");
  const Worker *cnnc = best_of(race, engine_name(ENGINE_CNNC));
  for (int i = 0; i < race->worker_count; i++) table_row(race, &race->workers[i], cnnc, out);

  fputc('\n', out);
  for (int engine = ENGINE_GENERIC; engine < ENGINE_COUNT; engine++) {
    const Worker *other = best_of(race, engine_name(engine));
    if (cnnc && other)
      fprintf(out, "cnnc is %.2f times %s (%s)\n",
              images_per_s(race, cnnc) / images_per_s(race, other), other->engine, other->mode);
  }
  if (race_noise(race) > SPREAD_WARN)
    fprintf(out,
            "! rounds spread by more than %.0f %%: another program is running; close it and run "
            "again\n",
            100 * SPREAD_WARN);
}
