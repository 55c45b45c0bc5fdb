-- VGG-16 with batch norm; `cnnc vgg16_bn.lua --help` lists its options.
require "nn".preset {depth = 16, batch_norm = true}
return require "vgg"
