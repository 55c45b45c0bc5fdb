/* One rule for each kind of kernel: it makes all decisions about a node, and returns false after an
   override that it rejects. d->s.algorithm is ALGORITHM_DIRECT before. With each rule, the sizes of
   memory that follow from a schedule, in numbers of the program. */
#ifndef CNNC_RULES_H
#define CNNC_RULES_H

#include "schedule/decision.h"

/* Work items that a kernel shall have at least where its shape has as many: for many processors. */
enum { WORK_ITEMS = 64 };

/* conv_batch_blocked.c, weights_batch_blocked.c */
bool decide_conv_batch_blocked(Decision *d);
int64_t conv_batch_blocked_packed_size(const Node *node, const Schedule *s);
bool decide_weights_batch_blocked(Decision *d);
int64_t weights_batch_blocked_partial_size(const Node *node, const Schedule *s);

/* conv_channel_blocked.c: conv2d, conv2d_backward_data and conv2d_prepacked. */
bool decide_conv_channel_blocked(Decision *d);
/* The file may have an algorithm that is not the model's. */
bool decide_winograd_algorithm(Decision *d);

/* weights_channel_blocked.c */
bool decide_weights_channel_blocked(Decision *d);

/* winograd.c: channel-blocked convolutions. */
bool winograd_fits(const Decision *d);
bool winograd_pays(const Decision *d);
bool decide_conv_winograd(Decision *d);
/* oc_vectors and ic_unroll are those of the direct kernel's cost model. */
bool decide_weights_winograd(Decision *d);

/* linear.c */
bool decide_linear_batch_blocked(Decision *d);
bool decide_linear_backward_data(Decision *d);
bool decide_linear_weights(Decision *d);
bool decide_linear_padded_rows(Decision *d);

/* sums.c: batch_norm, its backward half, and bias_gradient. */
int sums_work_items(const Node *node, const Graph *graph, int lanes);
int64_t sums_workspace_size(const Node *node, const Graph *graph, int lanes);

#endif
