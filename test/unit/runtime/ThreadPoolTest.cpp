// The thread pool: every cell once, whatever the number of threads, and no thread busy when there is nothing
// to do.
#include "cpu/ThreadPool.h"
#include "cpu/CpuCount.h"
#include "tegula/runtime/core/Executor.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace tegula::runtime;

namespace {

std::unique_ptr<ThreadPool> makePool(int threads, bool spin = true) {
  return ThreadPool::create(threads, spin, [](bool) {}, false);
}

/// Adds one to each cell's counter.
void count(void *const *buffers, int64_t begin, int64_t end) {
  auto *counters = static_cast<std::atomic<int> *>(buffers[0]);
  for (int64_t i = begin; i < end; ++i)
    counters[i].fetch_add(1, std::memory_order_relaxed);
}

TEST(ThreadPool, RunsEveryCellOnce) {
  for (int threads : {1, 2, 3, 7})
    for (bool spin : {true, false}) {
      std::unique_ptr<ThreadPool> pool = makePool(threads, spin);
      ASSERT_TRUE(pool);
      EXPECT_EQ(pool->threads(), threads);
      for (int64_t cells : {0, 1, 2, 3, 5, 64, 1001}) {
        std::vector<std::atomic<int>> counters(1001);
        void *buffers[] = {counters.data()};
        for (int round = 0; round < 50; ++round)
          pool->run(count, buffers, cells);
        for (int64_t i = 0; i < 1001; ++i)
          ASSERT_EQ(counters[size_t(i)], i < cells ? 50 : 0) << threads << " threads, " << cells << " cells";
      }
    }
}

TEST(ThreadPool, SurvivesManyDispatchesInARow) {
  std::unique_ptr<ThreadPool> pool = makePool(3);
  std::vector<std::atomic<int>> counters(8);
  void *buffers[] = {counters.data()};
  constexpr int rounds = 200'000; // more than the job numbers there are
  for (int round = 0; round < rounds; ++round)
    pool->run(count, buffers, 8);
  for (std::atomic<int> &counter : counters)
    EXPECT_EQ(counter, rounds);
}

TEST(ThreadPool, NotesWhoComputedWhatAndWhen) {
  std::unique_ptr<ThreadPool> pool = makePool(3);
  std::vector<std::atomic<int>> seen(64);
  void *buffers[] = {seen.data()};
  Trace trace(100);
  pool->trace(&trace);
  for (int32_t dispatch = 0; dispatch < 4; ++dispatch)
    pool->run(count, buffers, dispatch == 3 ? 1 : 64, dispatch); // the last one needs the caller only
  pool->trace(nullptr);
  pool->run(count, buffers, 64, 4);
  std::vector<int64_t> cells(5);
  ASSERT_LE(trace.size(), 100U);
  for (size_t i = 0; i < trace.size(); ++i) {
    const tgl_event &event = trace.data()[i];
    ASSERT_TRUE(event.dispatch >= 0 && event.dispatch < 4);
    EXPECT_TRUE(event.thread >= 0 && event.thread < 3);
    EXPECT_LE(event.begin_nanoseconds, event.end_nanoseconds);
    cells[size_t(event.dispatch)] += event.cells;
  }
  EXPECT_EQ(cells, (std::vector<int64_t>{64, 64, 64, 1, 0}));
}

TEST(ThreadPool, LeavesOutWhatFindsNoRoom) {
  std::unique_ptr<ThreadPool> pool = makePool(2);
  std::vector<std::atomic<int>> seen(64);
  void *buffers[] = {seen.data()};
  Trace trace(2);
  pool->trace(&trace);
  for (int i = 0; i < 5; ++i)
    pool->run(count, buffers, 64, i);
  EXPECT_EQ(trace.size(), 2U);
  for (std::atomic<int> &each : seen)
    EXPECT_EQ(each, 5);
}

TEST(ThreadPool, WritesOfCellsAreSeenByTheCaller) {
  std::unique_ptr<ThreadPool> pool = makePool(2);
  std::vector<int64_t> squares(512);
  void *buffers[] = {squares.data()};
  auto square = [](void *const *b, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      static_cast<int64_t *>(b[0])[i] += i;
  };
  for (int64_t round = 1; round <= 5000; ++round) {
    pool->run(square, buffers, 512);
    for (int64_t i = 0; i < 512; ++i)
      ASSERT_EQ(squares[size_t(i)], round * i);
  }
}

TEST(ThreadPool, PoolsNestAndRunSideBySide) {
  struct Outer {
    std::atomic<int> counters[16] = {};
  } outer;
  auto inner = [](void *const *buffers, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::unique_ptr<ThreadPool> own = makePool(2);
      for (int round = 0; round < 20; ++round)
        own->run(count, buffers, 16);
    }
  };
  auto body = [&] {
    std::unique_ptr<ThreadPool> pool = makePool(2);
    void *buffers[] = {outer.counters};
    pool->run(inner, buffers, 10);
  };
  std::thread first(body), second(body);
  first.join();
  second.join();
  for (std::atomic<int> &counter : outer.counters)
    EXPECT_EQ(counter, 2 * 10 * 20);
}

double cpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

TEST(ThreadPool, IdleThreadsSleep) {
  std::unique_ptr<ThreadPool> pool = makePool(4);
  std::vector<std::atomic<int>> counters(64);
  void *buffers[] = {counters.data()};
  pool->run(count, buffers, 64);
  double before = cpuSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(cpuSeconds() - before, 0.02);
}

TEST(CpuCount, RespectsTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before))
    ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(affinityCpuCount(), 1);
  std::unique_ptr<Executor> executor = createCpuExecutor(0, false);
  int threads = executor->threads();
  std::unique_ptr<Executor> asked = createCpuExecutor(2, false); // more threads than CPUs still finish
  std::vector<std::atomic<int>> counters(64);
  void *buffers[] = {counters.data()};
  for (int round = 0; round < 100; ++round)
    asked->launch(count, buffers, 64, 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(threads, 1);
  EXPECT_EQ(asked->threads(), 2);
  EXPECT_EQ(counters[63], 100);
  EXPECT_EQ(affinityCpuCount(), CPU_COUNT(&before));
}

class Quota : public testing::Test {
protected:
  std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / ("cgroup" + std::to_string(getpid()));
  void TearDown() override { std::filesystem::remove_all(root); }
  void write(const std::string &name, const std::string &text) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
  int count() { return quotaCpuCount(root.string(), (root / "self").string()); }
};

TEST_F(Quota, NoneIsNoLimit) {
  EXPECT_EQ(count(), 0);
  write("self", "0::/a/b\n");
  EXPECT_EQ(count(), 0);
  write("a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(count(), 0);
}

TEST_F(Quota, TheTightestGroupCounts) {
  write("self", "0::/a/b\n");
  write("a/b/cpu.max", "800000 100000\n");
  EXPECT_EQ(count(), 8);
  write("a/cpu.max", "250000 100000\n");
  EXPECT_EQ(count(), 3);
  write("cpu.max", "50000 100000\n");
  EXPECT_EQ(count(), 1);
}

TEST_F(Quota, TheOlderHierarchyCountsToo) {
  write("self", "3:memory:/m\n2:cpu,cpuacct:/job\n0::/\n");
  write("cpu/job/cpu.cfs_quota_us", "200000\n");
  write("cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(count(), 2);
  write("cpu/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(count(), 0);
}

TEST_F(Quota, OddFilesAreIgnored) {
  write("self", "nonsense\n:\n0::/../../etc\n");
  EXPECT_EQ(count(), 0);
  write("cpu.max", "x y\n");
  EXPECT_EQ(count(), 0);
}

} // namespace
