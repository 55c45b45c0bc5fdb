-- VGG-11; `cnnc vgg11.lua --help` lists its options.
require "nn".preset {depth = 11}
return require "vgg"
