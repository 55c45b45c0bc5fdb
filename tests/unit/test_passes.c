#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ir/queries.h"
#include "ir/verify.h"
#include "passes/memory.h"
#include "passes/passes.h"
#include "schedule/schedule.h"
#include "passes/pipeline.h"
#include "schedule/cost.h"

/* --- a small graph: conv2d, relu, max_pool2d, flatten, linear, loss -------------------------- */

typedef struct Fixture {
  Arena *arena;
  Diag diag;
  Graph *graph;
  Value *conv, *relu, *pool, *logits;
} Fixture;

static const SourcePos NOWHERE = {NULL, 0};

static Value *parameter(Graph *graph, const char *name, int rank, const int *dim) {
  Value *value = graph_value(graph, VALUE_PARAMETER, name, rank, dim);
  value->trainable = true;
  return value;
}

static Value *layer(Graph *graph, OpKind op, const char *name, int in_count, Value *const *in,
                    int rank, const int *dim) {
  Node *node = graph_node(graph, op, name, NOWHERE, in_count, in);
  for (int i = 0; i < 2; i++) {
    node->attributes.kernel[i] = op == OP_conv2d ? 3 : 2;
    node->attributes.stride[i] = op == OP_conv2d ? 1 : 2;
    node->attributes.padding[i] = op == OP_conv2d;
    node->attributes.dilation[i] = 1;
  }
  node->attributes.groups = 1;
  node->attributes.channels = node->attributes.features = dim[1];
  return graph_output(graph, node, VALUE_ACTIVATION, name, rank, dim);
}

static int build(void **state) {
  Fixture *f = test_calloc(1, sizeof *f);
  f->arena = arena_new();
  Graph *graph = f->graph = graph_new(f->arena, &f->diag);
  graph->name = "small";
  graph->classes = 10;
  graph->recipe.batch = 20;
  graph->recipe.momentum = 0.9;
  int image[] = {20, 1, 8, 8}, maps[] = {20, 4, 8, 8}, pooled[] = {20, 4, 4, 4}, flat[] = {20, 64};
  int classes[] = {20, 10}, filters[] = {4, 1, 3, 3}, matrix[] = {10, 64}, four[] = {4}, n[] = {20};
  graph->input = graph_value(graph, VALUE_INPUT, "images", 4, image);
  Value *x = layer(graph, OP_pack_input, "input", 1, &graph->input, 4, image);
  Value *conv_in[] = {x, parameter(graph, "conv.weight", 4, filters),
                      parameter(graph, "conv.bias", 1, four)};
  f->conv = layer(graph, OP_conv2d, "conv", 3, conv_in, 4, maps);
  f->relu = layer(graph, OP_relu, "relu", 1, &f->conv, 4, maps);
  f->pool = layer(graph, OP_max_pool2d, "pool", 1, &f->relu, 4, pooled);
  Value *flat_value = layer(graph, OP_flatten, "flat", 1, &f->pool, 2, flat);
  Value *fc_in[] = {flat_value, parameter(graph, "fc.weight", 2, matrix)};
  f->logits = graph->output = layer(graph, OP_linear, "fc", 2, fc_in, 2, classes);
  Node *loss = graph_node(graph, OP_softmax_cross_entropy, "loss", NOWHERE, 1, &f->logits);
  graph->loss = graph_output(graph, loss, VALUE_LOSS, "loss", 1, n);
  graph_output(graph, loss, VALUE_GRADIENT, "dfc", 2, classes);
  *state = f;
  return 0;
}

static int release(void **state) {
  Fixture *f = *state;
  arena_release(f->arena);
  test_free(f);
  return 0;
}

static Node *find(const Graph *graph, OpKind op) {
  for (int i = 0; i < graph->nodes.count; i++)
    if (graph->nodes.at[i]->op == op) return graph->nodes.at[i];
  return NULL;
}

static const CompileOptions AVX512 = {.target = &target_AVX512, .command = "cnnc small.lua"};

/* --- tests ----------------------------------------------------------------------------------- */

