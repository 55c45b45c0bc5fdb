-- Sums, values with several readers, and relus that nothing absorbs.
local branches = require "branches"
return branches.model({2, 7, 9}, {
  function(image) -- residual
    local x = branches.channels(image, 5, true)
    return (x + x:conv2d {5, 3, padding = 1}:relu():conv2d {5, 3, padding = 1}):relu()
  end,
  function(image) -- a value that is read three times
    local x = branches.channels(image, 3, true)
    local left, right = x:max_pool2d {3, stride = 2}, x:conv2d {3, 3, stride = 2}
    return left + right + x:conv2d {3, {3, 3}, stride = 2, bias = false}:relu()
  end,
  function(image) -- relu of an image, of a pool, of a relu
    return image:relu():conv2d {2, 1}:max_pool2d {2}:relu():relu():conv2d {2, 2}
  end,
  function(image) -- pool of a pool
    return branches.channels(image, 3, true):max_pool2d {2}:max_pool2d {{1, 2}}:relu()
  end,
  function(image) -- a relu that two pools read
    local x = branches.channels(image, 3, true)
    return x:max_pool2d {2} + x:max_pool2d {3, stride = 2, padding = 1}:conv2d {3, 2}
  end,
  function(image) -- a pool of a sum, one part of which is a relu's
    return (image + image:conv2d {2, 1}:relu()):max_pool2d {2}
  end,
  function(image) -- linear on linear without anything between
    return image:flatten():linear {9}:relu():linear {8}:linear {7, bias = false}:relu()
  end,
  function(image) -- x + x
    local x = branches.channels(image, 4)
    return (x + x):relu()
  end,
})
