#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_model.h"
#include "report/gradient_flow.h"
#include "core/initialize.h"
#include "core/real.h"
#include "scratch.h"
#include "core/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { COUNT = 7, SEED = 5 };

/* Runs gradflow, its output to "output"; returns the exit code. */
static int run(const char *arguments) {
  char command[512];
  snprintf(command, sizeof command, "%s gradflow %s >output 2>&1", FAKE_PROGRAM, arguments);
  int status = system(command);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(int code, const char *arguments, const char *words) {
  int got = run(arguments);
  char *output = scratch_read("output", NULL);
  if (got != code || !strstr(output, words))
    fail_msg("%s: exit %d, '%s' does not contain '%s'", arguments, got, output, words);
  free(output);
}

static cnn_flow load(const char *path) {
  cnn_flow flow;
  cnn_error error = {0};
  if (!cnn_flow_load(&flow, path, &error)) fail_msg("%s", error.message);
  return flow;
}

static double rms(const void *block, size_t first, size_t count) {
  double sum = 0;
  for (size_t i = first; i < first + count; i++) {
    double x = cnn_real_get(&fake_model, block, i);
    sum += x * x;
  }
  return sqrt(sum / (double)count);
}

static void assert_near(double got, double wanted) {
  if (!(fabs(got - wanted) <= 1e-5 * wanted)) fail_msg("%g instead of %g", got, wanted);
}

/* The same step here, and its numbers straight from memory: logits lie in rows of 12. */
static void sizes_are_those_of_the_step(void **state) {
  (void)state;
  static uint8_t pixels[COUNT * FAKE_PIXELS];
  const cnn_model *model = &fake_model;
  cnn_session session;
  cnn_error error = {0};
  cnn_session_plan(&session, model, CNN_TO_TRAIN, 1);
  assert_true(cnn_session_open(&session, &error));
  cnn_session_fill_random(&session, pixels, COUNT, 256, SEED);
  cnn_normalization normalization = cnn_normalization_uniform(1);
  cnn_session_normalize(&session, &normalization);
  cnn_init_parameters(model, SEED, session.state.parameters);
  model->gradients(&session.state, &session.batch);

  expect(0, "--seed 5 --count 7 --out g", "fake, 7 random images, weights as training starts");
  cnn_flow flow = load("g/gradflow.csv");
  assert_string_equal(flow.model, "fake");
  assert_int_equal(flow.count, 1);
  assert_string_equal(flow.rows[0].layer, "fc");
  double squares[2] = {0};
  for (int v = 0; v < 2; v++)
    for (size_t n = 0; n < COUNT; n++)
      squares[v] += pow(
          rms(session.state.activations, model->values[1 + v].offset + 12 * n, FAKE_CLASSES), 2);
  assert_near(flow.rows[0].activation, sqrt(squares[0] / COUNT));
  assert_near(flow.rows[0].activation_gradient, sqrt(squares[1] / COUNT));
  size_t weights = (size_t)FAKE_CLASSES * FAKE_PIXELS;
  assert_near(flow.rows[0].weight, rms(session.state.parameters, 0, weights));
  assert_near(flow.rows[0].weight_gradient, rms(session.state.gradients, 0, weights));
  free(flow.rows);
  cnn_session_close(&session);
}

static void images_and_weights_are_chosen(void **state) {
  (void)state;
  scratch_dataset("d", 95, 41);
  expect(0, "d --count 9 --out start", "fake, 9 training images of d");
  assert_int_equal(system(FAKE_PROGRAM " train d --out r >output 2>&1"), 0);
  expect(0, "d --count 9 --weights r/last.safetensors --out end", "weights of r/last");
  cnn_flow start = load("start/gradflow.csv"), end = load("end/gradflow.csv");
  assert_true(end.rows[0].weight_gradient < 0.9 * start.rows[0].weight_gradient);
  assert_true(end.rows[0].weight > start.rows[0].weight);
  free(start.rows);
  free(end.rows);
}

static void another_net_is_compared(void **state) {
  (void)state;
  static const char table[] =
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n"
      "other,conv1,conv2d+relu,1,0.001,0.1,0.25\n"
      "other,bn1,batch_norm,1,,0.1,\n"
      "other,fc,linear,1,,0.1,0.5\n";
  scratch_write("other.csv", table, strlen(table));
  expect(0, "--out g --compare other.csv",
         "other: gradients of weights from 2.50e-01 (conv1) to 5.00e-01 (fc), a factor of 2");
  expect(0, "--out g --beside other.csv", "fake gradflow: --beside is now --compare");
  char *picture = scratch_read("g/gradflow.svg", NULL);
  assert_non_null(strstr(picture, "<title>fake and other: "));
  assert_null(strstr(picture, "nan"));
  free(picture);
  cnn_flow other = load("other.csv");
  assert_int_equal(other.count, 3);
  assert_true(isnan(other.rows[2].activation_gradient));
  free(other.rows);
}

static void what_is_read_is_spared(void **state) {
  (void)state;
  expect(0, "--out mine", "written");
  assert_int_equal(system("cp mine/gradflow.csv before && ln mine/gradflow.csv hard"), 0);
  expect(2, "--out mine --seed 2 --compare mine/gradflow.csv",
         "mine/gradflow.csv: would be written over mine/gradflow.csv, which is read; choose "
         "another name");
  expect(2, "--out mine --seed 2 --compare hard", "would be written over hard");
  expect(2, "--out mine --seed 2 --weights mine/gradflow.svg",
         "mine/gradflow.svg: would be written over mine/gradflow.svg");
  assert_int_equal(system("cmp before mine/gradflow.csv"), 0);
  expect(0, "--out mine --seed 2 --compare before", "written");
}

static void mistakes_are_reported(void **state) {
  (void)state;
  expect(2, "d d", "one data set is enough: d");
  expect(2, "--count 31", "compile the model with --batch 31");
  expect(2, "--compare other.csv", "--compare other.csv: the chart needs --out FOLDER");
  expect(4, "--compare absent --out g", "absent: No such file");
  expect(4, "nowhere", "nowhere: No such file");
  expect(4, "--weights absent", "absent: No such file");
  static const char *const tables[] = {
      "epoch,train_loss\n1,2\n",
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n",
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\na,b,linear,1,2,3\n",
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n"
      "a,b,linear,1,2,3,4,5\n",
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n"
      "<a>,b,linear,1,2,3,4\n",
      "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n"
      "a,b,linear,1,2,3,x\n",
  };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    scratch_write("bad.csv", tables[i], strlen(tables[i]));
    expect(4, "--compare bad.csv --out new", "bad.csv: not a table of gradflow");
  }
  assert_false(scratch_exists("new"));
  scratch_write("file", "", 0);
  expect(1, "--out file", "file: not a folder");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_those_of_the_step),
      cmocka_unit_test(images_and_weights_are_chosen),
      cmocka_unit_test(another_net_is_compared),
      cmocka_unit_test(what_is_read_is_spared),
      cmocka_unit_test(mistakes_are_reported),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
