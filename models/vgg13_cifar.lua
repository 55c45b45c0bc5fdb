-- VGG-13 with batch norm, half as wide, for the 32x32 images of CIFAR-10; `cnnc vgg13_cifar.lua
-- --help` lists its options.
require "nn".preset {
  name = "vgg13_cifar", depth = 13, batch_norm = true, size = 32, classes = 10, hidden = 0, width = 0.5,
}
return require "vgg"
