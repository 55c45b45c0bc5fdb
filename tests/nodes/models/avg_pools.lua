-- Mean pooling with windows of a power of two, whose means are exact.
local branches = require "branches"
local bodies = {}
for i, case in ipairs {
  {2}, {2, stride = 1}, {4, stride = 2, padding = 2}, {{4, 1}, stride = {3, 2}},
  {{2, 4}, padding = {1, 2}, stride = {1, 3}}, {2, stride = 3},
} do
  bodies[i] = function(image)
    return branches.channels(image, 3, i % 2 == 1):avg_pool2d(case)
  end
end
return branches.model({2, 11, 14}, bodies)
