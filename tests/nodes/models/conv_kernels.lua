-- Kernel sizes, square and not.
return require "branches".convolutions({3, 13, 11}, {
  {4, 1},
  {5, 3, padding = 1, masked = true, relu = true},
  {3, 5, padding = 2, relu = true},
  {7, {1, 7}, padding = {0, 3}, masked = true},
  {6, {7, 1}, padding = {3, 0}, from = 5, relu = true},
  {2, {3, 5}, bias = false, masked = true},
  {4, {2, 4}, padding = {1, 2}, relu = true},
  {3, {13, 11}},
})
