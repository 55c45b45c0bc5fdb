-- Channels that fill one vector and several, and rows that take several tiles: few images are
-- channel-blocked while training, where strips of rows and parts of all strips have sums of their own.
return require "branches".convolutions({1, 5, 31}, {
  {50, 3, padding = 1, from = 20, masked = true, relu = true},
  {36, 3, stride = 2, padding = 1, from = 49, masked = true},
  {33, {1, 3}, padding = {0, 2}, dilation = {1, 2}, from = 17, relu = true},
  {48, 5, stride = 3, padding = 2, from = 16, bias = false},
  {18, {3, 2}, stride = {1, 2}, dilation = {2, 3}, padding = {2, 1}, from = 34},
  {64, 1, from = 33, masked = true},
  {32, 1, stride = 2, from = 16, masked = true},
})
