-- AlexNet for the 32x32 images of CIFAR-10; `cnnc alexnet_cifar.lua --help` lists its options.
require "nn".preset {size = 32, classes = 10, hidden = 1024}
return require "alexnet"
