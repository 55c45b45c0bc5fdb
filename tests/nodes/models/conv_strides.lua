-- Strides, also larger than the kernel, and rows or columns that no window reaches.
return require "branches".convolutions({3, 29, 26}, {
  {4, 7, stride = 2, padding = 3, relu = true},
  {3, 11, stride = 4, padding = 2, masked = true},
  {5, 3, stride = 2, padding = 1, masked = true, relu = true},
  {4, 3, stride = 3, from = 2},
  {4, 1, stride = 2, masked = true},
  {2, 2, stride = {3, 4}, padding = 1, from = 5, relu = true},
  {3, {3, 1}, stride = {1, 3}, padding = {2, 0}, bias = false},
})
