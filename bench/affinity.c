#include "affinity.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

/* What the process may use by itself. */
static const cpu_set_t *allowed(void) {
  static cpu_set_t set;
  static bool known;
  if (!known && sched_getaffinity(0, sizeof set, &set) != 0) {
    CPU_ZERO(&set);
    CPU_SET(0, &set);
  }
  known = true;
  return &set;
}

int processors(void) {
  return CPU_COUNT(allowed());
}

/* The first of the processors that share a core with this one. */
static int core_of(int processor) {
  char path[96];
  int first = processor;
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
           processor);
  FILE *file = fopen(path, "r");
  if (file && fscanf(file, "%d", &first) != 1) first = processor;
  if (file) fclose(file);
  return first;
}

void use_processors(int threads) {
  cpu_set_t chosen, cores;
  CPU_ZERO(&chosen);
  CPU_ZERO(&cores);
  for (int second = 0; second < 2; second++) /* then those that share a core with another */
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&chosen) < threads; i++) {
      if (!CPU_ISSET(i, allowed()) || CPU_ISSET(i, &chosen)) continue;
      if (!second && CPU_ISSET(core_of(i), &cores)) continue;
      CPU_SET(core_of(i), &cores);
      CPU_SET(i, &chosen);
    }
  sched_setaffinity(0, sizeof chosen, &chosen);
}
