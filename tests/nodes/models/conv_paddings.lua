-- Every padding from none to the kernel less one, on images smaller and larger than the kernel.
local cases = {}
for padding = 0, 4 do
  cases[#cases + 1] = {3, 5, padding = padding, masked = padding % 2 == 0, relu = padding > 2}
end
for padding = 0, 2 do cases[#cases + 1] = {4, 3, padding = {padding, 2 - padding}, masked = true} end
cases[#cases + 1] = {2, 7, padding = 6, stride = 3}
return require "branches".convolutions({1, 5, 6}, cases)
