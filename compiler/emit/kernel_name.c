#include "emit/kernel_name.h"

#include "driver/text.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- patterns --------------------------------------------------------------------------------- */

/* What shapes of convolutions and pools have in their names. "dx" and "dw" are the gradients that a
   kernel computes: its comment calls it backward data and backward weights. */
#define PLANES "_{KH}x{KW}_{IH}x{IW}{SH,SW:_s=1}{PH,PW:_p=0}"
#define WINDOW "{SH,SW:_s=1}{PH,PW:_p=0}{DH,DW:_d=1}{G:_g=1}"
#define PARTS "{IC_ROW:_in=0}{OC_ROW:_of=0}" /* channels of the value that x or y is a part of */
#define IMAGES "_{IC}to{OC}_{IH}x{IW}"
#define DIRECT_OR_WINOGRAD "{CAPACITY?winograd}{CAPACITY!conv}{KH}x{KW}"

/* Templates without a pattern give their name to their only kernel. */
static const struct {
  const char *template_name, *pattern;
} PATTERNS[] = {
    {"adaptive_avg_pool2d.c.in", "adaptive_avg_pool2d_{IH}x{IW}_to_{OH}x{OW}"},
    {"adaptive_avg_pool2d_backward.c.in",
     "adaptive_avg_pool2d_backward_{IH}x{IW}_to_{OH}x{OW}{relu_mask?_mask}"},
    {"add.c.in", "add{COUNT}{relu?_relu}{relu_mask?_mask}"},
    {"avg_pool2d.c.in", "avg_pool2d" PLANES "{count_include_pad!_inside}"},
    {"avg_pool2d_backward.c.in",
     "avg_pool2d_backward" PLANES "{count_include_pad!_inside}{relu_mask?_mask}"},
    {"batch_norm.c.in", "batch_norm{frozen?_frozen}{residual?_add}{relu?_relu}{part?_part}"},
    {"batch_norm_backward.c.in",
     "batch_norm_backward{frozen?_frozen}{partial_sums?_sums}{dy_relu_mask?_mask}{"
     "recomputed?_recomputed}{part?_part}"},
    {"batch_norm_inference.c.in", "batch_norm_inference{relu?_relu}"},
    {"bias_gradient.c.in", "bias_gradient{channel_blocked?_channel_blocked}{part?_part}"},
    {"concat.c.in", "concat{COUNT}{whole!_unaligned}"},
    {"backward_weights_batch_blocked.c.in",
     "conv_weights_{OC_UNROLL}x{IC_UNROLL}{OC_TAIL:_oc=0}{IC_TAIL:_ic=0}"},
    {"backward_weights_taps_batch_blocked.c.in",
     "conv_weights_{OC_UNROLL}x{KW}taps_s{STRIDE}_p{PADDING}{RIGHT?_clip}{RIGHT}{OC_TAIL:_tail=0}"},
    {"backward_weights_tiles.c.in",
     "conv_weights_tiles_{OC_VECTORS}x{IC_UNROLL}{KW_TAPS:x=0}{STRIDE:_s=1}{X_PIXEL:_nhwc=0}"
     "{OC_TAIL:_oc=0}{IC_TAIL:_ic=0}"},
    {"conv2d_batch_blocked.c.in",
     "conv{KH}x{KW}{backward?_dx}" IMAGES WINDOW "{bias?_bias}{relu?_relu}{relu_mask?_mask}"},
    {"conv2d_backward_weights_batch_blocked.c.in", "conv{KH}x{KW}_dw" IMAGES WINDOW},
    {"conv2d_channel_blocked.c.in", DIRECT_OR_WINOGRAD
     "{backward?_dx}" IMAGES WINDOW
     "{X_PIXEL?_nhwc}{bias?_bias}{relu?_relu}{residual?_add}{relu_mask?_mask}{reduce?_sums}" PARTS},
    {"conv2d_backward_weights_channel_blocked.c.in",
     DIRECT_OR_WINOGRAD "_dw" IMAGES WINDOW "{X_PIXEL?_nhwc}" PARTS},
    {"conv2d_prepacked.c.in",
     DIRECT_OR_WINOGRAD "_packed" IMAGES WINDOW "{X_PIXEL?_nhwc}{residual?_add}{relu?_relu}" PARTS},
    {"conv_batch_blocked.c.in", "conv_{OC_UNROLL}x{OW_UNROLL}{OC_TAIL:_tail=0}"},
    {"conv_tile.c.in", "conv_tile_{OC_VECTORS}x{OW_UNROLL}_packed{PACKED}{STRIDE:_s=1}"
                       "{PHASES:_phases=1}{X_PIXEL:_nhwc=0}{CLIPPED:_clip=0}"},
    {"conv_tiles.c.in", "{whole}_row{OC_TAIL:_oc=0}{TAIL:_ow=0}{SHORT_TAIL:_short=0}"},
    {"reduce_dy.c.in", "reduce_dy{dy_relu_mask?_masked}"},
    {"dropout.c.in", "dropout_{id}_{F}"},
    {"flatten.c.in", "flatten{backward?_backward}"},
    {"flatten_channel_blocked.c.in", "flatten_{ROW}"},
    {"flatten_to_batch_blocked.c.in", "flatten{backward?_backward}"},
    {"linear.c.in", "linear{backward?_dx_{FEATURES}_to_{TERMS}}{backward!_{TERMS}_to_{FEATURES}}"
                    "{bias?_bias}{relu?_relu}{relu_mask?_mask}"},
    {"linear_rows.c.in", "linear_rows_{IC}_to_{OC}{bias?_bias}{relu?_relu}"},
    {"linear_backward_weights.c.in", "linear_dw_{IC}_to_{OC}"},
    {"local_response_norm.c.in", "local_response_norm_{N}"},
    {"local_response_norm_channel_blocked.c.in", "local_response_norm_{N}_of{IC}"},
    {"local_response_norm_backward.c.in", "local_response_norm_backward_{N}"},
    {"local_response_norm_backward_channel_blocked.c.in",
     "local_response_norm_backward_{N}_of{IC}"},
    {"logits.c.in", "logits_{K}"},
    {"map.c.in", "map_{kind}{slope?_}{slope}"},
    {"max_pool2d.c.in", "max_pool2d" PLANES "{argmax?_argmax}{relu_mask?_mask}"},
    {"max_pool2d_backward.c.in", "max_pool2d_backward" PLANES},
    {"pack_input_channel_blocked.c.in",
     "pack_input{CHANNELS_LAST?_nhwc}{CHANNELS_LAST!_channel_blocked}_{IC}x{IH}x{IW}"},
    {"pack_input.c.in", "pack_input_{IC}x{IH}x{IW}"},
    {"prepack_conv2d.c.in",
     "prepack_{WINOGRAD?winograd}{WINOGRAD!conv}{WINOGRAD:=0}{bias?_bias}{norm?_norm}"},
    {"reference_adaptive_avg_pool2d.c.in", "adaptive_avg_pool2d_{IC}x{IH}x{IW}_to_{OH}x{OW}"},
    {"reference_adaptive_avg_pool2d_backward.c.in",
     "adaptive_avg_pool2d_backward_{IC}x{IH}x{IW}_to_{OH}x{OW}"},
    {"reference_add.c.in", "add{COUNT}"},
    {"reference_avg_pool2d.c.in", "avg_pool2d_{IC}" PLANES "{count_include_pad!_inside}"},
    {"reference_avg_pool2d_backward.c.in",
     "avg_pool2d_backward_{IC}" PLANES "{count_include_pad!_inside}"},
    {"reference_batch_norm.c.in", "batch_norm{frozen?_frozen}"},
    {"reference_batch_norm_backward.c.in", "batch_norm_backward{frozen?_frozen}"},
    {"reference_batch_norm_inference.c.in", "batch_norm_inference"},
    {"reference_bias_gradient.c.in", "bias_gradient"},
    {"reference_concat.c.in", "concat{COUNT}_{OC}x{OH}x{OW}"},
    {"reference_conv2d.c.in", "conv{KH}x{KW}" IMAGES WINDOW "{bias?_bias}"},
    {"reference_conv2d_backward_data.c.in", "conv{KH}x{KW}_dx" IMAGES WINDOW},
    {"reference_conv2d_backward_weights.c.in", "conv{KH}x{KW}_dw" IMAGES WINDOW},
    {"reference_dropout.c.in", "dropout_{id}_{IC}x{IH}x{IW}"},
    {"reference_linear.c.in", "linear_{I}_to_{O}{bias?_bias}"},
    {"reference_linear_backward_data.c.in", "linear_dx_{I}_to_{O}"},
    {"reference_linear_backward_weights.c.in", "linear_dw_{I}_to_{O}"},
    {"reference_local_response_norm.c.in", "local_response_norm_{WIDTH}_{IC}x{IH}x{IW}"},
    {"reference_local_response_norm_backward.c.in",
     "local_response_norm_backward_{WIDTH}_{IC}x{IH}x{IW}"},
    {"reference_logits.c.in", "logits_{K}"},
    {"reference_map.c.in", "{kind}{forward?_forward}{slope:_=0}"},
    {"reference_max_pool2d.c.in", "max_pool2d_{IC}" PLANES},
    {"reference_max_pool2d_backward.c.in", "max_pool2d_backward_{IC}" PLANES},
    {"reference_pack_input.c.in", "pack_input_{OC}x{OH}x{OW}"},
    {"reference_pad_channels.c.in", "pad_channels_{IC}to{OC}_{OH}x{OW}"},
    {"reference_slice.c.in", "slice_{OC}of{IC}_{OH}x{OW}_from{first}"},
    {"reference_softmax_cross_entropy.c.in", "softmax_cross_entropy_{K}{auxiliary?_auxiliary}"},
    {"reference_squared_error.c.in", "squared_error_{K}{auxiliary?_auxiliary}"},
    {"reference_update_adam.c.in", "update_adam{decoupled?w}"},
    {"reference_update_rmsprop.c.in", "update_rmsprop{momentum?_momentum}{centered?_centered}"},
    {"reference_update_sgd.c.in", "update_sgd{momentum?_momentum}{nesterov?_nesterov}"},
    {"slice.c.in", "slice{whole!_unaligned}"},
    {"softmax_cross_entropy.c.in", "softmax_cross_entropy_{K}{auxiliary?_auxiliary}"},
    {"squared_error.c.in", "squared_error_{K}{auxiliary?_auxiliary}"},
    {"to_rows.c.in", "to_rows_{F}"},
    {"update_adam.c.in", "update_adam{decoupled?w}"},
    {"update_rmsprop.c.in", "update_rmsprop{momentum?_momentum}{centered?_centered}"},
    {"update_sgd.c.in", "update_sgd{momentum?_momentum}{nesterov?_nesterov}"},
};

