/* How many processors this process may use. */
#ifndef CNN_PROCESSORS_H
#define CNN_PROCESSORS_H

/* Those of the affinity mask, but no more than the quota, rounded up; at least 1. */
int cnn_processors(void);

/* Processors' worth of time that the cgroups of this process allow: the least quota / period of its
   group and of those above, from cpu.max (version 2) or cpu.cfs_quota_us and cpu.cfs_period_us
   (version 1; Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst). 0: no
   limit. root: "", or in tests the folder that has proc/self/cgroup and sys/fs/cgroup. */
double cnn_cpu_quota(const char *root);

#endif
