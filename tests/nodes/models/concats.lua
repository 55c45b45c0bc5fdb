-- Concat: gradients are slices, which a relu in front may mask.
local nn = require "nn"
local branches = require "branches"
return branches.model({2, 7, 9}, {
  function(image) -- inception
    local x = branches.channels(image, 4, true)
    return nn.concat {x:conv2d {3, 1}:relu(), x:conv2d {5, 3, padding = 1},
                      x:max_pool2d {3, stride = 1, padding = 1}, name = "cat"}
      :max_pool2d {3, stride = 2}
  end,
  function(image) -- the shortcut of a residual net without weights
    local x = branches.channels(image, 3, true)
    local y = x:conv2d {5, 3, stride = 2, padding = 1}
    return (y + x:avg_pool2d {1, stride = 2}:pad_channels {5}):relu()
  end,
  function(image) -- a value twice, the image itself, one value alone
    local x = branches.channels(image, 3, true)
    return nn.concat {nn.concat {x, image, x}:relu()}:conv2d {2, 2}
  end,
  function(image) -- vectors of channels and a rest, which lie in the whole from the beginning
    local x = branches.channels(image, 4, true)
    return nn.concat {x:conv2d {16, 3, padding = 1}, x:conv2d {32, 1, bias = false}, x:conv2d {5, 1}, name = "whole"}
      :max_pool2d {3, stride = 2}
  end,
  function(image) -- the same behind relus, and with one that lies elsewhere
    local x = branches.channels(image, 4, true)
    local y = nn.concat {x:conv2d {16, 1}:relu(), x:conv2d {16, 3, padding = 1, bias = false}:relu(), name = "relus"}
    return nn.concat {y:conv2d {16, 1}, x, name = "beside"}:max_pool2d {3, stride = 2}
  end,
  function(image) -- a value beside what is made of it: its gradient is a part of the sum's, and is read for another
    local x = branches.channels(image, 32, true)
    return (nn.concat {x:conv2d {16, 3, padding = 1}, image:conv2d {16, 1}, name = "cut"} + x):max_pool2d {3, stride = 2}
  end,
  function(image)
    local x = branches.channels(image, 32, true)
    return (x:conv2d {16, 3, padding = 1}:pad_channels {32} + x):max_pool2d {3, stride = 2}
  end,
  function(image) -- wholes in a whole; a part that something else reads, too
    local x = branches.channels(image, 4, true)
    local y = x:conv2d {16, 1}
    local inner = nn.concat {x:conv2d {16, 1}, x:conv2d {16, 1}, name = "inner"}
    local outer = nn.concat {inner, x:conv2d {16, 3, padding = 1}, y, name = "outer"}
    return nn.concat {outer:max_pool2d {3, stride = 2}, y:max_pool2d {3, stride = 2}}
  end,
})