/* --- patterns become names ------------------------------------------------------------------ */

/* The parameter's value as a part of a name; "" for false. 1e-05 is 1e_05, 1e+05 is 1e05. */
static const char *value_text(Arena *arena, const Kernel *kernel, const char *name) {
  const TemplateParam *param = kernel_parameter(kernel, name);
  if (!param) return "0";
  if (param->type == PARAM_INT) return arena_printf(arena, "%" PRId64, param->integer);
  if (param->type == PARAM_BOOL) return param->boolean ? "1" : "0";
  char digits[NUMBER_DIGITS_MAX];
  const char *from = param->type == PARAM_STRING      ? param->string
                     : param->type == PARAM_REFERENCE ? *param->reference
                                                      : number_digits(param->number, digits);
  char *text = arena_strdup(arena, from), *to = text;
  for (const char *c = from; *c; c++)
    if (*c != '+') *to++ = (char)(isalnum((unsigned char)*c) ? *c : '_');
  *to = '\0';
  return text;
}

static bool is_set(const char *value) {
  return *value && strcmp(value, "0") != 0;
}

/* The text between braces, without them. */
static const char *braces_text(Arena *arena, const Kernel *kernel, char *inside) {
  char *mark = inside + strcspn(inside, "?!:");
  const char kind = *mark, *text = kind ? mark + 1 : "";
  *mark = '\0';
  char *second = strchr(inside, ',');
  if (second) *second++ = '\0';
  const char *value = value_text(arena, kernel, inside);
  if (kind == '\0') return value;
  if (kind == '?') return is_set(value) ? kernel_name_by(arena, kernel, text) : "";
  if (kind == '!') return is_set(value) ? "" : kernel_name_by(arena, kernel, text);
  const char *usual = strchr(text, '=');
  const char *other = second ? value_text(arena, kernel, second) : value;
  assert(usual);
  if (!strcmp(value, usual + 1) && !strcmp(other, usual + 1)) return "";
  const char *x = strcmp(value, other) != 0 ? "x" : "";
  return arena_printf(arena, "%.*s%s%s%s", (int)(usual - text), text, value, x, *x ? other : "");
}

