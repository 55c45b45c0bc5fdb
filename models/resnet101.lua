-- ResNet-101 for ImageNet; `cnnc resnet101.lua --help` lists its options.
require "nn".preset {depth = 101}
return require "resnet"
