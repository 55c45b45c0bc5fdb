-- Batch norm, local response norm, leaky relu: with and without relus to fuse, odd sizes.
local nn = require "nn"
local branches = require "branches"
return branches.model({2, 7, 9}, {
  function(image) -- relu in the epilogue, and in the backward half as a ReLU mask
    return branches.channels(image, 5, true):batch_norm():relu():conv2d {3, 3}
  end,
  function(image) -- nothing to fuse
    return branches.channels(image, 3):batch_norm {eps = 0.01, momentum = 0.3}:conv2d {2, 3}
  end,
  function(image) -- of the image: nobody needs its gradient
    return image:batch_norm():max_pool2d {2}
  end,
  function(image) -- one pixel a channel
    return image:conv2d {4, {7, 9}}:batch_norm():relu()
  end,
  function(image) -- a residual block: relu behind an add, the norm's ReLU mask behind that of the add
    local x = branches.channels(image, 4, true)
    local y = x:conv2d {4, 3, padding = 1, bias = false}:batch_norm():relu()
      :conv2d {4, 3, padding = 1, bias = false}:batch_norm()
    return (x + y):relu():conv2d {2, 3, stride = 2}
  end,
  function(image) -- equal convolutions, each on a norm: some with a relu, some without
    local x = branches.channels(image, 16)
    for i = 1, 3 do
      x = x:conv2d {16, 3, padding = 1, bias = false}:batch_norm()
      if i % 2 == 1 then x = x:relu() end
    end
    return x
  end,
  function(image) -- running statistics in training, too: with an add and relu, behind a part
    local x = branches.channels(image, 16, true)
    local y = x:conv2d {16, 3, padding = 1, bias = false}:batch_norm {statistics = "frozen"}:relu()
      :conv2d {16, 3, padding = 1, bias = false}:batch_norm {statistics = "frozen"}
    return nn.concat {(x + y):relu(), x:conv2d {16, 1}:batch_norm {statistics = "frozen"}}:conv2d {3, 1}
  end,
  function(image) -- AlexNet's constants, then a sum over an even number of channels
    return branches.channels(image, 7, true):local_response_norm {5, k = 2}
      :local_response_norm {4, alpha = 0.5, beta = 0.5}
  end,
  function(image) -- a sum wider than there are channels
    return branches.channels(image, 3):local_response_norm {9, alpha = 1, beta = 0.6}
  end,
  function(image) -- inception, whose branches lie in the whole from the beginning
    local x = branches.channels(image, 4, true)
    return nn.concat {x:conv2d {16, 1}:batch_norm():relu(), x:conv2d {32, 3, padding = 1}:batch_norm(),
                      x:max_pool2d {3, stride = 1, padding = 1}:conv2d {7, 1}:batch_norm():relu(), name = "cat"}
      :conv2d {3, 2}
  end,
  function(image)
    return branches.channels(image, 3):leaky_relu():conv2d {3, 2}:leaky_relu {0.3}
  end,
})
