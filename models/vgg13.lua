-- VGG-13; `cnnc vgg13.lua --help` lists its options.
require "nn".preset {depth = 13}
return require "vgg"
