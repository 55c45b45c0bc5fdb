/* A profile as a table and as a CSV file. */
#include "core/text.h"
#include "report/profile.h"

#include <string.h>

const char *cnn_pass_name(cnn_pass pass) {
  static const char *const names[CNN_PASS_COUNT] = {[CNN_FORWARD] = "forward",
                                                    [CNN_BACKWARD_DATA] = "backward data",
                                                    [CNN_BACKWARD_WEIGHTS] = "backward weights",
                                                    [CNN_UPDATE] = "update"};
  return names[pass];
}

cnn_profile_row cnn_profile_sum(const cnn_profile_result *result, int pass) {
  cnn_profile_row sum = {.layer = "all nodes", .op = ""};
  for (int i = 0; i < result->row_count; i++) {
    const cnn_profile_row *row = &result->rows[i];
    if (pass != CNN_ALL_PASSES && pass != (int)row->pass) continue;
    sum.seconds += row->seconds;
    sum.flops += row->flops;
    sum.bytes += row->bytes;
  }
  return sum;
}

/* --- the table -------------------------------------------------------------------------------- */

/* Widths of the two columns of names. */
typedef struct widths {
  int layer, op;
} widths;

static int wider(int width, const char *text) {
  int length = (int)strlen(text);
  return length > width ? length : width;
}

static widths measure_words(const cnn_profile_result *result, int shown) {
  widths w = {10, 2};
  for (int i = 0; i < shown; i++) {
    w.layer = wider(w.layer, result->slowest[i]->layer);
    w.op = wider(w.op, result->slowest[i]->op);
  }
  return w;
}

/* Speeds of work that there is none of are "-". */
static void print_row(widths w, const cnn_profile_row *row, const char *pass,
                      const cnn_profile_result *result, double all_seconds, FILE *out) {
  char flops[32] = "-", share[32] = "-", bytes[32] = "-";
  double seconds = row->seconds > 0 ? row->seconds : 1e-9; /* below the clock's resolution */
  if (row->flops > 0) {
    snprintf(flops, sizeof flops, "%.1f", row->flops / seconds / 1e9);
    snprintf(share, sizeof share, "%.1f %%", 100 * row->flops / seconds / result->fma_peak);
  }
  if (row->bytes > 0) snprintf(bytes, sizeof bytes, "%.1f", row->bytes / seconds / 1e9);
  fprintf(out, "%-*s  %-*s  %-16s %10.4f %7.1f %% %9s %11s %8s\n", w.layer, row->layer, w.op,
          row->op, pass, 1e3 * row->seconds, 100 * row->seconds / all_seconds, flops, share, bytes);
}

static void print_head(const cnn_profile_result *result, FILE *out) {
  fprintf(out, "%s: %s, %d image%s, %d thread%s; medians of %d steps\n", result->net,
          result->infer ? "inference" : "training step", result->count, cnn_plural(result->count),
          result->threads, cnn_plural(result->threads), result->steps);
  fprintf(out, "FMA peak %.0f GFLOP/s (%s), memory reads %.0f GB/s\n\n", result->fma_peak / 1e9,
          result->instructions, result->bandwidth / 1e9);
}

/* The sum of the nodes that are not shown. */
static void print_others(widths w, const cnn_profile_result *result, int shown, double all_seconds,
                         FILE *out) {
  char name[32];
  snprintf(name, sizeof name, "%d others", result->row_count - shown);
  cnn_profile_row others = {.layer = name, .op = ""};
  for (int i = shown; i < result->row_count; i++) {
    others.seconds += result->slowest[i]->seconds;
    others.flops += result->slowest[i]->flops;
    others.bytes += result->slowest[i]->bytes;
  }
  print_row(w, &others, "", result, all_seconds, out);
}

void cnn_profile_table(const cnn_profile_result *result, int most, FILE *out) {
  const int shown = most < result->row_count ? most : result->row_count;
  const widths w = measure_words(result, shown);
  const cnn_profile_row all = cnn_profile_sum(result, CNN_ALL_PASSES);
  print_head(result, out);
  fprintf(out, "%-*s  %-*s  %-16s %10s %9s %9s %11s %8s\n", w.layer, "layer", w.op, "op", "pass",
          "ms", "share", "GFLOP/s", "of FMA peak", "GB/s");
  for (int i = 0; i < shown; i++)
    print_row(w, result->slowest[i], cnn_pass_name(result->slowest[i]->pass), result, all.seconds,
              out);
  if (shown < result->row_count) print_others(w, result, shown, all.seconds, out);
  fputc('\n', out);
  for (int pass = 0; pass < CNN_PASS_COUNT; pass++) {
    cnn_profile_row sum = cnn_profile_sum(result, pass);
    if (sum.seconds > 0) print_row(w, &sum, cnn_pass_name(pass), result, all.seconds, out);
  }
  print_row(w, &all, "", result, all.seconds, out);
  const double part = all.seconds / result->step_seconds;
  fprintf(out, "\nA step without profiling: %.4f ms; the nodes' sum is %.3f of it.\n",
          1e3 * result->step_seconds, part);
  if (part < 0.9 || part > 1.1)
    fprintf(out, "! they should be equal: something else is running; close it and run again\n");
}

/* --- the file --------------------------------------------------------------------------------- */

void cnn_profile_csv(cnn_text *text, const cnn_profile_result *result, int most) {
  const double all_seconds = cnn_profile_sum(result, CNN_ALL_PASSES).seconds;
  cnn_text_add(text, "layer,op,pass,ms,share,flops,bytes,gflop_per_s,share_of_fma_peak,gb_per_s\n");
  for (int i = 0; i < most && i < result->row_count; i++) {
    const cnn_profile_row *row = &result->rows[i];
    const double rate = row->seconds > 0 ? 1 / row->seconds : 0;
    cnn_text_add(text, "%s,%s,%s,%.6g,%.4f,%.0f,%.0f,%.4g,%.4f,%.4g\n", row->layer, row->op,
                 cnn_pass_name(row->pass), 1e3 * row->seconds, row->seconds / all_seconds,
                 row->flops, row->bytes, row->flops * rate / 1e9,
                 row->flops * rate / result->fma_peak, row->bytes * rate / 1e9);
  }
}
