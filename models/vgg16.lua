-- VGG-16; `cnnc vgg16.lua --help` lists its options.
require "nn".preset {depth = 16}
return require "vgg"
