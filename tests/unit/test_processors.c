#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/processors.h"
#include "scratch.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Writes a text into r/PATH, whose folder is made. */
static void put(const char *path, const char *text) {
  char command[256];
  snprintf(command, sizeof command, "mkdir -p r/$(dirname %s) && printf -- '%s' >r/%s", path, text,
           path);
  assert_int_equal(system(command), 0);
}

static int fresh(void **state) {
  (void)state;
  return system("rm -rf r");
}

static void without_a_quota_there_is_no_limit(void **state) {
  (void)state;
  assert_true(cnn_cpu_quota("r") == 0); /* nothing is there */
  put("proc/self/cgroup", "0::/\\n");
  assert_true(cnn_cpu_quota("r") == 0);
  put("sys/fs/cgroup/cpu.max", "max 100000\\n");
  assert_true(cnn_cpu_quota("r") == 0);
  put("proc/self/cgroup", "nonsense\\n\\n3:\\n");
  assert_true(cnn_cpu_quota("r") == 0);
}

static void version_2_takes_the_least_of_all_groups_above(void **state) {
  (void)state;
  put("proc/self/cgroup", "0::/slice/job/step\\n");
  put("sys/fs/cgroup/slice/cpu.max", "150000 100000\\n");
  put("sys/fs/cgroup/slice/job/cpu.max", "max 100000\\n");
  put("sys/fs/cgroup/slice/job/step/cpu.max", "400000 100000\\n");
  assert_true(cnn_cpu_quota("r") == 1.5);
  put("sys/fs/cgroup/slice/job/step/cpu.max", "50000 100000\\n");
  assert_true(cnn_cpu_quota("r") == 0.5);
}

/* In a container the path is often the host's, and the quota is in the root of the mount. */
static void the_root_of_a_container_counts(void **state) {
  (void)state;
  put("proc/self/cgroup", "0::/docker/0123\\n");
  put("sys/fs/cgroup/cpu.max", "300000 100000\\n");
  assert_true(cnn_cpu_quota("r") == 3);
}

static void version_1_has_two_files(void **state) {
  (void)state;
  put("proc/self/cgroup", "5:cpuacct,cpu:/job\\n4:cpuset:/\\n0::/\\n");
  put("sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "100000\\n"); /* of another controller */
  put("sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\\n");
  assert_true(cnn_cpu_quota("r") == 0);
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "250000\\n");
  assert_true(cnn_cpu_quota("r") == 2.5);
  put("sys/fs/cgroup/cpuacct,cpu/cpu.cfs_quota_us", "200000\\n");
  put("sys/fs/cgroup/cpuacct,cpu/cpu.cfs_period_us", "100000\\n");
  assert_true(cnn_cpu_quota("r") == 2);
}

static void the_affinity_mask_counts(void **state) {
  (void)state;
  cpu_set_t all, one;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  assert_in_range(cnn_processors(), 1, CPU_COUNT(&all));
  CPU_ZERO(&one);
  for (int i = 0; CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  assert_int_equal(cnn_processors(), 1);
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(without_a_quota_there_is_no_limit), TEST(version_2_takes_the_least_of_all_groups_above),
      TEST(the_root_of_a_container_counts),    TEST(version_1_has_two_files),
      TEST(the_affinity_mask_counts),
  };
  return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
