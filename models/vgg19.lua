-- VGG-19; `cnnc vgg19.lua --help` lists its options.
require "nn".preset {depth = 19}
return require "vgg"
