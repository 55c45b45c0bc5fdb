-- expect 3: nn_unknown.lua:3: nn has no 'modle' (did you mean 'model'?); it has adam, adamw, concat, constant, constant_lr, cosine_lr, exponential_lr, frozen, he_normal, he_uniform, model, multi_step_lr, normal, one_cycle_lr, option, plateau_lr, polynomial_lr, preset, rmsprop, scope, sgd, softmax_cross_entropy, squared_error, step_lr, truncated_normal, uniform, with_recipe, xavier_normal, xavier_uniform and zeros
local nn = require "nn"
return nn.modle {}
