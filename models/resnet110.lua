-- ResNet-110 for images of 32x32; `cnnc resnet110.lua --help` lists its options.
require "nn".preset {depth = 110}
return require "resnet"
