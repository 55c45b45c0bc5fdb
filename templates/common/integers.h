/* Small arithmetic on indices and counts. */
#ifndef CNN_INTEGERS_H
#define CNN_INTEGERS_H

/* Indices from `begin` to before `end`. */
typedef struct span {
  int begin;
  int end;
} span;

static inline int min_int(int a, int b) {
  return a < b ? a : b;
}

static inline int max_int(int a, int b) {
  return a > b ? a : b;
}

/* a / b, rounded up; a is at least 0, b at least 1. */
static inline int divide_up(int a, int b) {
  return a / b + (a % b != 0);
}

#endif
