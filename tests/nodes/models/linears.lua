-- Linear layers of awkward sizes, with and without bias and relu; with more vectors of images than a
-- register tile takes.
local branches = require "branches"
local bodies = {}
for i, sizes in ipairs {{1}, {10, 1}, {37, 10}, {400}, {1000}, {16, 37}, {64, 33, 5}} do
  bodies[i] = function(image)
    local x = image:max_pool2d {4}:flatten()
    for k, features in ipairs(sizes) do
      x = x:linear {features, bias = (i + k) % 3 ~= 0}
      if (i + k) % 2 == 0 then x = x:relu() end
    end
    return x
  end
end
return branches.model({1, 9, 12}, bodies, 64)
