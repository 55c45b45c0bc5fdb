-- VGG-11 with batch norm; `cnnc vgg11_bn.lua --help` lists its options.
require "nn".preset {depth = 11, batch_norm = true}
return require "vgg"
