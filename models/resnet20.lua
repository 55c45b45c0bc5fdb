-- ResNet-20 for images of 32x32; `cnnc resnet20.lua --help` lists its options.
require "nn".preset {depth = 20}
return require "resnet"
