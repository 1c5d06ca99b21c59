// Counts usable CPUs: quotas and affinity masks both say less than the machine has.
#include "CpuCount.h"

#include "tegula/runtime.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <sched.h>
#include <string_view>
#include <vector>

namespace tegula::runtime {
namespace {

/// The lines of a small text file, none if it cannot be read.
std::vector<std::string> readLines(const std::string &path) {
  std::vector<std::string> lines;
  FILE *file = fopen(path.c_str(), "re");
  if (!file)
    return lines;
  char line[4096];
  while (fgets(line, sizeof(line), file)) {
    std::string text = line;
    if (text.ends_with('\n'))
      text.pop_back();
    lines.push_back(std::move(text));
  }
  fclose(file);
  return lines;
}

/// The number of microseconds at the head of `text`, which it is taken from; 0 where there is none.
int64_t takeMicroseconds(std::string_view &text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(size_t(end - text.data()));
  return error == std::errc() ? value : 0;
}

int ceilCpus(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0)
    return 0;
  return int(std::min<int64_t>(quota / period + (quota % period != 0), INT32_MAX));
}

/// Version 2: "max 100000" or "150000 100000".
int limitOfUnified(const std::string &folder) {
  std::vector<std::string> lines = readLines(folder + "/cpu.max");
  if (lines.empty())
    return 0;
  std::string_view text = lines[0];
  int64_t quota = takeMicroseconds(text), period = takeMicroseconds(text);
  return ceilCpus(quota, period);
}

/// Version 1: two files, the quota -1 where there is none.
int limitOfLegacy(const std::string &folder) {
  std::vector<std::string> quota = readLines(folder + "/cpu.cfs_quota_us"),
                           period = readLines(folder + "/cpu.cfs_period_us");
  if (quota.empty() || period.empty())
    return 0;
  std::string_view first = quota[0], second = period[0];
  return ceilCpus(takeMicroseconds(first), takeMicroseconds(second));
}

/// The smallest limit of a group and of all groups it lies in.
int smallestLimit(const std::string &root, std::string group, int (*limitOf)(const std::string &)) {
  int smallest = 0;
  for (;;) {
    int limit = limitOf(root + group);
    if (limit && (!smallest || limit < smallest))
      smallest = limit;
    if (group.empty())
      return smallest;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

} // namespace

int affinityCpuCount() {
  // The kernel refuses a mask that is too small for the machine, so it grows until one fits.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    std::vector<cpu_set_t> set(CPU_ALLOC_SIZE(cpus) / sizeof(cpu_set_t));
    size_t bytes = set.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, set.data()) == 0)
      return std::max(1, CPU_COUNT_S(bytes, set.data()));
  }
  return 1;
}

int quotaCpuCount(const std::string &root, const std::string &self) {
  int smallest = 0;
  for (const std::string &line : readLines(self)) { // "0::/path", or "4:cpu,cpuacct:/path"
    size_t first = line.find(':'), second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos)
      continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",",
                group = line.substr(second + 1);
    if (group == "/" || group.find("/..") != group.npos)
      group.clear();
    int limit = 0;
    if (controllers == ",,")
      limit = smallestLimit(root, group, limitOfUnified);
    else if (controllers.find(",cpu,") != controllers.npos)
      limit = smallestLimit(root + "/cpu", group, limitOfLegacy);
    if (limit && (!smallest || limit < smallest))
      smallest = limit;
  }
  return smallest;
}

int usableCpuCount() {
  int mask = affinityCpuCount(), quota = quotaCpuCount();
  return quota ? std::min(mask, quota) : mask;
}

} // namespace tegula::runtime

int32_t tgl_usable_cpus(void) { return tegula::runtime::usableCpuCount(); }
