/* Rows of convolutions, and which of them share code. */
#ifndef CNNC_CONV_ROW_H
#define CNNC_CONV_ROW_H

/* A row of a convolution, in the direction in which it is computed: columns read and made. */
typedef struct ConvRow {
  int taps, stride, padding, dilation; /* of the kernel, along the row */
  int read, made;
} ConvRow;

/* The narrowest row that a body of conv_rows, conv_strided_back or conv_weights is made for: wider
   ones differ from it only in how often a loop runs. `tile`: pixels of the register tile. For
   conv_strided_back read is dx and made is dy. */
ConvRow conv_narrowest_row(ConvRow row, int tile);
ConvRow conv_narrowest_phases(ConvRow row, int tile);
ConvRow conv_narrowest_sums(ConvRow row);

#endif
