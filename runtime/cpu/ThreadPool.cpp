// A fork-join pool for kernels: a microsecond a dispatch while warm, asleep soon after the last.
#include "ThreadPool.h"

#include "Futex.h"

#include <algorithm>
#include <csignal>
#include <time.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tegula::runtime {
namespace {

/// How long a thread looks for news before it sleeps: longer than the gaps between the dispatches of one run,
/// shorter than anyone notices.
constexpr int64_t spinTime = 50'000;

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Polls until `done()` holds or the time is over; returns what `done()` said last.
template <typename F> bool spinUntil(F done, int64_t nanoseconds) {
  if (done())
    return true;
  if (nanoseconds == 0)
    return false;
  int64_t end = now() + nanoseconds;
  do
    for (int i = 0; i < 32; ++i) {
      if (done())
        return true;
      pause();
    }
  while (now() < end);
  return false;
}

} // namespace

ThreadPool::ThreadPool(int threads, bool spin, void (*startWorker)(bool), bool argument)
    : ranges(new Range[size_t(threads)]), rangeCount(threads), spinNanoseconds(spin ? spinTime : 0),
      startWorker(startWorker), startArgument(argument) {}

std::unique_ptr<ThreadPool> ThreadPool::create(int threads, bool spin, void (*startWorker)(bool),
                                               bool argument) {
  std::unique_ptr<ThreadPool> pool(new ThreadPool(threads, spin, startWorker, argument));
  return pool->start(threads) ? std::move(pool) : nullptr;
}

namespace {

/// While it lives, threads are born with all signals blocked but those that a thread's own fault raises: the
/// host program's signals belong to its own threads.
class SignalsBlocked {
public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
      sigdelset(&blocked, own);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};

} // namespace

bool ThreadPool::start(int threads) {
  workers.reserve(size_t(threads) - 1); // workers keep the addresses of their elements
  SignalsBlocked here;
  for (int index = 1; index < threads; ++index) {
    Worker &worker = workers.emplace_back(Worker{this, index, {}});
    if (pthread_create(&worker.thread, nullptr, workerMain, &worker) != 0) {
      workers.pop_back();
      return false;
    }
    pthread_setname_np(worker.thread, "tegula-worker");
  }
  return true;
}

ThreadPool::~ThreadPool() {
  stopping = true;
  state.fetch_add(oneJob);
  futexWakeAll(state, Sleeper::Worker);
  for (Worker &worker : workers)
    pthread_join(worker.thread, nullptr);
}

void ThreadPool::run(TglKernelFn jobKernel, void *const *jobBuffers, int64_t cells, int32_t jobDispatch) {
  if (workers.empty() || cells <= 1) {
    if (cells <= 0)
      return;
    int64_t begin = events ? now() : 0;
    jobKernel(jobBuffers, 0, cells);
    if (events)
      events->add({jobDispatch, 0, cells, begin, now()});
    return;
  }
  dispatch = jobDispatch;
  kernel = jobKernel;
  buffers = jobBuffers;
  int64_t share = cells / rangeCount, rest = cells % rangeCount, begin = 0;
  for (int i = 0; i < rangeCount; ++i) {
    ranges[i].next.store(begin, std::memory_order_relaxed);
    ranges[i].end = begin += share + (i < rest);
  }
  // Opens the next job. Sequentially consistent, as is the count of sleepers: either a worker sees this, or
  // it is seen here.
  state.store(((state.load(std::memory_order_relaxed) & jobMask) + oneJob) | openBit);
  if (sleepers.load() > 0)
    futexWakeAll(state, Sleeper::Worker);
  work(0);
  if ((state.fetch_sub(openBit) & insideMask) != 0)
    waitUntilEmpty();
}

/// Takes pieces of a range until none is left. Pieces shrink, so that a thread which loses its core holds up
/// little.
int64_t ThreadPool::takeFrom(Range &range) {
  for (int64_t taken = 0;;) {
    int64_t left = range.end - range.next.load(std::memory_order_relaxed);
    if (left <= 0)
      return taken;
    int64_t size = std::max<int64_t>(1, left / 4);
    int64_t begin = range.next.fetch_add(size, std::memory_order_relaxed);
    if (begin >= range.end)
      return taken;
    int64_t end = std::min(begin + size, range.end);
    kernel(buffers, begin, end);
    taken += end - begin;
  }
}

/// All cells that nobody else takes, its own first.
int64_t ThreadPool::takeAll(int index) {
  int64_t taken = 0;
  for (int i = 0; i < rangeCount; ++i)
    taken += takeFrom(ranges[(index + i) % rangeCount]);
  return taken;
}

void ThreadPool::work(int index) {
  if (!events) {
    takeAll(index);
    return;
  }
  int64_t begin = now();
  if (int64_t taken = takeAll(index))
    events->add({dispatch, index, taken, begin, now()});
}

/// Returns once the job's number differs from `seen`'s, with the new state.
uint32_t ThreadPool::waitForNews(uint32_t seen) {
  uint32_t current;
  auto isNew = [&] {
    current = state.load(std::memory_order_acquire);
    return (current & jobMask) != (seen & jobMask);
  };
  while (!spinUntil(isNew, spinNanoseconds)) {
    sleepers.fetch_add(1);
    // `current` is reread after announcing the sleep: a job opened in between changes the word, and the wait
    // returns at once.
    while (!isNew())
      futexWait(state, current, Sleeper::Worker);
    sleepers.fetch_sub(1);
  }
  return current;
}

void ThreadPool::waitUntilEmpty() {
  auto isEmpty = [&] { return (state.load(std::memory_order_acquire) & insideMask) == 0; };
  if (spinUntil(isEmpty, spinNanoseconds))
    return;
  callerSleeps = true;
  for (uint32_t current; ((current = state.load()) & insideMask) != 0;)
    futexWait(state, current, Sleeper::Caller);
  callerSleeps = false;
}

void *ThreadPool::workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  worker.pool->workerLoop(worker.index);
  return nullptr;
}

void ThreadPool::workerLoop(int index) {
  startWorker(startArgument);
  for (uint32_t seen = 0;;) {
    seen = waitForNews(seen);
    if (stopping.load())
      return;
    uint32_t current = seen;
    while ((current & openBit) && !state.compare_exchange_weak(current, current + oneInside))
      pause();
    if (!(current & openBit))
      continue;
    seen = current; // by now it may be a later job than the one that woke us
    work(index);
    if ((state.fetch_sub(oneInside) & (insideMask | openBit)) == oneInside && callerSleeps.load())
      futexWakeAll(state, Sleeper::Caller);
  }
}

} // namespace tegula::runtime
