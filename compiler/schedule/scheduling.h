/* Inside of the schedule pass: what its files share. */
#ifndef CNNC_SCHEDULING_H
#define CNNC_SCHEDULING_H

#include "ir/options.h"
#include "schedule/schedule_file.h"

enum {
  FMAS_IN_FLIGHT = 8, /* two a cycle, four cycles each */
  PIECES = 64         /* of work, at least, where a shape has as many: for many processors */
};

static const double HIDDEN_LOAD = 0.1;    /* cycles */
static const double CODE_FOR_REST = 1.02; /* a second copy of the kernel must be worth it */
static const double WORTH_A_BODY = 0.12;  /* gain for which a shape gets code of its own */

/* The decisions about one node. */
typedef struct Decision {
  const Node *node;
  const Graph *graph;
  const CompileOptions *options;
  const OpWords *words;     /* what can be decided; NULL: nothing */
  const ScheduleLine *line; /* what a file says of the node; NULL: nothing */
  Schedule s;
} Decision;

/* --- the tile --------------------------------------------------------------------------------- */

/* Registers that a tile leaves: one for what passes through, one or two more for the C compiler,
   which would spill without; and those that it may take. */
int spare_registers(const Decision *d);
int tile_registers(const Decision *d);

/* The shorter side is held in registers beside the accumulators. */
bool tile_fits(int a, int b, int registers);

/* Cycles for one term of the sum of an a x b tile; far: of the loads of b, by the second cache. */
double tile_cycles(int a, int b, double far);

/* The best tile a x b for an m x n output; b is a multiple of `unit`. What is already in `tile`
   stays unless it does not fit, or another is better by more than a little: shapes with one tile
   share code. */
void choose_tile(int m, int n, int unit, int registers, int tile[2]);

/* --- what a schedule file says ---------------------------------------------------------------- */

/* What the line says of the word takes the place of what was decided. */
void decision_take(Decision *d, ScheduleWord word);

/* Reports what is wrong in the line. Only a line can be: the model keeps the rules. */
bool decision_refuse(const Decision *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Number i of the word is from 1 to `most`. */
bool decision_check_number(const Decision *d, ScheduleWord word, int i, int most);

/* The tile is a part of `rows` x `columns`, and the registers hold it: its sums, `waiting` numbers
   beside them, and `spare` more. */
bool decision_check_tile(const Decision *d, int rows, int columns);
bool decision_check_part(const Decision *d, int rows, int columns);
bool decision_check_registers(const Decision *d, int waiting, int spare);

/* --- rules: all decisions about a node; false after a refusal --------------------------------- */

/* schedule_conv.c */

/* Pixels of a row that share their taps: number j reads from + j * step through the first, `then`
   further through the next. Forward, all pixels do; backward, those with the same remainder by the
   stride. */
typedef struct Run {
  int made, taps, from, then, step;
} Run;
int conv_runs(const Node *conv);
Run conv_run(const Node *conv, int number);

bool decide_conv_rows(Decision *d);
bool decide_conv_weights(Decision *d);
/* What the node works in while it runs. */
int64_t conv_workspace_reals(const Node *node, const Schedule *s);

/* schedule_channels.c */
bool decide_conv_channels(Decision *d);
/* The tile that makes `vectors` x `columns` in the fewest cycles: as wide as fits, or a row is cut
   into nearly equal tiles where that gains enough. */
void choose_tile_of_channels(Schedule *s, int vectors, int columns, int registers);
bool decide_filters_channels(Decision *d);
bool decide_linear_rows(Decision *d);
int64_t channels_workspace_reals(const Node *node, const Graph *graph,
                                 const CompileOptions *options);
/* The filters get the size that the tiles of a scheduled conv2d_prepacked want. */
void give_filters(Node *conv, const CompileOptions *options);
/* Sums get the size that the pieces of a scheduled conv2d_backward_data want. */
void give_sums(Node *conv, const CompileOptions *options);

/* schedule_winograd.c: of convolutions with channels in lanes. */
bool winograd_fits(const Decision *d);
bool winograd_pays(const Decision *d);
/* The tile of conv2d and its backward-data. */
void choose_winograd_tile(const Decision *d, Schedule *s);
/* Blocks of work; the tile is there. */
bool decide_winograd_rows(Decision *d);
bool decide_winograd_weights(Decision *d);
/* The filters at the points. */
int64_t winograd_filters_reals(const Node *node, const Schedule *s, int lanes);
/* Beside what the direct way works in. */
int64_t winograd_workspace_reals(const Node *node, const Schedule *s, const CompileOptions *options,
                                 int batch);

/* Bytes of a number of as many images or channels as a vector holds. */
int vector_bytes(const CompileOptions *options);

/* --- arithmetic ------------------------------------------------------------------------------- */

static inline int min(int a, int b) {
  return a < b ? a : b;
}
static inline int max(int a, int b) {
  return a > b ? a : b;
}
static inline int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

#endif
