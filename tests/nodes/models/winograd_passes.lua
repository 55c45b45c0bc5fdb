-- More output tiles than the workspace holds at once, in Winograd gradients of the weights.
local branches = require "branches"
return branches.model({16, 29, 31}, {
  function(image)
    return image:conv2d {24, 3, padding = 1}:relu():conv2d {16, 3, padding = 1}:max_pool2d {4}
  end,
  function(image)
    return image:conv2d {24, 5, padding = 2}:relu():conv2d {16, 5, padding = 2}:max_pool2d {4}
  end,
}, 6)
