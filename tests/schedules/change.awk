# awk -v seed=N -v winograd=0|1 -f change.awk DRAWS MODEL_SCHEDULE: a pseudo-random schedule. Every line of the cost model's
# schedule loses some fields and gets other numbers; line N of DRAWS is how often line N has been drawn
# before. A line that was drawn too often stays as it was.
BEGIN { TOO_OFTEN = 100 }

# Lehmer's generator, so that every awk draws the same.
function below(n) {
  state = state * 48271 % 2147483647
  return int(state / 64) % n
}
function other(number,   kind) {
  kind = below(6)
  if (kind == 0) return 1
  if (kind == 1) return number * 2
  if (kind == 2) return number > 1 ? number - 1 : 2
  if (kind == 3) return number + 1
  if (kind == 4) return int((number + 1) / 2)
  return 1 + below(2 * number + 2)
}
function algorithm(   kind) {
  kind = below(weights && winograd ? 3 : 2)
  if (kind == 0) return "direct"
  return kind == 1 && weights ? "taps" : "winograd"
}
function changed(word,   pair) {
  split(word, pair, "=")
  if (pair[1] == "algorithm") {
    chosen = algorithm()
    return pair[1] "=" chosen
  }
  if (pair[2] == "true" || pair[2] == "false") return pair[1] "=" (below(2) ? "true" : "false")
  return pair[1] "=" (below(4) ? other(pair[2]) : pair[2])
}

# Whether the chosen algorithm has the field of the model's algorithm, too.
function exists(field, model) {
  if (chosen == "" || chosen == model) return 1
  if (chosen == "winograd" || model == "winograd") return field ~ /^(oc_vectors|split_k)=/
  return field !~ /^(ic_unroll|kw_taps)=/
}

function start(a, b, c,   i) {
  state = (a * 7919 + b * 104729 + c * 1299709) % 2147483646 + 1
  for (i = 0; i < 8; i++) below(2)
}

NR == FNR { draws[FNR] = $1; next }
{
  line = $1 " " $2
  words = 0
  chosen = ""
  for (i = 3; i <= NF; i++) {
    weights = $2 ~ /^conv2d_backward_weights/
    if ($i ~ /^algorithm/ && !weights && !(winograd && $2 ~ /^conv2d.*_(channel_blocked|prepacked)$/)) continue # there is no other
    start(seed, FNR, i) # every draw of the line has the same fields
    if (NF > 4 && below(3) == 0) continue # the cost model decides
    if (!exists($i, substr($3, index($3, "=") + 1))) continue
    start(seed + draws[FNR], FNR, 100 + i)
    line = line " " changed($i)
    words++
  }
  print draws[FNR] < TOO_OFTEN && words ? line : $0
}
