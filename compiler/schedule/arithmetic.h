/* Whole numbers. */
#ifndef CNNC_ARITHMETIC_H
#define CNNC_ARITHMETIC_H

#include <stdint.h>

static inline int min(int a, int b) {
  return a < b ? a : b;
}
static inline int max(int a, int b) {
  return a > b ? a : b;
}
static inline int divide_up(int a, int b) {
  return (a + b - 1) / b;
}
static inline int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

#endif
