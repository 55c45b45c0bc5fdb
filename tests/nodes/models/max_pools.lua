-- Maximum pooling of a relu's output, whose many zeros are ties, and of other values.
local branches = require "branches"
local bodies = {}
for i, case in ipairs {
  {2}, {3, stride = 2}, {3, stride = 2, padding = 1}, {2, ceil_mode = true},
  {3, stride = 2, ceil_mode = true}, {3, stride = 1, padding = 1}, {{2, 3}, stride = {3, 2}},
  {{1, 5}, padding = {0, 2}, stride = 3, ceil_mode = true}, {2, stride = 3, ceil_mode = true},
  {5, stride = 4, padding = 2, ceil_mode = true},
} do
  bodies[i] = function(image)
    return branches.channels(image, 3, i % 2 == 1):max_pool2d(case)
  end
end
return branches.model({2, 11, 14}, bodies)
