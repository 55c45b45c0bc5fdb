-- Winograd convolutions, whether that pays or not: input and output tiles that the image cuts,
-- vectors of channels that are not full, and everything that may follow.
local nn = require "nn"
local branches = require "branches"

-- branches.channels with 3x3 convolutions only: all of them may go that way.
local function channels(image, count, relu)
  local x = image:conv2d {count, 3, padding = 1, name = "channels"}
  return relu and x:relu() or x
end

return branches.model({16, 10, 7}, {
  function(image) -- bias and relu
    return channels(image, 20, true):conv2d {35, 3, padding = 1}:relu()
  end,
  function(image) -- other paddings down and along; results of 8 x 9
    return channels(image, 16):conv2d {16, 3, padding = {0, 2}, bias = false}
  end,
  function(image) -- results of 12 x 5, then of 14 x 3
    return channels(image, 24, true):conv2d {48, 3, padding = {2, 0}}:relu():conv2d {17, 3, padding = {2, 0}}
  end,
  function(image) -- fewer channels than a vector has
    return channels(image, 5, true):conv2d {3, 3, padding = 1}:relu():conv2d {7, 3, padding = 1}
  end,
  function(image) -- kernels of 5x5, whose patches are of 2x2: bias and relu, a mask below
    return channels(image, 20, true):conv2d {35, 5, padding = 2}:relu():conv2d {17, 5, padding = 2, bias = false}
  end,
  function(image) -- other paddings: results of 8 x 11, then of 4 x 9
    return channels(image, 33):conv2d {16, 5, padding = {1, 4}}:relu():conv2d {18, 5, padding = {0, 1}}
  end,
  function(image) -- a norm behind 5x5, a gradient that is added to another, a part of a whole
    local x = channels(image, 32, true)
    local y = x:conv2d {32, 5, padding = 2, bias = false}:batch_norm():relu()
    return nn.concat {(x + y:conv2d {32, 5, padding = 2}):relu(), y, name = "both"}:conv2d {16, 5}:relu()
  end,
  function(image) -- a value with two readers, of which one gradient is added to the other
    local x = channels(image, 33, true)
    return (x + x:conv2d {33, 3, padding = 1}:relu():conv2d {33, 3, padding = 1}):relu()
  end,
  function(image) -- a batch norm, with an epilogue reduction; folded into the weights in inference
    local x = channels(image, 40, true)
    local y = x:conv2d {40, 3, padding = 1, bias = false}:batch_norm():relu()
      :conv2d {40, 3, padding = 1, bias = false}:batch_norm()
    return (x + y):relu():conv2d {32, 3}
  end,
  function(image) -- parts of a whole, read and made
    local x = channels(image, 32, true)
    return nn.concat {x:conv2d {48, 3, padding = 1, bias = false}:batch_norm():relu(),
                      x:conv2d {32, 3, padding = 1, bias = false}:batch_norm():relu(),
                      name = "cat"}:conv2d {16, 3}:relu()
  end,
}, 18) -- images that fill no vectors, so that channels do
