-- ResNet-34 for ImageNet; `cnnc resnet34.lua --help` lists its options.
require "nn".preset {depth = 34}
return require "resnet"
