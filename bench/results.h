/* The figures of all races: rows of a CSV file, their summary and their chart. */
#ifndef CNNC_RESULTS_H
#define CNNC_RESULTS_H

#include "driver/arena.h"
#include "race.h"

#include <stdbool.h>
#include <stdio.h>

/* A row; docs/benchmarks.md describes the columns. */
typedef struct Result {
  const char *net, *work, *engine, *mode;
  int batch, threads;
  double images_per_s, spread, peak_mb, share_of_peak;
} Result;

typedef LIST_OF(const Result *) ResultList;

/* Adds a row for every engine that ran. */
void results_add(Arena *arena, ResultList *results, const Race *race);

/* Whether the race has rows. */
bool results_hold(const ResultList *results, const Race *race);

/* The rows of a file that results_write wrote; none if there is no file. False with a message on
   standard error if it is another file. */
bool results_read(Arena *arena, ResultList *results, const char *path);

/* Replaces the file atomically; false with a message on standard error. */
bool results_write(Arena *arena, const ResultList *results, const char *path);

/* Rows of the same net, batch, work and threads. */
bool same_race(const Result *a, const Result *b);

/* The first row of every race, in the order of the list. */
ResultList results_races(Arena *arena, const ResultList *results);

/* The engine's fastest mode in the race of this row; NULL if it did not run. */
const Result *results_best(const ResultList *results, const Result *race, const char *engine);

/* The speed of an engine's fastest mode over that of another's; 0 if one of the two did not run. */
double results_ratio(const ResultList *results, const Result *race, const char *engine,
                     const char *other);

/* Prints the ratios of cnnc's speed to every other engine's, race by race, and geometric means. */
void results_summary(Arena *arena, const ResultList *results, FILE *out);

/* Draws the same as SVG; false with a message on standard error. */
bool results_draw(Arena *arena, const ResultList *results, const char *path);

#endif
