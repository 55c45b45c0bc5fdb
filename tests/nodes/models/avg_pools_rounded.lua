-- Mean pooling whose divisors are not powers of two.
local branches = require "branches"
local bodies = {}
for i, case in ipairs {
  {3}, {3, stride = 2, padding = 1}, {3, stride = 2, padding = 1, count_include_pad = false},
  {3, stride = 2, ceil_mode = true}, {2, padding = 1, ceil_mode = true},
  {3, stride = 2, padding = 1, ceil_mode = true, count_include_pad = false},
  {5, stride = 4, padding = 2, ceil_mode = true}, {{11, 14}}, {{3, 1}, stride = {1, 3}},
} do
  bodies[i] = function(image)
    return branches.channels(image, 3, i % 2 == 1):avg_pool2d(case)
  end
end
return branches.model({2, 11, 14}, bodies)
