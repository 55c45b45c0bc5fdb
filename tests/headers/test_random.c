/* random.h: keys against published numbers of SplitMix64, draws against the same steps in plain C.
   Exits with 77 where the processor lacks the instructions. */
#include "buffers.h"
#include "instructions.h"

#include "random.h"

/* The first numbers of SplitMix64 with seed 1234567, as Rosetta Code lists them. */
static void check_keys(void) {
  static const uint64_t NUMBERS[] = {6457827717110365317u, 3203168211198807973u,
                                     9817491932198370423u};
  const uint64_t seed = 1234567 - 0xd1b54a32d192ed03u; /* cancels what layer 0 adds */
  for (uint64_t step = 1; step <= 3; step++) {
    if (random_key(seed, step, 0) == NUMBERS[step - 1]) continue;
    failures++;
    printf("key of step %d: %llx\n", (int)step, (unsigned long long)random_key(seed, step, 0));
  }
}

/* Wellons' lowbias32, with the key's halves before and in the middle. */
static uint32_t naive_random(uint64_t key, uint32_t counter) {
  uint32_t h = counter + (uint32_t)key;
  h ^= h >> 16;
  h *= 0x7feb352d;
  h += (uint32_t)(key >> 32);
  h ^= h >> 15;
  h *= 0x846ca68b;
  return h ^ h >> 16;
}

/* Through what kernels ask of a draw: whether it is at least a threshold. */
static void check_draws(uint64_t key) {
  for (uint32_t first = 0; first < 1000; first += LANES) {
    const vint draws = vrandom(key, viadd(viset(first), viota()));
    for (uint32_t l = 0; l < LANES; l++) {
      const uint32_t want = naive_random(key, first + l);
      real equal[LANES], above[LANES];
      vstoreu(equal, vkeep(vige(draws, viset(want)), vset(1)));
      vstoreu(above, vkeep(vige(draws, viset(want + 1)), vset(1)));
      snprintf(tested, sizeof tested, "counter %u", (unsigned)(first + l));
      compare("draw, at least as expected", equal[l], 1, 0);
      if (want < UINT32_MAX) compare("draw, above the expected one", above[l], 0, 0);
    }
  }
}

int main(void) {
  if (!has_instructions()) return 77;
  check_keys();
  check_draws(0);
  check_draws(random_key(1, 2, 3));
  printf("%d differences\n", failures);
  return failures > 0;
}
