/* Lowering: a small graph's kernels and calls as data, their names and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/text.h"
#include "emit/call_text.h"
#include "emit/kernel_name.h"
#include "emit/lines.h"
#include "emit/lower.h"
#include "passes/pipeline.h"

static int set_up(void **state) {
  *state = arena_new();
  return 0;
}

static int tear_down(void **state) {
  arena_release(*state);
  return 0;
}

/* --- a small graph: x + relu(x), twice, then the sum of both -------------------------------- */

static const CompileOptions AVX512 = {.target = &target_AVX512, .command = "cnnc small.lua"};
static const SourcePos NOWHERE = {NULL, 0};

typedef struct Small {
  Graph *graph;
  Value *x, *relu1, *relu2, *sum;
} Small;

static Value *named(Graph *graph, const char *name, const int *dim) {
  Value *value = graph_value(graph, VALUE_ACTIVATION, name, 4, dim);
  value->layout = LAYOUT_BATCH_BLOCKED;
  value->identifier = name;
  return value;
}

static Value *node_of(Graph *graph, OpKind op, const char *name, int count, Value *const *in) {
  Node *node = graph_node(graph, op, name, NOWHERE, count, in);
  node->phase = PHASE_FORWARD;
  Value *out = graph_output(graph, node, VALUE_ACTIVATION, name, 4, in[0]->dim);
  out->layout = LAYOUT_BATCH_BLOCKED;
  out->identifier = name;
  return out;
}

static Small small_graph(Arena *arena, Diag *diag) {
  static const int DIM[] = {20, 4, 8, 8};
  Small s = {.graph = graph_new(arena, diag)};
  s.graph->image_layout = s.graph->feature_layout = LAYOUT_BATCH_BLOCKED;
  s.x = named(s.graph, "x", DIM);
  s.relu1 = node_of(s.graph, OP_relu, "relu1", 1, &s.x);
  s.relu2 = node_of(s.graph, OP_relu, "relu2", 1, &s.relu1);
  Value *both[] = {s.relu1, s.relu2};
  s.sum = node_of(s.graph, OP_add, "add1", 2, both);
  return s;
}

static void nodes_with_equal_parameters_share_a_kernel(void **state) {
  Diag diag = {0};
  KernelList kernels = {0};
  const Small s = small_graph(*state, &diag);
  const CallList calls = lower_graph(s.graph, &AVX512, &kernels);
  assert_int_equal(calls.count, 3);
  assert_int_equal(kernels.count, 2);
  assert_ptr_equal(calls.at[0]->kernel, calls.at[1]->kernel);
  assert_string_equal(kernels.at[0]->template_name, "map.c.in");
  assert_string_equal(kernel_parameter(kernels.at[0], "kind")->string, "relu");
  assert_string_equal(kernels.at[0]->users, "relu1, relu2");
  assert_int_equal(kernel_parameter(kernels.at[1], "COUNT")->integer, 2);
  assert_null(kernel_parameter(kernels.at[1], "kind"));
}

static void calls_have_numbers_and_values(void **state) {
  Diag diag = {0};
  KernelList kernels = {0};
  const Small s = small_graph(*state, &diag);
  const CallList calls = lower_graph(s.graph, &AVX512, &kernels);
  const Call *add = calls.at[2];
  assert_ptr_equal(add->node->out[0], s.sum);
  assert_int_equal(add->arguments.count, 4);
  assert_int_equal(add->arguments.at[0]->kind, ARGUMENT_INT);
  assert_int_equal(add->arguments.at[0]->integer, 4 * 8 * 8);
  assert_ptr_equal(add->arguments.at[1]->value, s.relu1);
  assert_ptr_equal(add->arguments.at[2]->value, s.relu2);
  assert_ptr_equal(add->arguments.at[3]->value, s.sum);
  kernel_names(*state, &kernels);
  assert_string_equal(call_text(*state, add, false),
                      "add2(t, 256, a + relu1, a + relu2, a + add1)");
}

/* --- text of arguments ---------------------------------------------------------------------- */

static const char *argument_text(Arena *arena, Argument argument) {
  static const Kernel KERNEL = {.name = "k"};
  Call call = {.kernel = &KERNEL, .of_groups = true};
  LIST_PUSH(arena, &call.arguments, &argument);
  return call_text(arena, &call, false);
}

