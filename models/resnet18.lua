-- ResNet-18 for ImageNet; `cnnc resnet18.lua --help` lists its options.
require "nn".preset {depth = 18}
return require "resnet"
