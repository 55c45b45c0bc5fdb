#include "schedule/conv_geometry.h"

#include "schedule/arithmetic.h"
#include "schedule/limits.h"
#include "schedule/schedule.h"

bool conv_is_backward(const Node *conv) {
  return conv->op == OP_conv2d_backward_data;
}

int conv_phases(const Node *conv) {
  return conv_is_backward(conv) ? min(conv->attributes.stride[1], conv->out[0]->dim[3]) : 1;
}

int conv_columns(const Node *conv) {
  return divide_up(conv->out[0]->dim[3], conv_phases(conv));
}

StridePhase conv_phase(const Node *conv, int number) {
  const Attributes *a = &conv->attributes;
  const int stride = a->stride[1], padding = a->padding[1], dilation = a->dilation[1];
  const int columns = conv->out[0]->dim[3];
  if (!conv_is_backward(conv))
    return (StridePhase){columns, a->kernel[1], -padding, dilation, stride};
  int first = -1, last = -1, taps = 0;
  for (int k = 0; k < a->kernel[1]; k++) {
    if ((number + padding - k * dilation) % stride) continue;
    const int from = (number + padding - k * dilation) / stride;
    if (!taps++) first = from;
    last = from;
  }
  const int tap_step = taps > 1 ? (first - last) / (taps - 1) : 1;
  return (StridePhase){divide_up(columns - number, conv_phases(conv)), taps, last, tap_step, 1};
}

/* Of the tile from pixel `first` of the phase on. */
static void find_clipped(ClippedTaps *clipped, const StridePhase *phase, int iw, int first,
                         int pixels) {
  for (int k = 0; k < phase->taps; k++) {
    const int at = first * phase->step + phase->from + k * phase->tap_step;
    const int past = at + (pixels - 1) * phase->step + 1 - iw;
    const int left = at < 0 ? divide_up(-at, phase->step) : 0;
    const int right = past > 0 ? divide_up(past, phase->step) : 0;
    const bool whole = left + right >= pixels;
    clipped->most = max(clipped->most, whole ? 1 : max(left, right));
    clipped->both = clipped->both || (!whole && left && right);
  }
}

ClippedTaps conv_clipped_taps(const Node *conv, int tile_pixels) {
  ClippedTaps clipped = {0};
  for (int i = 0; i < conv_phases(conv); i++) {
    const StridePhase phase = conv_phase(conv, i);
    for (int first = 0; first < phase.pixels; first += tile_pixels)
      find_clipped(&clipped, &phase, conv->in[0]->dim[3], first,
                   min(tile_pixels, phase.pixels - first));
  }
  return clipped;
}

bool conv_clips_few(const Node *conv, int tile_pixels) {
  const ClippedTaps clipped = conv_clipped_taps(conv, tile_pixels);
  return clipped.most <= CLIPPED_PIXELS_MAX && !clipped.both;
}

int conv_clipped_pixels(const Node *conv) {
  return conv_clipped_taps(conv, conv->schedule.conv_channel_blocked.ow_unroll).most;
}
