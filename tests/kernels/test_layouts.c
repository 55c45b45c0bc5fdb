/* Kernels that place numbers elsewhere, and local_response_norm: in both layouts of images. */
#include "harness.h"

#include <math.h>
#include <string.h>

static cnn_layout layout_of(int channel_blocked) {
  return channel_blocked ? CNN_CHANNEL_BLOCKED : CNN_BATCH_BLOCKED;
}

/* C text of an image's shape: "(image){3, 4, 5}". */
static const char *image_text(Suite *suite, const int *dim) {
  return arena_printf(suite->arena, "(image){%d, %d, %d}", dim[0], dim[1], dim[2]);
}

/* --- concat, slice and pad_channels ------------------------------------------------------------
 */

/* Copies channels from `first` on of tensor x, as many as y has room for, to channel `to` of y. */
static void copy_channels(const Case *c, Context *v, int x, int first, int y, int to, int count) {
  const int *from = c->tensors[x].dim, *into = c->tensors[y].dim;
  const int size = from[1] * from[2];
  for (int n = 0; n < v->count; n++)
    memcpy(v->v[y] + (n * into[0] + to) * size, v->v[x] + (n * from[0] + first) * size,
           sizeof(double) * (size_t)(count * size));
}

static void twin_concat(const Case *c, Context *v) {
  const int last = c->tensor_count - 1;
  for (int k = 0, to = 0; k < last; to += c->tensors[k].dim[0], k++)
    copy_channels(c, v, k, 0, last, to, c->tensors[k].dim[0]);
}

static void add_concat(Suite *suite, int channel_blocked, const int *channels, int h, int w) {
  const int all[] = {channels[0] + channels[1] + channels[2], h, w};
  const int lanes = suite->target->lanes;
  const bool whole = channels[0] % lanes == 0 && channels[1] % lanes == 0;
  const char *arguments =
      arena_printf(suite->arena, "%s, (const int[]){%d, %d, %d}, a[0], a[1], a[2], a[3]",
                   image_text(suite, all), channels[0], channels[1], channels[2]);
  Case *c = suite_add(suite, "concat.c.in", arguments, twin_concat);
  static const char *const NAMES[] = {"x0", "x1", "x2"};
  case_int(c, "COUNT", 3);
  case_bool(c, "channel_blocked", channel_blocked);
  case_bool(c, "whole", !channel_blocked || whole);
  c->channel_blocked = channel_blocked;
  for (int k = 0; k < 3; k++)
    case_tensor(c, NAMES[k], layout_of(channel_blocked), FILL_INTEGERS, channels[k], h, w);
  Tensor *y = case_tensor(c, "y", layout_of(channel_blocked), FILL_GARBAGE, all[0], h, w);
  /* Single lanes leave those behind the last channel as they are: 0 in a program. */
  if (channel_blocked && !whole && all[0] % lanes) y->fill = FILL_INTEGERS, y->output = true;
}

static void twin_slice(const Case *c, Context *v) {
  copy_channels(c, v, 0, case_get(c, "FIRST"), 1, 0, c->tensors[1].dim[0]);
}

static void add_slice(Suite *suite, int channel_blocked, const int *dim, int first, int count) {
  const char *arguments =
      arena_printf(suite->arena, "%s, %d, %d, a[0], a[1]", image_text(suite, dim), first, count);
  Case *c = suite_add(suite, "slice.c.in", arguments, twin_slice);
  const bool whole = first % suite->target->lanes == 0;
  case_int(c, "FIRST", first); /* for the twin */
  case_bool(c, "channel_blocked", channel_blocked);
  case_bool(c, "whole", !channel_blocked || whole);
  c->channel_blocked = channel_blocked;
  case_tensor(c, "x", layout_of(channel_blocked), FILL_INTEGERS, dim[0], dim[1], dim[2]);
  case_tensor(c, "y", layout_of(channel_blocked), FILL_GARBAGE, count, dim[1], dim[2]);
}

static void twin_pad_channels(const Case *c, Context *v) {
  const int *all = c->tensors[1].dim;
  memset(v->v[1], 0, sizeof(double) * (size_t)(v->count * all[0] * all[1] * all[2]));
  copy_channels(c, v, 0, 0, 1, 0, c->tensors[0].dim[0]);
}

