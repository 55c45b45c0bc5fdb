-- Adaptive average pooling: windows that divide the image, that overlap, one pixel each, more windows
-- than pixels; global average pooling. The divisors are not powers of two.
local branches = require "branches"
local bodies = {}
for i, output in ipairs {1, 2, {7, 9}, {3, 4}, {5, 2}, {9, 11}} do
  bodies[#bodies + 1] = function(image)
    return branches.channels(image, 3, i % 2 == 1):adaptive_avg_pool2d {output}
  end
end
return branches.model({2, 7, 9}, bodies)
