-- Linear layers of more images than a work item has with padded rows, and a tail.
local branches = require "branches"
return branches.model({1, 3, 5}, {
  function(image) return image:flatten():linear {10}:relu():linear {37, bias = false} end,
  function(image) return image:flatten():linear {150}:linear {5}:relu() end,
}, 512)
