#include "report.h"

#include "peak.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The number below which a part (0 to 1) of them lie, between neighbours in proportion. */
static double quantile(const double *numbers, int count, double part) {
  double sorted[ROUNDS_MAX];
  memcpy(sorted, numbers, (size_t)count * sizeof *sorted);
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  const double place = part * (count - 1);
  const int below = (int)place, above = below + 1 < count ? below + 1 : below;
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

double median(const double *numbers, int count) {
  return quantile(numbers, count, 0.5);
}

/* Between the quartiles, in parts of the median: one round that something disturbed does not count.
 */
static double spread(const double *numbers, int count) {
  return (quantile(numbers, count, 0.75) - quantile(numbers, count, 0.25)) / median(numbers, count);
}

static double images_per_s(const Race *race, const Worker *worker) {
  return race->batch / median(worker->seconds_per_step, race->rounds);
}

static double share_of_peak(const Race *race, const Worker *worker) {
  return images_per_s(race, worker) * race->flops / median(race->fma_peak, race->rounds);
}

double report_noise(const Race *race) {
  double worst = 0;
  for (int i = 0; i < race->worker_count; i++) {
    const Worker *worker = &race->workers[i];
    if (worker->failure[0]) continue;
    const double its = spread(worker->seconds_per_step, race->rounds);
    if (its > worst) worst = its;
  }
  return worst;
}

/* --- the terminal ----------------------------------------------------------------------------- */

/* Digits in groups of three, as long as there is something before the point. */
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
    fprintf(out, "%-9s %-14s did not run: %s\n", worker->engine, worker->mode, worker->failure);
    return;
  }
  char speed[48];
  const double its = spread(worker->seconds_per_step, race->rounds);
  fprintf(out, "%-9s %-14s %12s", worker->engine, worker->mode,
          grouped(images_per_s(race, worker), speed, sizeof speed));
  if (cnnc)
    fprintf(out, " %9.3f", images_per_s(race, worker) / images_per_s(race, cnnc));
  else
    fprintf(out, " %9s", "-");
  fprintf(out, " %7.1f %%%s %9.1f %10.1f %%\n", 100 * its, its > SPREAD_WARN ? "!" : " ",
          (double)worker->peak_kb / 1024, 100 * share_of_peak(race, worker));
}

void report_table(const Race *race, FILE *out) {
  fprintf(out, "\n%s, %s, batch %d, %d thread%s\n", race->net,
          strcmp(race->work, "train") == 0 ? "training step" : "inference", race->batch,
          race->threads, race->threads == 1 ? "" : "s");
  fprintf(out, "%s: FMA peak %.0f GFLOP/s (%s), memory reads %.0f GB/s; medians of %d rounds\n\n",
          cnn_processor_name(), median(race->fma_peak, race->rounds) / 1e9, race->instructions,
          median(race->bandwidth, race->rounds) / 1e9, race->rounds);
  fprintf(out, "%-9s %-14s %12s %9s %10s %9s %12s\n", "engine", "mode", "images/s", "of cnnc",
          "spread ", "peak MB", "of FMA peak");
  const Worker *cnnc = best_of(race, "cnnc");
  for (int i = 0; i < race->worker_count; i++) table_row(race, &race->workers[i], cnnc, out);

  const char *const others[] = {"generic", "pytorch"};
  fputc('\n', out);
  for (int i = 0; i < 2; i++) {
    const Worker *other = best_of(race, others[i]);
    if (cnnc && other)
      fprintf(out, "cnnc is %.2f times %s (%s)\n",
              images_per_s(race, cnnc) / images_per_s(race, other), others[i], other->mode);
  }
  if (report_noise(race) > SPREAD_WARN)
    fprintf(out,
            "! rounds spread by more than %.0f %%: something else is running; close it and run "
            "again\n",
            100 * SPREAD_WARN);
}

/* --- the file --------------------------------------------------------------------------------- */

void report_csv_header(FILE *out) {
  fputs("net,batch,work,threads,engine,mode,images_per_s,spread,peak_mb,share_of_fma_peak\n", out);
}

void report_csv(const Race *race, FILE *out) {
  for (int i = 0; i < race->worker_count; i++) {
    const Worker *worker = &race->workers[i];
    if (worker->failure[0]) continue;
    fprintf(out, "%s,%d,%s,%d,%s,%s,%.6g,%.4f,%.1f,%.4f\n", race->net, race->batch, race->work,
            race->threads, worker->engine, worker->mode, images_per_s(race, worker),
            spread(worker->seconds_per_step, race->rounds), (double)worker->peak_kb / 1024,
            share_of_peak(race, worker));
  }
}
