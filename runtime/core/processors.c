#include "core/processors.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- quotas of cgroups ------------------------------------------------------------------------ */

/* The first numbers of a file; a word ("max") or a file that is not there is -1. */
static double read_number(const char *folder, const char *name, double *second) {
  char path[PATH_MAX];
  double number = -1;
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return -1;
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  if (fscanf(file, second ? "%lf %lf" : "%lf", &number, second) < 1) number = -1;
  fclose(file);
  return number;
}

/* The quota of one group, or 0. */
static double quota_of(const char *folder) {
  double period = 0, quota = read_number(folder, "cpu.max", &period);
  if (quota < 0) {
    quota = read_number(folder, "cpu.cfs_quota_us", NULL);
    period = read_number(folder, "cpu.cfs_period_us", NULL);
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

/* The least of the group and of those above it, up to the first `top` characters of its path. In a
   container the path may be that of the host, and only the groups above it are there. */
static void add_quotas(char *group, size_t top, double *least) {
  for (;;) {
    const double quota = quota_of(group);
    if (quota > 0 && (*least == 0 || quota < *least)) *least = quota;
    char *slash = strrchr(group + top, '/');
    if (!slash) return;
    *slash = '\0';
  }
}

/* Whether a line of /proc/self/cgroup, "4:cpu,cpuacct:/a/b" or "0::/a/b", is of the CPU controller;
   it is cut into its parts. */
static bool parse_line(char *line, const char **controllers, const char **path) {
  line[strcspn(line, "\n")] = '\0';
  char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
  if (!second) return false;
  *second = '\0';
  *controllers = first + 1;
  *path = second + 1;
  if (!**controllers) return true; /* version 2 */
  for (const char *word = *controllers; word; word = strchr(word, ',')) {
    if (*word == ',') word++;
    if (strcspn(word, ",") == 3 && strncmp(word, "cpu", 3) == 0) return true;
  }
  return false;
}

double cnn_cpu_quota(const char *root) {
  char line[PATH_MAX], group[2 * PATH_MAX];
  double least = 0;
  snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
  FILE *file = fopen(line, "re");
  while (file && fgets(line, sizeof line, file)) {
    const char *controllers, *path;
    if (!parse_line(line, &controllers, &path)) continue;
    /* Version 1 is mounted under the names of its controllers; "cpu" is usually a link there. */
    const char *const mounts[] = {controllers, *controllers ? "cpu" : "unified"};
    for (int i = 0; i < 2; i++) {
      int top = snprintf(group, sizeof group, "%s/sys/fs/cgroup/%s", root, mounts[i]);
      if (group[top - 1] == '/') group[--top] = '\0';
      if (access(group, F_OK) != 0) continue;
      snprintf(group + top, sizeof group - (size_t)top, "%s", path);
      add_quotas(group, (size_t)top, &least);
    }
  }
  if (file) fclose(file);
  return least;
}

/* --- the affinity mask ------------------------------------------------------------------------ */

/* Grows the set until it holds all processors of the machine. */
static int processors_of_mask(void) {
  enum { PROCESSORS_MOST = 1 << 16 };
  for (int size = CPU_SETSIZE; size <= PROCESSORS_MOST; size *= 2) {
    cpu_set_t *set = CPU_ALLOC((size_t)size);
    if (!set) break;
    const bool good = sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)size), set) == 0;
    const int count = good ? CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)size), set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return 1;
}

int cnn_processors(void) {
  const int count = processors_of_mask();
  const double quota = ceil(cnn_cpu_quota(""));
  return quota >= 1 && quota < count ? (int)quota : count;
}
