#include "ir/shapes.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef bool ShapeRule(const Node *node, Diag *diag, Shape *out);

static bool mistake(const Node *node, Diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool mistake(const Node *node, Diag *diag, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return diag_set(diag, EXIT_MODEL, node->pos, "%s '%s': %s", op_name(node->op), node->name, text);
}

/* --- texts for messages --------------------------------------------------------------------- */

Label shape_label(int rank, const int *dim) {
  Label words = {"["};
  for (int i = 0, used = 1; i < rank; i++)
    used += snprintf(words.text + used, sizeof words.text - (size_t)used, "%d%s", dim[i],
                     i + 1 < rank ? "," : "]");
  return words;
}

/* "5x3". */
static Label pair_label(int64_t height, int64_t width) {
  Label words;
  snprintf(words.text, sizeof words.text, "%" PRId64 "x%" PRId64, height, width);
  return words;
}

/* "2", or "2x1" where the two differ: as one would write it in a model. */
static Label size_label(const int *pair) {
  if (pair[0] != pair[1]) return pair_label(pair[0], pair[1]);
  Label words;
  snprintf(words.text, sizeof words.text, "%d", pair[0]);
  return words;
}

const char *shape_text(Arena *arena, int rank, const int *dim) {
  return arena_strdup(arena, shape_label(rank, dim).text);
}

/* --- checks that rules share ---------------------------------------------------------------- */

/* Kernels index with int: a value of 2^31 numbers or more would overflow. */
static bool check_count(const Node *node, Diag *diag, const char *what, int rank,
                        const int64_t *dim) {
  int64_t count = 1;
  char sizes[128] = "";
  bool fits = true;
  for (int i = 0, used = 0; i < rank; i++) {
    fits = fits && dim[i] <= INT_MAX / count;
    if (fits) count *= dim[i];
    used += snprintf(sizes + used, sizeof sizes - (size_t)used, "%s%" PRId64, i ? "x" : "", dim[i]);
  }
  return fits || mistake(node, diag,
                         "its %s would have %s numbers; the limit is 2^31 - 1: make the batch, the "
                         "image or the layer smaller",
                         what, sizes);
}

/* Kernels round channels up to whole tiles of vectors, and multiply them by a few sizes of a tile,
   as an int. */
static bool check_channels(const Node *node, Diag *diag, int rank, int64_t c) {
  enum { CHANNELS_MAX = 1 << 27, FEATURES_MAX = 1 << 30 };
  const int most = rank == 4 ? CHANNELS_MAX : FEATURES_MAX;
  return c <= most || mistake(node, diag, "its output would have %" PRId64 " %s; the limit is %d",
                              c, rank == 4 ? "channels" : "features", most);
}

static bool set_shape(const Node *node, Diag *diag, Shape *out, int rank, int64_t n, int64_t c,
                      int64_t h, int64_t w) {
  if (!check_channels(node, diag, rank, c)) return false;
  const int64_t dim[4] = {n, c, h, w};
  if (!check_count(node, diag, "output", rank, dim)) return false;
  out->rank = rank;
  for (int i = 0; i < 4; i++) out->dim[i] = (int)dim[i];
  return true;
}

static bool check_images(const Node *node, Diag *diag) {
  const Value *x = node->in[0];
  if (x->rank == 4) return true;
  return mistake(node, diag, "wants images [N,C,H,W], but '%s' has shape %s; use it before flatten",
                 x->name, shape_label(x->rank, x->dim).text);
}

static bool check_at_least(const Node *node, Diag *diag, const char *name, const int *size,
                           int count, int least) {
  for (int i = 0; i < count; i++)
    if (size[i] < least)
      return mistake(node, diag, "%s is %d, but must be at least %d", name, size[i], least);
  return true;
}

/* --- the rules ------------------------------------------------------------------------------ */

/* The sums of a kernel's row, and the squares of local_response_norm, lie on the stack.

   Kernels compute the position of a tap, (o + tile) * stride + k * dilation - padding, as an int.
   With a side of at most SIDE_MAX, and tiles of fewer than 64 outputs, it fits: a stride counts as
   no more than the side (simplify), and dilation * (kernel - 1) is less than the side, because the
   kernel fits. PyTorch has no limit for the padding of convolutions; but outputs beyond the
   kernel's extent are no more than the bias, and a limit keeps loops over padded positions
   short. */
enum { KERNEL_MAX = 1024, PADDING_MAX = 1024, SIDE_MAX = 1 << 24 };

static bool check_sides(const Node *node, Diag *diag) {
  const int *padding = node->attributes.padding, *in = &node->in[0]->dim[2];
  if (!check_at_least(node, diag, "padding", padding, 2, 0)) return false;
  if (padding[0] > PADDING_MAX || padding[1] > PADDING_MAX)
    return mistake(node, diag, "padding %s is too large: at most %d rows and columns a side",
                   size_label(padding).text, PADDING_MAX);
  const int64_t size[2] = {in[0] + 2 * (int64_t)padding[0], in[1] + 2 * (int64_t)padding[1]};
  return (size[0] <= SIDE_MAX && size[1] <= SIDE_MAX) ||
         mistake(
             node, diag,
             "its input with padding has %s rows and columns; the limit is %d of each: make the "
             "image smaller, or flatten it",
             pair_label(size[0], size[1]).text, SIDE_MAX);
}

static bool check_kernel(const Node *node, Diag *diag) {
  const int *kernel = node->attributes.kernel;
  if (!check_at_least(node, diag, "kernel", kernel, 2, 1)) return false;
  return (kernel[0] <= KERNEL_MAX && kernel[1] <= KERNEL_MAX) ||
         mistake(node, diag, "kernel %s is too large: at most %d rows and columns",
                 pair_label(kernel[0], kernel[1]).text, KERNEL_MAX);
}

static bool check_conv2d_attributes(const Node *node, Diag *diag) {
  const Attributes *a = &node->attributes;
  if (!check_at_least(node, diag, "channels", &a->channels, 1, 1) || !check_kernel(node, diag) ||
      !check_at_least(node, diag, "stride", a->stride, 2, 1) || !check_sides(node, diag) ||
      !check_at_least(node, diag, "dilation", a->dilation, 2, 1) ||
      !check_at_least(node, diag, "groups", &a->groups, 1, 1))
    return false;
  int in_channels = node->in[0]->dim[1];
  if (in_channels % a->groups)
    return mistake(node, diag, "groups is %d, but must divide the input's %d channels", a->groups,
                   in_channels);
  if (a->channels % a->groups)
    return mistake(node, diag, "groups is %d, but must divide its %d channels", a->groups,
                   a->channels);
  return true;
}

static bool shape_conv2d(const Node *node, Diag *diag, Shape *out) {
  if (!check_images(node, diag) || !check_conv2d_attributes(node, diag)) return false;
  const Attributes *a = &node->attributes;
  const int *in = &node->in[0]->dim[2];
  int64_t reach[2], size[2], padding = 0;
  for (int i = 0; i < 2; i++) {
    reach[i] = (int64_t)a->dilation[i] * (a->kernel[i] - 1) + 1;
    int64_t room = in[i] + 2 * (int64_t)a->padding[i] - reach[i];
    size[i] = room < 0 ? 0 : room / a->stride[i] + 1;
    int64_t wanted = (reach[i] - in[i] + 1) / 2;
    if (wanted > padding) padding = wanted;
  }
  if (size[0] < 1 || size[1] < 1) {
    bool dilated = a->dilation[0] > 1 || a->dilation[1] > 1;
    return mistake(node, diag,
                   "kernel %s%s%s does not fit input %s with padding %s; take a smaller kernel or "
                   "padding = %" PRId64,
                   pair_label(a->kernel[0], a->kernel[1]).text, dilated ? ", with dilation " : "",
                   dilated ? pair_label(reach[0], reach[1]).text : "",
                   pair_label(in[0], in[1]).text, size_label(a->padding).text, padding);
  }
  const int64_t weight[4] = {a->channels, node->in[0]->dim[1] / a->groups, a->kernel[0],
                             a->kernel[1]};
  if (!check_count(node, diag, "weight", 4, weight)) return false;
  return set_shape(node, diag, out, 4, node->in[0]->dim[0], a->channels, size[0], size[1]);
}

static bool shape_linear(const Node *node, Diag *diag, Shape *out) {
  const Value *x = node->in[0];
  const int features = node->attributes.features;
  if (x->rank != 2)
    return mistake(node, diag, "wants [N,F], but '%s' has shape %s; write x:flatten() before it",
                   x->name, shape_label(x->rank, x->dim).text);
  if (!check_at_least(node, diag, "features", &features, 1, 1)) return false;
  const int64_t weight[2] = {features, x->dim[1]};
  if (!check_count(node, diag, "weight", 2, weight)) return false;
  return set_shape(node, diag, out, 2, x->dim[0], features, 1, 1);
}

/* Windows along one side; torch/aten pooling_output_shape: with ceil_mode the last window must
   start inside the input or the padding before it. */
static int64_t pooled_size(int64_t in, int64_t kernel, int64_t stride, int64_t padding,
                           bool ceil_mode) {
  int64_t room = in + 2 * padding - kernel + (ceil_mode ? stride - 1 : 0);
  if (room < 0) return 0;
  int64_t size = room / stride + 1;
  if (ceil_mode && (size - 1) * stride >= in + padding) size--;
  return size;
}

static bool shape_pool(const Node *node, Diag *diag, Shape *out) {
  const Attributes *a = &node->attributes;
  if (!check_images(node, diag) || !check_kernel(node, diag) ||
      !check_at_least(node, diag, "stride", a->stride, 2, 1) || !check_sides(node, diag))
    return false;
  const int *in = &node->in[0]->dim[2];
  int64_t size[2];
  for (int i = 0; i < 2; i++) {
    if (a->padding[i] > a->kernel[i] / 2)
      return mistake(node, diag,
                     "padding %s is more than half of kernel %s; take padding = %d or less",
                     size_label(a->padding).text, pair_label(a->kernel[0], a->kernel[1]).text,
                     a->kernel[i] / 2);
    size[i] = pooled_size(in[i], a->kernel[i], a->stride[i], a->padding[i], a->ceil_mode);
  }
  if (size[0] < 1 || size[1] < 1)
    return mistake(node, diag,
                   "kernel %s does not fit input %s with padding %s; take a kernel of at most %s",
                   pair_label(a->kernel[0], a->kernel[1]).text, pair_label(in[0], in[1]).text,
                   size_label(a->padding).text,
                   pair_label(in[0] + 2 * a->padding[0], in[1] + 2 * a->padding[1]).text);
  return set_shape(node, diag, out, 4, node->in[0]->dim[0], node->in[0]->dim[1], size[0], size[1]);
}

static bool shape_same(const Node *node, Diag *diag, Shape *out) {
  const int *dim = node->in[0]->dim;
  return set_shape(node, diag, out, node->in[0]->rank, dim[0], dim[1], dim[2], dim[3]);
}

static bool shape_add(const Node *node, Diag *diag, Shape *out) {
  const Value *a = node->in[0];
  for (int i = 1; i < node->in_count; i++) {
    const Value *b = node->in[i];
    if (a->rank != b->rank || memcmp(a->dim, b->dim, sizeof a->dim) != 0)
      return mistake(node, diag,
                     "'%s' %s and '%s' %s have different shapes; bring one of them to the other's "
                     "shape, say with a 1x1 conv2d",
                     a->name, shape_label(a->rank, a->dim).text, b->name,
                     shape_label(b->rank, b->dim).text);
  }
  return shape_same(node, diag, out);
}

static bool shape_batch_norm(const Node *node, Diag *diag, Shape *out) {
  return check_images(node, diag) && shape_same(node, diag, out);
}

static bool shape_local_response_norm(const Node *node, Diag *diag, Shape *out) {
  const int size = node->attributes.size;
  if (!check_images(node, diag) || !check_at_least(node, diag, "size", &size, 1, 1)) return false;
  if (size > KERNEL_MAX)
    return mistake(node, diag, "size %d is too large: at most %d channels", size, KERNEL_MAX);
  enum { ON_STACK_MAX = 1 << 15 }; /* squares of a pixel */
  const int channels = node->in[0]->dim[1];
  if (channels > ON_STACK_MAX)
    return mistake(node, diag, "its input has %d channels, but it can normalise at most %d",
                   channels, ON_STACK_MAX);
  return shape_same(node, diag, out);
}

static bool shape_adaptive_pool(const Node *node, Diag *diag, Shape *out) {
  const int *size = node->attributes.output, *in = node->in[0]->dim;
  if (!check_images(node, diag) || !check_at_least(node, diag, "output", size, 2, 1)) return false;
  for (int i = 0; i < 2; i++) /* kernels multiply a position by a size */
    if (((int64_t)size[i] + 1) * ((int64_t)in[2 + i] + 1) > INT_MAX)
      return mistake(
          node, diag,
          "output %s of input %s is too large: the product of two sides must be less than "
          "2^31",
          pair_label(size[0], size[1]).text, pair_label(in[2], in[3]).text);
  return set_shape(node, diag, out, 4, in[0], in[1], size[0], size[1]);
}

static bool shape_concat(const Node *node, Diag *diag, Shape *out) {
  const Value *a = node->in[0];
  int64_t channels = 0;
  for (int i = 0; i < node->in_count; i++) {
    const Value *b = node->in[i];
    if (b->rank != 4 || memcmp(&a->dim[2], &b->dim[2], 2 * sizeof *a->dim) != 0)
      return mistake(
          node, diag,
          "'%s' %s and '%s' %s do not fit side by side: all need [N,C,H,W] with the same "
          "height and width; change a stride or a padding before",
          a->name, shape_label(a->rank, a->dim).text, b->name, shape_label(b->rank, b->dim).text);
    channels += b->dim[1];
  }
  return set_shape(node, diag, out, 4, a->dim[0], channels, a->dim[2], a->dim[3]);
}

static bool shape_pad_channels(const Node *node, Diag *diag, Shape *out) {
  const int *in = node->in[0]->dim, channels = node->attributes.channels;
  if (!check_images(node, diag) || !check_at_least(node, diag, "channels", &channels, 1, in[1]))
    return false;
  return set_shape(node, diag, out, 4, in[0], channels, in[2], in[3]);
}

static bool shape_flatten(const Node *node, Diag *diag, Shape *out) {
  const Value *x = node->in[0];
  int64_t features = (int64_t)x->dim[1] * x->dim[2] * x->dim[3];
  return set_shape(node, diag, out, 2, x->dim[0], features, 1, 1);
}

static bool shape_loss(const Node *node, Diag *diag, Shape *out) {
  const Value *logits = node->in[0];
  if (logits->rank != 2)
    return mistake(node, diag, "wants [N,classes], but '%s' has shape %s; end with a linear layer",
                   logits->name, shape_label(logits->rank, logits->dim).text);
  out->rank = 1;
  for (int i = 0; i < 4; i++) out->dim[i] = i ? 1 : logits->dim[0];
  return true;
}

/* --- the table ------------------------------------------------------------------------------ */

#define none NULL
static ShapeRule *const RULES[] = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = shape,
#include "ir/ops.def"
#undef OP
};
#undef none

bool shape_has_rule(OpKind op) {
  return RULES[op] != NULL;
}

bool shape_infer(const Node *node, Diag *diag, Shape *out) {
  return RULES[node->op](node, diag, out);
}

Shape shape_weight(const Node *node) {
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0];
  if (node->op == OP_linear) return (Shape){2, {a->features, x->dim[1], 1, 1}};
  return (Shape){4, {a->channels, x->dim[1] / a->groups, a->kernel[0], a->kernel[1]}};
}
