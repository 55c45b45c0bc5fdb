-- ResNet-152 for ImageNet; `cnnc resnet152.lua --help` lists its options.
require "nn".preset {depth = 152}
return require "resnet"
