-- Channels that fill several vectors: batches of any size are channel-blocked, in all groups of images that
-- linear layers have; and sums that ride on a convolution which reads several blocks of channels.
local branches = require "branches"
local bodies = {}
for i, case in ipairs {
  {32, 3, padding = 1, from = 48, masked = true, relu = true},
  {48, 3, stride = 2, padding = 1, from = 32, masked = true},
  {32, 1, from = 32},
  {32, {1, 3}, stride = {2, 1}, from = 32, bias = false},
} do
  local from, masked, relu = case.from, case.masked, case.relu
  case.from, case.masked, case.relu = nil, nil, nil
  bodies[i] = function(image)
    local x = branches.channels(image, from, masked):conv2d(case)
    return relu and x:relu() or x
  end
end
bodies[#bodies + 1] = function(image)
  local x = branches.channels(image, 48, true)
  return (x + x:conv2d {48, 1}:relu():conv2d {48, 3, padding = 1}):relu():max_pool2d {2}
end
return branches.model({1, 4, 7}, bodies)
