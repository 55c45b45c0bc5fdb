-- VGG-19 with batch norm; `cnnc vgg19_bn.lua --help` lists its options.
require "nn".preset {depth = 19, batch_norm = true}
return require "vgg"
