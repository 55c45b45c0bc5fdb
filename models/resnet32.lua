-- ResNet-32 for images of 32x32; `cnnc resnet32.lua --help` lists its options.
require "nn".preset {depth = 32}
return require "resnet"
