-- What random models draw, the same for a seed: SplitMix64 (Steele et al. 2014).
return {
  of = function(seed)
    local state = seed * 0x632BE59BD9B4E019

    local function draw()
      state = state + 0x9E3779B97F4A7C15
      local z = (state ~ (state >> 30)) * 0xBF58476D1CE4E5B9
      z = (z ~ (z >> 27)) * 0x94D049BB133111EB
      return (z ~ (z >> 31)) >> 1
    end

    local function between(low, high) return low + draw() % (high - low + 1) end
    local function one_in(n) return draw() % n == 0 end
    local function pick(list) return list[between(1, #list)] end
    return {between = between, one_in = one_in, pick = pick}
  end,
}