static void add_pad_channels(Suite *suite, int channel_blocked, const int *dim, int all) {
  const char *arguments =
      arena_printf(suite->arena, "%s, %d, a[0], a[1]", image_text(suite, dim), all);
  Case *c = suite_add(suite, "pad_channels.c.in", arguments, twin_pad_channels);
  case_bool(c, "channel_blocked", channel_blocked);
  c->channel_blocked = channel_blocked;
  case_tensor(c, "x", layout_of(channel_blocked), FILL_INTEGERS, dim[0], dim[1], dim[2]);
  case_tensor(c, "y", layout_of(channel_blocked), FILL_GARBAGE, all, dim[1], dim[2]);
}

/* --- flatten -----------------------------------------------------------------------------------
 */

/* Plain order is the same before and after. */
static void twin_same(const Case *c, Context *v) {
  const int *dim = c->tensors[0].dim[1] ? c->tensors[0].dim : c->tensors[1].dim;
  memcpy(v->v[1], v->v[0], sizeof(double) * (size_t)(v->count * dim[0] * dim[1] * dim[2]));
}

static void add_flatten(Suite *suite, const char *template_name, cnn_layout images,
                        cnn_layout features, const int *dim, bool backward) {
  const char *arguments = arena_printf(suite->arena, "%s, a[0], a[1]", image_text(suite, dim));
  const int lanes = suite->target->lanes, size = dim[0] * dim[1] * dim[2];
  Case *c = suite_add(suite, template_name, arguments, twin_same);
  case_bool(c, "backward", backward);
  case_int(c, "ROW", (size + lanes - 1) / lanes * lanes);
  c->channel_blocked = images == CNN_CHANNEL_BLOCKED;
  /* What pads a row keeps what it has: 0 in a program. */
  const Fill fill[] = {FILL_INTEGERS, features == CNN_PADDED_ROWS ? FILL_INTEGERS : FILL_GARBAGE};
  for (int k = 0; k < 2; k++) {
    if ((k == 0) == backward)
      case_tensor(c, k ? "y" : "x", features, fill[k], size, 0, 0)->gradient = backward;
    else
      case_tensor(c, k ? "y" : "x", images, fill[k], dim[0], dim[1], dim[2]);
  }
  c->tensors[1].output = true;
}

/* --- images into channel-blocked and channels-last ---------------------------------------------
 */

static void twin_pack_input(const Case *c, Context *v) {
  const int channels = case_get(c, "IC"), size = case_get(c, "IH") * case_get(c, "IW");
  const bool last = case_get(c, "CHANNELS_LAST");
  for (int i = 0; i < v->count * channels * size; i++) {
    const int n = i / (channels * size), k = i / size % channels, at = i % size;
    const double value = v->batch.images[n][k * size + at] * (double)v->batch.scale[k];
    v->v[0][last ? (n * size + at) * channels + k : i] = value + v->batch.shift[k];
  }
}

static void add_pack_input(Suite *suite, const int *shape, bool channels_last) {
  const int dim[] = {shape[0] < 16 ? shape[0] : 16, shape[1], shape[2]};
  Case *c = suite_add(suite, "pack_input_channel_blocked.c.in", "batch, a[0]", twin_pack_input);
  case_int(c, "IC", dim[0]);
  case_int(c, "IH", dim[1]);
  case_int(c, "IW", dim[2]);
  case_bool(c, "CHANNELS_LAST", channels_last);
  c->channel_blocked = true;
  c->image_bytes = dim[0] * dim[1] * dim[2];
  /* Lanes without a channel keep what they have: 0 in a program. */
  Tensor *y = case_tensor(c, "y", channels_last ? CNN_PLAIN : CNN_CHANNEL_BLOCKED, FILL_INTEGERS,
                          dim[0], dim[1], dim[2]);
  y->output = true;
  y->per_image = channels_last;
}

/* --- local_response_norm -----------------------------------------------------------------------
 */

enum { WINDOW = 4 }; /* two channels before, one behind */

static double scale_of(const double *x, int channels, int size, int c) {
  double sum = 0;
  for (int k = c - WINDOW / 2; k <= c + (WINDOW - 1) / 2; k++)
    if (k >= 0 && k < channels) sum += x[k * size] * x[k * size];
  return 2 + 0.5 / WINDOW * sum;
}

/* Tensors: x, y, scale. */
static void twin_norm(const Case *c, Context *v) {
  const int *dim = c->tensors[0].dim, size = dim[1] * dim[2];
  for (int i = 0; i < v->count * dim[0] * size; i++) {
    const int channel = i / size % dim[0], first = i - channel * size;
    v->v[2][i] = scale_of(v->v[0] + first, dim[0], size, channel);
    v->v[1][i] = v->v[0][i] * pow(v->v[2][i], -0.75);
  }
}

