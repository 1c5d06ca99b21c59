// Counts usable CPUs: quotas and affinity masks both say less than the machine has.
#pragma once

#include <string>

namespace tegula::runtime {

/// CPUs in the affinity mask of the calling thread, at least 1.
int affinityCpuCount();
/// The CPUs that a cgroup's quota pays for, rounded up; 0 where there is no limit. `root` is where the
/// control groups are mounted, `self` the file that names the process's own.
int quotaCpuCount(const std::string &root = "/sys/fs/cgroup", const std::string &self = "/proc/self/cgroup");
/// The smaller of the two.
int usableCpuCount();

} // namespace tegula::runtime
