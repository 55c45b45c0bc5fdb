#include "core/instructions.h"

#include "core/cnn.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <stdbool.h>

enum { EAX, EBX, ECX, EDX };

static const struct {
  const char *name;
  unsigned leaf, subleaf, reg, bit;
} INSTRUCTIONS[] = {
#define CNN_INSTRUCTION(ID, macro, name, leaf, subleaf, reg, bit) {name, leaf, subleaf, reg, bit},
#include "cnn_instructions.def"
#undef CNN_INSTRUCTION
};

static bool cpuid_has(int i) {
  unsigned registers[4] = {0};
  return __get_cpuid_count(INSTRUCTIONS[i].leaf, INSTRUCTIONS[i].subleaf, &registers[EAX],
                           &registers[EBX], &registers[ECX], &registers[EDX]) &&
         registers[INSTRUCTIONS[i].reg] >> INSTRUCTIONS[i].bit & 1;
}

/* An operating system may leave the registers of AVX or AVX-512 switched off. */
static bool registers_work(int i) {
  __builtin_cpu_init();
  if (i == CNN_HAS_AVX || i == CNN_HAS_AVX2) return __builtin_cpu_supports("avx");
  return i != CNN_HAS_AVX512F || __builtin_cpu_supports("avx512f");
}

void cnn_instructions_missing(cnn_text *text, uint64_t needed) {
  const size_t before = text->used;
  for (int i = 0; i < CNN_INSTRUCTION_COUNT; i++)
    if (needed >> i & 1 && !(cpuid_has(i) && registers_work(i)))
      cnn_text_add(text, text->used > before ? ", %s" : "%s", INSTRUCTIONS[i].name);
}

#else

void cnn_instructions_missing(cnn_text *text, uint64_t needed) {
  (void)text;
  (void)needed;
}

#endif
