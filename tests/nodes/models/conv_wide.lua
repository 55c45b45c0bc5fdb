-- Channels that fill vectors, also in groups: few images are channel-blocked in inference.
return require "branches".convolutions({3, 9, 13}, {
  {40, 3, padding = 1, groups = 2, from = 24, masked = true, relu = true},
  {36, 3, stride = 2, padding = 1, from = 20},
  {33, {1, 3}, padding = {0, 2}, dilation = {1, 2}, from = 17, relu = true},
  {48, 5, stride = 3, padding = 2, groups = 3, from = 48, bias = false},
  {70, 1, from = 33, masked = true},
})
