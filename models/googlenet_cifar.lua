-- GoogLeNet, half as wide, for the 32x32 images of CIFAR-10; `cnnc googlenet_cifar.lua --help` lists
-- its options.
require "nn".preset {size = 32, classes = 10, width = 0.5}
return require "googlenet"
