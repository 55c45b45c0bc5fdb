-- Many small networks side by side in one model, so that one program tests many kernels. Sums stay
-- short: every branch reads the image by itself and ends in the shared logits, and squared error
-- keeps gradients whole numbers, so that float computes all of it exactly.
local nn = require "nn"
local branches = {}

local CLASSES = 3

-- bodies: functions from the image to any value; batch: images a step, 32 without it.
function branches.model(input, bodies, batch)
  return nn.model {
    input = input,
    classes = CLASSES,
    loss = nn.squared_error(),
    forward = function(image)
      local logits
      for i, body in ipairs(bodies) do
        local branch = nn.scope("b" .. i, function()
          local x = body(image)
          if #x.shape > 2 then x = x:flatten() end
          return x:linear {CLASSES, name = "logits"}
        end)
        logits = logits and logits + branch or branch
      end
      return logits
    end,
    train = {batch = batch or 32},
  }
end

-- The image with `channels` channels, positive with relu: it then needs a gradient, and the relu's
-- mask is fused into the node that makes it.
function branches.channels(image, channels, relu)
  local x = image:conv2d {channels, 1, name = "channels"}
  return relu and x:relu() or x
end

-- Convolutions, as tables of conv2d's arguments and
--   from = channels that it reads, masked = they come from a relu, relu = one follows
function branches.convolutions(input, cases)
  local bodies = {}
  for i, case in ipairs(cases) do
    local from, masked, relu = case.from or 3, case.masked, case.relu
    case.from, case.masked, case.relu, case.name = nil, nil, nil, "conv"
    bodies[i] = function(image)
      local x = branches.channels(image, from, masked):conv2d(case)
      return relu and x:relu() or x
    end
  end
  return branches.model(input, bodies)
end

return branches