static void arguments_have_their_text(void **state) {
  Value parameter = {.kind = VALUE_PARAMETER, .identifier = "w"};
  const int ints[] = {1, 2, 3};
  const struct {
    Argument argument;
    const char *text;
  } CASES[] = {
      {{.kind = ARGUMENT_IMAGE, .ints = ints, .count = 3}, "k(lanes, (image){1, 2, 3})"},
      {{.kind = ARGUMENT_INTS, .ints = ints, .count = 2}, "k(lanes, (const int[]){1, 2})"},
      {{.kind = ARGUMENT_WEIGHTS_SHAPE, .weights = {16, 1, 2, 3, 4, 5, 6}},
       "k(lanes, (weights_shape){LANES, 1, 2, 3, 4, 5, 6})"},
      {{.kind = ARGUMENT_NUMBER, .number = 0.5}, "k(lanes, 0.5)"},
      {{.kind = ARGUMENT_OPTIMIZER, .value = &parameter, .count = 64}, "k(lanes, o + w)"},
      {{.kind = ARGUMENT_OPTIMIZER, .value = &parameter, .integer = 1, .count = 64},
       "k(lanes, o + (size_t)64 + w)"},
      {{.kind = ARGUMENT_OPTIMIZER, .value = &parameter, .integer = 2, .count = 64},
       "k(lanes, o + (size_t)2 * 64 + w)"},
      {{.kind = ARGUMENT_STATE}, "k(lanes, state)"},
      {{.kind = ARGUMENT_BATCH}, "k(lanes, batch)"},
      {{.kind = ARGUMENT_BATCH_COUNT}, "k(lanes, batch->count)"},
      {{.kind = ARGUMENT_LOGITS}, "k(lanes, logits)"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    assert_string_equal(argument_text(*state, CASES[i].argument), CASES[i].text);
}

/* Tensors of a textbook are void pointers, which become the arrays that a function declares. */
static void a_textbook_names_tensors(void **state) {
  static const Kernel KERNEL = {.name = "k"};
  Value x = {.kind = VALUE_ACTIVATION, .identifier = "conv1", .rank = 4};
  Value w = {.kind = VALUE_PARAMETER, .identifier = "conv1_weight", .rank = 4};
  Value dw = {.kind = VALUE_PARAMETER_GRADIENT, .identifier = "conv1_weight", .rank = 4};
  Value bias = {.kind = VALUE_PARAMETER, .identifier = "conv1_bias", .rank = 1};
  const Value *const values[] = {&x, &bias, &w, &dw, NULL};
  Call call = {.kernel = &KERNEL};
  for (int i = 0; i < 5; i++) {
    Argument *argument = ARENA_NEW(*state, Argument);
    *argument = (Argument){.kind = ARGUMENT_VALUE, .value = values[i]};
    LIST_PUSH(*state, &call.arguments, argument);
  }
  assert_string_equal(call_text(*state, &call, true),
                      "k(N, A(conv1), p + conv1_bias, P(conv1_weight), D(conv1_weight), NULL)");
}

static void values_of_a_batch_norm_are_one_macro(void **state) {
  static const Kernel KERNEL = {.name = "k"};
  Value values[] = {{.kind = VALUE_PARAMETER, .identifier = "bn_weight"},
                    {.kind = VALUE_PARAMETER, .identifier = "bn_bias"},
                    {.kind = VALUE_BUFFER, .identifier = "bn_running_mean"},
                    {.kind = VALUE_BUFFER, .identifier = "bn_running_var"},
                    {.kind = VALUE_ACTIVATION, .identifier = "bn_mean"},
                    {.kind = VALUE_ACTIVATION, .identifier = "bn_inverse"}};
  Call call = {.kernel = &KERNEL};
  for (int i = 0; i < 6; i++) {
    Argument *argument = ARENA_NEW(*state, Argument);
    *argument = (Argument){.kind = ARGUMENT_VALUE, .value = &values[i]};
    LIST_PUSH(*state, &call.arguments, argument);
  }
  assert_string_equal(call_text(*state, &call, false), "k(t, NORM(bn), STATISTICS(bn))");
  values[3].identifier = "other_running_var";
  assert_string_equal(call_text(*state, &call, false),
                      "k(t, p + bn_weight, p + bn_bias, s + bn_running_mean, "
                      "s + other_running_var, STATISTICS(bn))");
}

/* --- names ------------------------------------------------------------------------------------ */

static void names_are_made_by_patterns(void **state) {
  static const char *const BODY = "tile_2x3";
  const Kernel kernel = {.parameters = {param_int("A", 2), param_int("B", 1), param_int("C", 0),
                                        param_bool("yes", true), param_bool("no", false),
                                        param_number("eps", 1e-5), param_number("big", 1e20),
                                        param_string("empty", ""), param_reference("body", &BODY)},
                         .parameter_count = 9};
  static const struct {
    const char *pattern, *name;
  } CASES[] = {
      {"k_{A}x{B}", "k_2x1"},
      {"k{yes?_yes}{no?_no}{no!_not_no}{C?_c}{empty?_full}{missing?_m}", "k_yes_not_no"},
      {"k{A,B:_s=1}{B,B:_p=1}{A,A:_d=1}", "k_s2x1_d2"},
      {"k{A:_tail=0}{C:_rest=0}", "k_tail2"},
      {"k_{eps}_{big}", "k_1e_05_1e20"},
      {"row_of_{body}{yes?_{A}_{no!b}}", "row_of_tile_2x3_2_b"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    assert_string_equal(kernel_name_by(*state, &kernel, CASES[i].pattern), CASES[i].name);
}

static void names_are_unique(void **state) {
  Kernel a = {
      .template_name = "add.c.in", .parameters = {param_int("COUNT", 2)}, .parameter_count = 1};
  Kernel b = a, c = a, other = {.template_name = "something.c.in"};
  KernelList kernels = {0};
  LIST_PUSH(*state, &kernels, &a);
  LIST_PUSH(*state, &kernels, &b);
  LIST_PUSH(*state, &kernels, &c);
  LIST_PUSH(*state, &kernels, &other);
  kernel_names(*state, &kernels);
  assert_string_equal(a.name, "add2");
  assert_string_equal(b.name, "add2_2");
  assert_string_equal(c.name, "add2_3");
  assert_string_equal(other.name, "something");
}

/* Longer names lose their last words, before the number too. */
static void names_are_short(void **state) {
  const int channels = 100000, image = 1000;
  Kernel a = {.template_name = "conv2d_backward_weights_batch_blocked.c.in",
              .parameters = {param_int("KH", 3), param_int("KW", 3), param_int("IC", channels),
                             param_int("OC", channels), param_int("IH", image),
                             param_int("IW", image), param_int("SH", 16), param_int("SW", 16),
                             param_int("PH", 1), param_int("PW", 1), param_int("DH", 10),
                             param_int("DW", 10), param_int("G", 32)},
              .parameter_count = 13};
  Kernel b = a;
  KernelList kernels = {0};
  LIST_PUSH(*state, &kernels, &a);
  LIST_PUSH(*state, &kernels, &b);
  kernel_names(*state, &kernels);
  assert_string_equal(a.name, "conv3x3_dw_100000to100000_1000x1000_s16_p1_d10");
  assert_string_equal(b.name, "conv3x3_dw_100000to100000_1000x1000_s16_p1_2");
  assert_true(strlen(a.name) <= KERNEL_NAME_MAX && strlen(b.name) <= KERNEL_NAME_MAX);
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *broken(void **state, const char *text) {
  TextStream lines;
  text_begin(&lines);
  write_lines(lines.out, text);
  return text_done(&lines, *state);
}

#define FORTY "forty_characters_are_in_this_long_name_x"

static void lines_are_broken_as_clang_format_does(void **state) {
  static const struct {
    const char *line, *lines;
  } CASES[] = {
      {"short(a, b);\n", "short(a, b);\n"},
      {"  f(" FORTY ", " FORTY ", " FORTY ");\n", "  f(" FORTY ", " FORTY ",\n    " FORTY ");\n"},
      /* not inside of the inner call */
      {"  f(" FORTY ", g(" FORTY ", " FORTY "));\n",
       "  f(" FORTY ",\n    g(" FORTY ", " FORTY "));\n"},
      /* brackets that open far behind */
      {"  f" FORTY "(" FORTY ", " FORTY ", a);\n",
       "  f" FORTY "(" FORTY ",\n      " FORTY ", a);\n"},
      {"  int a = " FORTY " + " FORTY " + " FORTY ";\n",
       "  int a = " FORTY " + " FORTY " +\n      " FORTY ";\n"},
      {"  int a = " FORTY "; b = " FORTY "; int d;\n",
       "  int a = " FORTY "; b = " FORTY ";\n  int d;\n"},
      {"  case 1: f(" FORTY ", " FORTY ", a); break;\n",
       "  case 1:\n    f(" FORTY ", " FORTY ", a); break;\n"},
      {"  f(" FORTY ", " FORTY ", a); /* " FORTY " */\n",
       "  /* " FORTY " */\n  f(" FORTY ", " FORTY ", a);\n"},
      {"  /* a " FORTY " " FORTY " " FORTY " */\n",
       "  /* a " FORTY " " FORTY "\n     " FORTY " */\n"},
      {"#define A " FORTY ", " FORTY ", " FORTY "\n",
       "#define A " FORTY ", " FORTY ", " FORTY "\n"},
      {"  f(\"" FORTY ", " FORTY ", " FORTY "\");\n",
       "  f(\"" FORTY ", " FORTY ", " FORTY "\");\n"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    assert_string_equal(broken(state, CASES[i].line), CASES[i].lines);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_with_equal_parameters_share_a_kernel),
      cmocka_unit_test(calls_have_numbers_and_values),
      cmocka_unit_test(arguments_have_their_text),
      cmocka_unit_test(a_textbook_names_tensors),
      cmocka_unit_test(values_of_a_batch_norm_are_one_macro),
      cmocka_unit_test(names_are_made_by_patterns),
      cmocka_unit_test(names_are_unique),
      cmocka_unit_test(names_are_short),
      cmocka_unit_test(lines_are_broken_as_clang_format_does),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