/* Tensors: dy, x, y, scale, dx. */
static void twin_norm_backward(const Case *c, Context *v) {
  const int *dim = c->tensors[0].dim, size = dim[1] * dim[2];
  for (int i = 0; i < v->count * dim[0] * size; i++) {
    const int channel = i / size % dim[0];
    double sum = 0;
    for (int k = channel - (WINDOW - 1) / 2; k <= channel + WINDOW / 2; k++) {
      const int at = i + (k - channel) * size;
      if (k >= 0 && k < dim[0]) sum += v->v[0][at] * v->v[2][at] / v->v[3][at];
    }
    v->v[4][i] = v->v[0][i] * pow(v->v[3][i], -0.75) - 2 * 0.5 * 0.75 / WINDOW * v->v[1][i] * sum;
  }
}

static void prepare_scale(const Case *c, Context *v) {
  const int *dim = c->tensors[0].dim;
  for (int i = 0; i < v->count * dim[0] * dim[1] * dim[2]; i++) v->v[3][i] = 1 + i % 5;
}

static void add_norm(Suite *suite, int channel_blocked, const int *dim, bool backward) {
  const char *name = backward ? "local_response_norm_backward" : "local_response_norm";
  const char *arguments = arena_printf(
      suite->arena, backward ? "%s, a[0], a[1], a[2], a[3], a[4]" : "%s, a[0], a[1], a[2]",
      image_text(suite, dim));
  Case *c = suite_add(
      suite,
      arena_printf(suite->arena, "%s%s.c.in", name, channel_blocked ? "_channel_blocked" : ""),
      arguments, backward ? twin_norm_backward : twin_norm);
  case_int(c, "IC", dim[0]);
  case_int(c, "N", WINDOW);
  case_string(c, "alpha", "0.5");
  case_string(c, "beta", "0.75");
  case_string(c, "k", "2");
  c->channel_blocked = channel_blocked;
  c->tolerance = suite->target->real_bytes == 4 ? 2e-6 : 1e-14;
  c->floor = 4;
  static const char *const NAMES[2][5] = {{"x", "y", "scale"}, {"dy", "x", "y", "scale", "dx"}};
  for (int k = 0; k < (backward ? 5 : 3); k++) {
    const bool output = backward ? k == 4 : k > 0;
    const Fill fill = output ? FILL_GARBAGE : backward && k == 3 ? FILL_PREPARED : FILL_INTEGERS;
    case_tensor(c, NAMES[backward][k], layout_of(channel_blocked), fill, dim[0], dim[1], dim[2]);
  }
  if (backward) c->prepare = prepare_scale;
  /* Nobody reads the scale of lanes without a channel. */
  if (!backward && channel_blocked && dim[0] % suite->target->lanes)
    c->tensors[2].fill = FILL_WORKSPACE, c->tensors[2].output = false;
}

static void add_cases(Suite *suite) {
  const int lanes = suite->target->lanes;
  const int shapes[][3] = {{1, 1, 1}, {3, 4, 5}, {lanes, 3, 2}, {2 * lanes + 1, 2, 7}};
  const int parts[][3] = {{3, 1, 5}, {lanes, 2 * lanes, 3}, {lanes, lanes, lanes}, {lanes, 3, 1}};
  for (int i = 0; i < 8; i++) {
    const int channel_blocked = i % 2, *dim = shapes[i / 2];
    const int first = i / 4 ? lanes : 1; /* of a slice */
    const int wide[] = {dim[0] + first, dim[1], dim[2]};
    add_concat(suite, channel_blocked, parts[i / 2], dim[1], dim[2]);
    add_slice(suite, channel_blocked, wide, first, dim[0]);
    add_pad_channels(suite, channel_blocked, dim, dim[0] + 3);
    add_norm(suite, channel_blocked, dim, false);
    add_norm(suite, channel_blocked, dim, true);
    add_pack_input(suite, dim, channel_blocked);
    if (channel_blocked)
      add_flatten(suite, "flatten_channel_blocked.c.in", CNN_CHANNEL_BLOCKED, CNN_PADDED_ROWS, dim,
                  false);
    add_flatten(suite, channel_blocked ? "flatten_to_batch_blocked.c.in" : "flatten.c.in",
                layout_of(channel_blocked), CNN_BATCH_BLOCKED, dim, i / 2 % 2);
  }
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
