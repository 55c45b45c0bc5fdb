/* The passes, in the order in which they run. Each stands in a file of its own, whose first comment
   says what the pass requires, establishes and may break. */
#ifndef CNNC_PASSES_H
#define CNNC_PASSES_H

#include "ir/graph.h"
#include "schedule/schedule_file.h"

typedef enum Target { TARGET_SCALAR, TARGET_AVX2, TARGET_AVX512 } Target;

typedef struct CompileOptions {
  Target target;
  bool real_is_double; /* TARGET_SCALAR only */
  bool keep_values;    /* every value in guarded memory of its own, listed in the descriptor */
  bool direct;         /* no algorithm that rounds otherwise than plain sums: no Winograd */
  const char *command; /* what made the output, for its header: no absolute paths */
  const ScheduleFile *schedule; /* decisions that are not the cost model's; or NULL */
} CompileOptions;

/* "scalar", "avx2", "avx512". */
const char *target_name(Target target);

/* Images a vector: 1, 8, 16. */
int target_lanes(Target target);

/* Vector registers: how many accumulators a tile may have depends on it. */
int target_registers(Target target);

/* What the C compiler needs to be told of its instructions. */
const char *target_flags(Target target);

/* The best that this machine runs. */
Target target_native(void);

/* Of a number in the program. */
int real_bytes(const CompileOptions *options);

typedef enum Pass {
  PASS_BUILT, /* what the model built, as it is */
  PASS_SIMPLIFY,
  PASS_GRADIENT,
  PASS_FUSE,
  PASS_FOLD,
  PASS_SCHEDULE,
  PASS_LAYOUT,
  PASS_VIEWS,
  PASS_MEMORY,
  PASS_COUNT
} Pass;

const char *pass_name(Pass pass);

/* Those from first to last, and after each the verifier. */
void run_passes(Graph *graph, Pass first, Pass last, const CompileOptions *options);

void pass_simplify(Graph *graph);
void pass_gradient(Graph *graph);
void pass_fuse(Graph *graph);
void pass_fold(Graph *graph, const CompileOptions *options);
void pass_schedule(Graph *graph, const CompileOptions *options);
/* Vectors of sums that a block of conv2d_backward_weights has at most. */
int conv_block_sums(const CompileOptions *options);

/* Of a convolution with channels in lanes: pixels of a row that share their taps, at most (backward
   with a stride there are one fewer in some rows). */
int conv_columns(const Node *conv);

/* The same scheduled: pixels at an end of a tile that lack a tap which others of the
   tile have, at most (EDGE_MOST at most); or 1 if only whole tiles lack taps. */
enum { EDGE_MOST = 6, TILE_VECTORS_MOST = 4, TILE_PIXELS_MOST = 29, ROW_TAPS_MOST = 5 };
typedef struct Lacks {
  int most;
  bool both; /* a tap may be lacking at both ends */
} Lacks;
Lacks conv_tiles_lack(const Node *node);

/* Rows of a piece of work of a scheduled conv2d_backward_data: of those, sums are noted. */
int conv_noted_rows(const Node *conv);

/* Images of a piece of work of a scheduled linear whose images are rows, in a batch of `images`. */
int linear_rows_images(const Schedule *s, int images);

enum { WINOGRAD_GRADIENT_UNIT = 16 }; /* patches of a unit, in the gradient of filters */
/* Of a convolution by Winograd's way: units of patches that its workspace has room for at once. */
int winograd_room(const Node *node, const Schedule *s, const CompileOptions *options, int batch);

void pass_layout(Graph *graph, const CompileOptions *options);

/* The layout that suits the forward nodes: LAYOUT_BATCH_BLOCKED or LAYOUT_CHANNEL_BLOCKED. */
Layout choose_layout(const Graph *graph, const CompileOptions *options);

void pass_views(Graph *graph, const CompileOptions *options);
void pass_memory(Graph *graph, const CompileOptions *options);

/* Gives the parameters of inference the places that those of the planned training graph have. */
void graph_adopt_parameters(Graph *inference, const Graph *training);

/* After simplify: a copy for inference, without loss and dropout, and with the layout that suits
   it. It goes through the passes from fuse on. Parameters are shared by name. */
Graph *graph_inference(const Graph *graph, const CompileOptions *options);

/* Reals of the parameter block (the gradient block and each optimiser block are as large), and of
   the block of activations and their gradients. After the memory pass. */
int64_t graph_parameter_reals(const Graph *graph);
int64_t graph_activation_reals(const Graph *graph);
int optimizer_blocks(const Recipe *recipe);

/* All bytes that a program with this graph needs: parameters and activations, and in training
   gradients and optimiser state. */
int64_t graph_bytes(const Graph *graph, const CompileOptions *options);

/* From a simplified graph, both graphs of a program, planned. */
typedef struct Program {
  Graph *training, *inference;
} Program;

/* False if a pass refused something, which is then in the graph's diag. */
bool plan_program(Graph *simplified, const CompileOptions *options, Program *program);

/* The C text of the program, in the graph's arena. Both graphs are planned. */
char *emit_program(Graph *training, Graph *inference, const CompileOptions *options);

/* Bytes between the end of a guarded value and the start of the next (keep_values). */
enum { GUARD_BYTES = 4096 };

#endif
