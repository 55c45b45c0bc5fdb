#include "train/tensor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* All dtypes of the format; the first ones in the order of cnn_dtype. */
static const struct {
  const char *name;
  int bytes;
} DTYPES[] = {{"F32", 4}, {"F64", 8}, {"F16", 2},  {"BF16", 2},    {"U8", 1},
              {"I32", 4}, {"I64", 8}, {"BOOL", 1}, {"I8", 1},      {"I16", 2},
              {"U16", 2}, {"U32", 4}, {"U64", 8},  {"F8_E5M2", 1}, {"F8_E4M3", 1}};

enum { DTYPE_COUNT = sizeof DTYPES / sizeof *DTYPES };

const char *cnn_dtype_name(cnn_dtype dtype) {
  return DTYPES[dtype].name;
}

bool cnn_dtype_find(const char *name, cnn_dtype *dtype, int *bytes) {
  int i = 0;
  while (i < DTYPE_COUNT && strcmp(name, DTYPES[i].name) != 0) i++;
  if (i == DTYPE_COUNT) return false;
  *dtype = i < CNN_DTYPE_OTHER ? (cnn_dtype)i : CNN_DTYPE_OTHER;
  *bytes = DTYPES[i].bytes;
  return true;
}

bool cnn_dtype_is_real(cnn_dtype dtype) {
  return dtype == CNN_DTYPE_F32 || dtype == CNN_DTYPE_F64 || dtype == CNN_DTYPE_F16 ||
         dtype == CNN_DTYPE_BF16;
}

int64_t cnn_tensor_count(const cnn_tensor *tensor) {
  int64_t count = 1;
  for (int i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
  return count;
}

/* IEEE 754's binary16: sign, 5 bits of exponent, 10 of fraction. */
static double half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                : exponent     ? ldexp(1024 + fraction, exponent - 25)
                               : ldexp(fraction, -24);
  return bits >> 15 ? -size : size;
}

/* The upper half of a float. */
static double upper_half(uint16_t bits) {
  const uint32_t whole = (uint32_t)bits << 16;
  float f32;
  memcpy(&f32, &whole, sizeof f32);
  return f32;
}

double cnn_tensor_get(const cnn_tensor *tensor, int64_t index) {
  const char *at = (const char *)tensor->data + index * DTYPES[tensor->dtype].bytes;
  float f32;
  double f64;
  uint16_t u16;
  int32_t i32;
  int64_t i64;
  switch (tensor->dtype) {
  case CNN_DTYPE_F32:
    return memcpy(&f32, at, sizeof f32), f32;
  case CNN_DTYPE_F64:
    return memcpy(&f64, at, sizeof f64), f64;
  case CNN_DTYPE_F16:
    return memcpy(&u16, at, sizeof u16), half(u16);
  case CNN_DTYPE_BF16:
    return memcpy(&u16, at, sizeof u16), upper_half(u16);
  case CNN_DTYPE_U8:
    return *(const unsigned char *)at;
  case CNN_DTYPE_I32:
    return memcpy(&i32, at, sizeof i32), i32;
  case CNN_DTYPE_I64:
    return memcpy(&i64, at, sizeof i64), (double)i64;
  case CNN_DTYPE_OTHER:
    break;
  }
  assert(!"a dtype that is not read");
  return 0;
}
