/* Tensors in memory or in a file, with the number types of safetensors files. */
#ifndef CNN_TENSOR_H
#define CNN_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CNN_TENSOR_RANK_MAX = 8 };

typedef enum cnn_dtype {
  CNN_DTYPE_F32,
  CNN_DTYPE_F64,
  CNN_DTYPE_F16,
  CNN_DTYPE_BF16,
  CNN_DTYPE_U8,
  CNN_DTYPE_I32,
  CNN_DTYPE_I64,
  CNN_DTYPE_OTHER /* of the format, but not read here */
} cnn_dtype;

/* "F32", of a dtype that is read here. */
const char *cnn_dtype_name(cnn_dtype dtype);

/* The dtype of the name, and the bytes of an element; false: the format has no such dtype. */
bool cnn_dtype_find(const char *name, cnn_dtype *dtype, int *bytes);

/* F32, F64, F16 and BF16. */
bool cnn_dtype_is_real(cnn_dtype dtype);

typedef struct cnn_tensor {
  const char *name;
  cnn_dtype dtype;
  int rank;
  int64_t shape[CNN_TENSOR_RANK_MAX];
  const void *data; /* may be unaligned in a file that was read */
  size_t bytes;
} cnn_tensor;

/* Elements of the tensor. */
int64_t cnn_tensor_count(const cnn_tensor *tensor);

/* Element `index` of a tensor of a dtype that is read here. */
double cnn_tensor_get(const cnn_tensor *tensor, int64_t index);

#endif
