-- ResNet-56 for images of 32x32; `cnnc resnet56.lua --help` lists its options.
require "nn".preset {depth = 56}
return require "resnet"
