-- Channel counts that fill no register tile, in and out.
local cases = {}
for _, channels in ipairs {1, 5, 7, 17} do
  cases[#cases + 1] = {channels, 3, padding = 1, from = 17, masked = true, relu = true}
  cases[#cases + 1] = {17, 3, from = channels, bias = channels ~= 5}
end
cases[#cases + 1] = {33, 1, from = 19, masked = true}
return require "branches".convolutions({1, 6, 7}, cases)