static void simplify_takes_out_what_does_nothing(void **state) {
  Fixture *f = *state;
  int before = f->graph->nodes.count;
  find(f->graph, OP_max_pool2d)->attributes.kernel[0] = 1;
  find(f->graph, OP_max_pool2d)->attributes.kernel[1] = 1;
  find(f->graph, OP_max_pool2d)->attributes.stride[0] = 1;
  find(f->graph, OP_max_pool2d)->attributes.stride[1] = 1;
  pass_simplify(f->graph);
  assert_int_equal(f->graph->nodes.count, before - 1);
  assert_null(find(f->graph, OP_max_pool2d));
  assert_ptr_equal(find(f->graph, OP_flatten)->in[0], f->relu);
}

static void gradient_reaches_every_parameter_but_not_the_images(void **state) {
  Fixture *f = *state;
  pass_simplify(f->graph);
  pass_gradient(f->graph);
  graph_verify(f->graph, STAGE_DIFFERENTIATED);
  for (int i = 0; i < f->graph->values.count; i++) {
    const Value *value = f->graph->values.at[i];
    if (value->kind == VALUE_PARAMETER) assert_non_null(value->gradient);
  }
  assert_null(find(f->graph, OP_conv2d_backward_data));
  assert_non_null(find(f->graph, OP_linear_backward_data));
  assert_int_equal(find(f->graph, OP_update)->in_count, 6);
}

static void frozen_parameters_cost_nothing(void **state) {
  Fixture *f = *state;
  for (int i = 0; i < f->graph->values.count; i++)
    if (!strncmp(f->graph->values.at[i]->name, "conv", 4))
      f->graph->values.at[i]->trainable = false;
  pass_gradient(f->graph);
  assert_null(find(f->graph, OP_conv2d_backward_weights));
  assert_null(find(f->graph, OP_max_pool2d_backward));
  assert_int_equal(find(f->graph, OP_max_pool2d)->out_count, 1);
  assert_null(find(f->graph, OP_linear_backward_data));
  assert_non_null(find(f->graph, OP_linear_backward_weights));
}

static void a_value_with_two_readers_gets_the_sum(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  Node *flatten = find(graph, OP_flatten);
  Value *twice[] = {f->pool, f->pool};
  Value *sum = layer(graph, OP_add, "sum", 2, twice, 4, f->pool->dim);
  graph_move_before(graph, sum->producer, flatten);
  flatten->in[0] = sum;
  pass_gradient(graph);
  graph_verify(graph, STAGE_DIFFERENTIATED);
  assert_string_equal(f->pool->gradient->name, "dpool_sum");
  assert_int_equal(f->pool->gradient->producer->in_count, 2);
}

static void relu_rides_on_its_neighbours(void **state) {
  Fixture *f = *state;
  pass_gradient(f->graph);
  pass_fuse(f->graph);
  graph_verify(f->graph, STAGE_FUSED);
  assert_null(find(f->graph, OP_relu));
  assert_null(find(f->graph, OP_relu_backward));
  assert_int_equal(find(f->graph, OP_conv2d)->attributes.activation, ACTIVATION_RELU);
  assert_ptr_equal(find(f->graph, OP_conv2d)->out[0], f->relu);
  assert_true(find(f->graph, OP_max_pool2d)->attributes.relu_mask);
}

static void an_activation_that_others_read_stays(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  Value *both[] = {f->conv, f->relu};
  Value *sum = layer(graph, OP_add, "sum", 2, both, 4, f->conv->dim);
  graph_move_before(graph, sum->producer, find(graph, OP_max_pool2d));
  find(graph, OP_max_pool2d)->in[0] = sum;
  pass_gradient(graph);
  pass_fuse(graph);
  graph_verify(graph, STAGE_FUSED);
  assert_non_null(find(graph, OP_relu));
  assert_int_equal(find(graph, OP_conv2d)->attributes.activation, ACTIVATION_NONE);
  assert_false(find(graph, OP_max_pool2d)->attributes.relu_mask);
}

