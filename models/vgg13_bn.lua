-- VGG-13 with batch norm; `cnnc vgg13_bn.lua --help` lists its options.
require "nn".preset {depth = 13, batch_norm = true}
return require "vgg"
