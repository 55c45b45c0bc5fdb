#include "conv_row.h"

static int max(int a, int b) {
  return a > b ? a : b;
}

static int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

/* Columns that the kernel of the last pixel reads beyond the input; negative: that it leaves. */
static int overhang(const ConvRow *row) {
  return (row->made - 1) * row->stride - row->padding + (row->taps - 1) * row->dilation -
         (row->read - 1);
}

/* Columns read where the overhang is `over`. */
static int columns_for(const ConvRow *row, int over) {
  return (row->made - 1) * row->stride - row->padding + (row->taps - 1) * row->dilation + 1 - over;
}

ConvRow conv_narrowest_row(ConvRow row, int tile) {
  int over = max(0, overhang(&row));
  int rest = row.made % tile, right = divide_up(over, row.stride);
  int tiles = divide_up(divide_up(row.padding, row.stride), tile) /* at the left edge */
              + 1 + (right > rest ? divide_up(right - rest, tile) : 0);
  if (row.made > tiles * tile + rest) row.made = tiles * tile + rest;
  row.read = columns_for(&row, over);
  return row;
}

ConvRow conv_narrowest_phases(ConvRow row, int tile) {
  int left = 0, right = 0; /* pixels of a phase, at most, that miss a tap there */
  for (int phase = 0; phase < row.stride; phase++) {
    for (int tap = 0; tap < row.taps; tap++) {
      int distance = phase + row.padding - tap * row.dilation;
      if (distance % row.stride != 0) continue;
      int shift = distance / row.stride;
      int pixels = (row.read - phase + row.stride - 1) / row.stride;
      left = max(left, -shift);
      right = max(right, shift + pixels - row.made);
    }
  }
  int tiles = divide_up(left, tile) + 1 + divide_up(right, tile);
  int drop = max(0, row.read / row.stride / tile - tiles) * tile;
  row.read -= drop * row.stride;
  row.made -= drop;
  return row;
}

ConvRow conv_narrowest_sums(ConvRow row) {
  int over = max(0, overhang(&row));
  int least = divide_up(row.padding, row.stride) + divide_up(over, row.stride) + 1;
  if (row.made > least) row.made = least;
  row.read = columns_for(&row, over);
  return row;
}
