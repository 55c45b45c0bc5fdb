-- expect 3: finalizer.lua:2: a model has no finalizers (__gc): nothing of it lives on
setmetatable({}, {__gc = function() while true do end end})
