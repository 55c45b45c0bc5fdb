-- ResNet-50 for ImageNet; `cnnc resnet50.lua --help` lists its options.
require "nn".preset {depth = 50}
return require "resnet"
