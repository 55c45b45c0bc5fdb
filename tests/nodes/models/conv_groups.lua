-- Groups, up to one channel each, and dilation.
return require "branches".convolutions({2, 12, 10}, {
  {6, 3, padding = 1, groups = 2, from = 4, masked = true, relu = true},
  {5, 3, padding = 1, groups = 5, from = 5, masked = true},
  {14, 3, stride = 2, padding = 1, groups = 7, from = 7, relu = true},
  {3, 5, padding = 2, groups = 3, from = 6, bias = false},
  {4, 3, padding = 2, dilation = 2, masked = true},
  {4, 3, dilation = {3, 1}, stride = 2, relu = true},
  {3, {3, 2}, padding = {1, 2}, dilation = {1, 4}, groups = 3},
})
