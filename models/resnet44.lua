-- ResNet-44 for images of 32x32; `cnnc resnet44.lua --help` lists its options.
require "nn".preset {depth = 44}
return require "resnet"