char *kernel_name_by(Arena *arena, const Kernel *kernel, const char *pattern) {
  TextStream name;
  text_begin(&name);
  for (const char *at = pattern; *at; at++) {
    if (*at != '{') {
      fputc(*at, name.out);
      continue;
    }
    const char *begin = ++at;
    for (int depth = 1; depth > 0; at++) {
      assert(*at);
      depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
    }
    at--; /* at the closing brace */
    fputs(braces_text(arena, kernel, arena_printf(arena, "%.*s", (int)(at - begin), begin)),
          name.out);
  }
  return text_done(&name, arena);
}

static bool is_named(const KernelList *kernels, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (!strcmp(kernels->at[i]->name, name)) return true;
  return false;
}

/* The name without its last words, so many that it has at most `most` characters. */
static const char *shortened(Arena *arena, const char *name, int most) {
  int length = (int)strlen(name);
  while (length > most)
    for (length--; name[length] != '_';) length--;
  return arena_printf(arena, "%.*s", length, name);
}

void kernel_names(Arena *arena, const KernelList *kernels) {
  for (int i = 0; i < kernels->count; i++) {
    Kernel *kernel = kernels->at[i];
    const int stem = (int)strcspn(kernel->template_name, ".");
    const char *name = arena_printf(arena, "%.*s", stem, kernel->template_name);
    for (size_t k = 0; k < sizeof PATTERNS / sizeof *PATTERNS; k++)
      if (!strcmp(PATTERNS[k].template_name, kernel->template_name))
        name = kernel_name_by(arena, kernel, PATTERNS[k].pattern);
    kernel->name = shortened(arena, name, KERNEL_NAME_MAX);
    for (int number = 2; is_named(kernels, i, kernel->name); number++) {
      const char *end = arena_printf(arena, "_%d", number);
      kernel->name = arena_printf(arena, "%s%s",
                                  shortened(arena, name, KERNEL_NAME_MAX - (int)strlen(end)), end);
    }
  }
}
