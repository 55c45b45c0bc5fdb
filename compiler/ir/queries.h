/* Questions about a graph. */
#ifndef CNNC_QUERIES_H
#define CNNC_QUERIES_H

#include "ir/graph.h"

int64_t value_count(const Value *value);    /* product of its dimensions */
int64_t value_features(const Value *value); /* the same of one image: C*H*W */
/* In whose memory the value lives: its own, unless it is a view. */
Value *value_root(Value *value);
int value_row_channels(const Value *value);   /* channels of a row of the memory that it lies in */
int value_whole_channels(const Value *value); /* of the value that it is a part of; 0: of none */

/* Whether the node's result is its input in the same memory: where flatten moves nothing, and
   concat and slice of parts. */
bool node_is_view(const Graph *graph, const Node *node);

/* Whether the batch_norm_backward recomputes its ReLU mask: from x, weight and bias. */
bool node_recomputes_relu(const Node *norm_backward);

/* The value that the node's epilogue adds, or NULL: the last input but for mask. */
Value *node_residual(const Node *node);

/* Whether all values are row-major: the reference target. */
bool graph_is_plain(const Graph *graph);

/* Whether the node works on channel-blocked values. */
bool node_is_channel_blocked(const Graph *graph, const Node *node);

/* Whether the values from place i on are weight, bias and running statistics of one batch_norm.
   Then what their names and, once emit has set them, their identifiers begin with: bn1. */
bool find_norm(const Graph *graph, int i, const char **name, const char **identifier);

/* NULL if there is none. */
Value *graph_find_value(const Graph *graph, const char *name);
bool value_is_stored(const Value *value);  /* a parameter or a buffer: in checkpoints */
bool value_is_planned(const Value *value); /* lies in the block of activations */

/* How many nodes read the value; the graph's output counts as one more, and so do losses
   where the graph has one (inference has none). */
int graph_uses(const Graph *graph, const Value *value);

/* The one node that reads the value, or NULL. */
Node *graph_only_reader(const Graph *graph, const Value *value);

/* Values begin at multiples of this many reals: 64 bytes of floats. */
enum { ALIGNMENT_REALS = 16 };

/* Reals of the parameters of an update node, which lie next to each other, each aligned. After the
   memory pass. */
int64_t node_updated_reals(const Node *update);

#endif