/* One relu_backward behind the pool's, but the relu is not what is pooled. */
static void a_pool_of_a_sum_masks_nothing(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  const int filters[] = {4, 1, 3, 3};
  Value *still_in[] = {find(graph, OP_pack_input)->out[0],
                       parameter(graph, "still.weight", 4, filters)};
  still_in[1]->trainable = false;
  Value *still = layer(graph, OP_conv2d, "still", 2, still_in, 4, f->conv->dim);
  Value *both[] = {still, f->relu};
  Value *sum = layer(graph, OP_add, "sum", 2, both, 4, f->conv->dim);
  graph_move_before(graph, still->producer, f->conv->producer);
  graph_move_before(graph, sum->producer, f->pool->producer);
  f->pool->producer->in[0] = sum;
  pass_gradient(graph);
  pass_fuse(graph);
  assert_true(f->pool->producer->attributes.argmax);
  assert_false(f->pool->producer->attributes.relu_mask);
  assert_non_null(find(graph, OP_relu_backward));
}

static void memory_is_used_again(void **state) {
  Fixture *f = *state;
  pass_gradient(f->graph);
  run_passes(f->graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  int64_t sum = 0;
  for (int i = 0; i < f->graph->values.count; i++) {
    const Value *value = f->graph->values.at[i];
    bool planned = value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT;
    if (planned && !value->view_of) sum += value->elements;
  }
  assert_true(graph_activation_reals(f->graph) < sum);
  /* 20 images take two vectors of 16. */
  assert_int_equal(f->relu->elements, 2 * 16 * 4 * 8 * 8);
  /* flatten moves rows of channels, unless there is one row. */
  const Node *flatten = find(f->graph, OP_flatten);
  assert_null(flatten->out[0]->view_of);
  f->pool->dim[2] = 1;
  assert_true(node_is_view(f->graph, flatten));
}

static void kept_values_end_at_page_borders(void **state) {
  Fixture *f = *state;
  CompileOptions options = AVX512;
  options.keep_values = true;
  pass_gradient(f->graph);
  run_passes(f->graph, PASS_FUSE, PASS_MEMORY, &options);
  for (int i = 0; i < f->graph->values.count; i++) {
    const Value *value = f->graph->values.at[i];
    bool planned = value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT;
    if (planned) assert_int_equal((value->offset + value->elements) * 4 % GUARD_BYTES, 0);
  }
}

static void inference_has_no_loss_and_no_dropout(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  Value *dropped = layer(graph, OP_dropout, "drop", 1, &f->pool, 4, f->pool->dim);
  dropped->producer->attributes.p = 0.5;
  graph_move_before(graph, dropped->producer, find(graph, OP_flatten));
  find(graph, OP_flatten)->in[0] = dropped;
  Graph *inference = graph_inference(graph, &AVX512);
  graph_verify(inference, STAGE_SIMPLIFIED);
  assert_null(find(inference, OP_dropout));
  assert_null(find(inference, OP_softmax_cross_entropy));
  assert_non_null(find(graph, OP_dropout));
  assert_string_equal(inference->output->name, "fc");
  run_passes(graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  graph_adopt_parameters(inference, graph);
  run_passes(inference, PASS_FUSE, PASS_MEMORY, &AVX512);
}

static void few_images_have_channels_in_lanes(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  assert_int_equal(graph_inference(graph, &AVX512)->image_layout,
                   LAYOUT_BATCH_BLOCKED); /* 20 images, 4 channels */
  graph->recipe.batch = 2;
  Graph *inference = graph_inference(graph, &AVX512);
  run_passes(graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  assert_int_equal(find(graph, OP_conv2d)->out[0]->layout, LAYOUT_CHANNEL_BLOCKED);
  assert_int_equal(graph->output->layout, LAYOUT_BATCH_BLOCKED); /* features are batch-blocked */
  graph_adopt_parameters(inference, graph);
  pass_fuse(inference);
  pass_fold(inference, &AVX512);
  const Node *maker = find(inference, OP_prepack_conv2d),
             *conv = find(inference, OP_conv2d_prepacked);
  assert_ptr_equal(inference->nodes.at[0], maker);
  assert_ptr_equal(conv->in[1], maker->out[0]);
  assert_int_equal(conv->attributes.activation, ACTIVATION_RELU);
  pass_schedule(inference, &AVX512);
  pass_layout(inference, &AVX512);
  pass_views(inference, &AVX512);
  pass_memory(inference, &AVX512);
  graph_verify(inference, STAGE_PLANNED);
  assert_int_equal(conv->out[0]->layout, LAYOUT_CHANNEL_BLOCKED);
  assert_int_equal(inference->output->layout, LAYOUT_CHANNEL_BLOCKED);
  assert_int_equal(conv->in[1]->last, inference->nodes.count);
  assert_int_equal(
      graph_inference(graph, &(CompileOptions){.target = &target_SCALAR})->image_layout,
      LAYOUT_BATCH_BLOCKED); /* scalar */
}

/* Behind the fixture's relu: relus of two convolutions with 16 and 5 channels, side by side. */
static Value *add_branches(Fixture *f) {
  Graph *graph = f->graph;
  const int channels[] = {16, 5};
  Value *branches[2];
  for (int i = 0; i < 2; i++) {
    const int maps[] = {20, channels[i], 8, 8}, filters[] = {channels[i], 4, 3, 3};
    const char *name = i ? "right" : "left";
    Value *in[] = {f->relu,
                   parameter(graph, arena_printf(f->arena, "%s.weight", name), 4, filters)};
    Value *conv = layer(graph, OP_conv2d, name, 2, in, 4, maps);
    branches[i] = layer(graph, OP_relu, arena_printf(f->arena, "%s.relu", name), 1, &conv, 4, maps);
  }
  Value *cat = layer(graph, OP_concat, "cat", 2, branches, 4, (int[]){20, 21, 8, 8});
  Node *pool = f->pool->producer;
  for (int i = 0; i < 5; i++) /* the new nodes, which stand at the end, in their order */
    graph_move_before(graph, graph->nodes.at[graph->nodes.count - 5 + i], pool);
  pool->in[0] = cat;
  f->pool->dim[1] = 21;
  find(graph, OP_flatten)->out[0]->dim[1] = 21 * 16;
  graph_find_value(graph, "fc.weight")->dim[1] = 21 * 16;
  return cat;
}

static void parts_of_a_concat_lie_in_it(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  graph->recipe.batch = 2;
  Value *cat = add_branches(f);
  pass_gradient(graph);
  run_passes(graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  const Value *left = cat->producer->in[0], *right = cat->producer->in[1];
  assert_ptr_equal(left->part_of, cat);
  assert_int_equal(left->offset, cat->offset);
  assert_int_equal(right->offset, cat->offset + 16 * 8); /* behind a row of the left one */
  assert_int_equal(right->elements, (20 * 8 - 1) * 2 * 16 * 8 + 16 * 8);
  assert_true(cat->first <= left->first && cat->last >= right->last);
  assert_true(node_is_view(graph, cat->producer));
  /* What masks both is one node, and what it makes is cut without a copy. */
  assert_null(find(graph, OP_relu_backward));
  const Node *slice = find(graph, OP_slice);
  assert_ptr_equal(slice->out[0]->part_of, slice->in[0]);
  assert_int_equal(slice->in[0]->producer->op, OP_max_pool2d_backward);
  assert_true(slice->in[0]->producer->forward->attributes.relu_mask);
}

/* A batch_norm behind the fixture's convolution, and another convolution, in front of the relu. */
static void backward_data_sums_for_the_batch_norm_behind_it(void **state) {
  Fixture *f = *state;
  Graph *graph = f->graph;
  const int four[] = {4};
  graph->recipe.batch = 2;
  Node *norm = graph_node(graph, OP_batch_norm, "bn", NOWHERE, 1, &f->conv);
  norm->attributes.eps = 1e-5;
  Value *bn = graph_output(graph, norm, VALUE_ACTIVATION, "bn", 4, f->conv->dim);
  const char *const names[] = {"bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"};
  for (int i = 0; i < 4; i++) {
    Value *value = i < 2 ? parameter(graph, names[i], 1, four)
                         : graph_value(graph, VALUE_BUFFER, names[i], 1, four);
    graph_append_inputs(graph, norm, 1, &value);
  }
  graph_output(graph, norm, VALUE_ACTIVATION, "bn.mean", 1, four);
  graph_output(graph, norm, VALUE_ACTIVATION, "bn.inverse", 1, four);
  const int filters[] = {4, 4, 1, 1};
  Value *next_in[] = {bn, parameter(graph, "next.weight", 4, filters)};
  Node *next = graph_node(graph, OP_conv2d, "next", NOWHERE, 2, next_in);
  next->attributes = (Attributes){
      .channels = 4, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
  f->relu->producer->in[0] = graph_output(graph, next, VALUE_ACTIVATION, "next", 4, f->conv->dim);
  graph_move_before(graph, norm, f->relu->producer);
  graph_move_before(graph, next, f->relu->producer);
  pass_gradient(graph);
  run_passes(graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  const Node *conv = find(graph, OP_conv2d_backward_data);
  const Node *reader = find(graph, OP_batch_norm_backward);
  assert_int_equal(conv->out_count, 2);
  assert_ptr_equal(conv->summed, reader);
  assert_ptr_equal(reader->in[reader->in_count - 1], conv->out[1]);
  const int pieces = (8 + conv->schedule.conv_channel_blocked.oh_block - 1) /
                     conv->schedule.conv_channel_blocked.oh_block;
  assert_int_equal(conv->out[1]->elements,
                   20 * pieces * 2 * 16); /* images, one vector of channels */
  assert_ptr_equal(graph->nodes.at[conv->out[1]->last], reader);
  assert_true(norm->out[2]->last >= conv->out[0]->first); /* it reads mean and inverse, too */
  /* The epilogue reduction is no cost of the definition. */
  assert_int_equal(node_cost(graph, conv, &AVX512).bytes, value_count(next_in[1]) * 4);
}

static void parts_that_cannot_lie_in_a_concat_are_copied(void **state) {
  Fixture *f = *state;
  f->graph->recipe.batch = 2;
  Value *cat = add_branches(f), *left = cat->producer->in[0];
  cat->producer->in[0] = cat->producer->in[1]; /* the second would begin within a vector */
  cat->producer->in[1] = left;
  pass_gradient(f->graph);
  run_passes(f->graph, PASS_FUSE, PASS_MEMORY, &AVX512);
  assert_null(left->part_of);
  assert_false(node_is_view(f->graph, cat->producer));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(simplify_takes_out_what_does_nothing, build, release),
      cmocka_unit_test_setup_teardown(gradient_reaches_every_parameter_but_not_the_images, build,
                                      release),
      cmocka_unit_test_setup_teardown(frozen_parameters_cost_nothing, build, release),
      cmocka_unit_test_setup_teardown(parts_of_a_concat_lie_in_it, build, release),
      cmocka_unit_test_setup_teardown(backward_data_sums_for_the_batch_norm_behind_it, build,
                                      release),
      cmocka_unit_test_setup_teardown(parts_that_cannot_lie_in_a_concat_are_copied, build, release),
      cmocka_unit_test_setup_teardown(a_value_with_two_readers_gets_the_sum, build, release),
      cmocka_unit_test_setup_teardown(relu_rides_on_its_neighbours, build, release),
      cmocka_unit_test_setup_teardown(an_activation_that_others_read_stays, build, release),
      cmocka_unit_test_setup_teardown(a_pool_of_a_sum_masks_nothing, build, release),
      cmocka_unit_test_setup_teardown(memory_is_used_again, build, release),
      cmocka_unit_test_setup_teardown(few_images_have_channels_in_lanes, build, release),
      cmocka_unit_test_setup_teardown(kept_values_end_at_page_borders, build, release),
      cmocka_unit_test_setup_teardown(inference_has_no_loss_and_no_dropout, build, release),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
