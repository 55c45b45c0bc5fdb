-- Linear layers of more images than a piece of work has where images are rows, with a rest of them.
local branches = require "branches"
return branches.model({1, 3, 5}, {
  function(image) return image:flatten():linear {10}:relu():linear {37, bias = false} end,
  function(image) return image:flatten():linear {150}:linear {5}:relu() end,
}, 512)
