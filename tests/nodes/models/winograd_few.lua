-- Winograd convolutions of a few images, with so few output tiles that register tiles are narrow, for every thread to have some.
local branches = require "branches"
return branches.model({16, 8, 7}, {
  function(image)
    return image:conv2d {70, 3, padding = 1}:relu():conv2d {64, 3, padding = 1}:relu():conv2d {17, 3}:max_pool2d {3}
  end,
  function(image) -- not one patch for every thread
    return image:conv2d {40, 3, padding = 1}:max_pool2d {4}:conv2d {33, 3, padding = 1}:relu():conv2d {7, 3, padding = 1}
  end,
  function(image)
    return image:conv2d {40, 5, padding = 2}:relu():conv2d {33, 5}:relu():conv2d {7, 3}
  end,
}, 5)
