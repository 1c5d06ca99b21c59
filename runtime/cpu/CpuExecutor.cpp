// The CPU as a device: the thread pool, and the floating-point mode that kernels run in.
#include "CpuCount.h"
#include "ThreadPool.h"
#include "tegula/runtime/core/Executor.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tegula::runtime {
namespace {

#if defined(__x86_64__)
/// All exceptions masked, round to nearest: the mode that results must not depend on the host program for.
constexpr uint32_t defaultMode = 0x1f80, flushToZero = 0x8000, denormalsAreZero = 0x0040;
uint32_t kernelMode(bool keepDenormals) {
  return defaultMode | (keepDenormals ? 0 : flushToZero | denormalsAreZero);
}
uint32_t readMode() { return _mm_getcsr(); }
void setMode(uint32_t mode) { _mm_setcsr(mode); }
#else
uint32_t kernelMode(bool) { return 0; }
uint32_t readMode() { return 0; }
void setMode(uint32_t) {}
#endif

class CpuExecutor : public Executor {
public:
  CpuExecutor(std::unique_ptr<ThreadPool> pool, bool keepDenormals)
      : pool(std::move(pool)), keepDenormals(keepDenormals) {}

  int threads() const override { return pool->threads(); }
  void launch(TglKernelFn kernel, void *const *buffers, int64_t cells, int32_t dispatch) override {
    pool->run(kernel, buffers, cells, dispatch);
  }
  uint64_t enterRun() override {
    uint32_t saved = readMode();
    setMode(kernelMode(keepDenormals));
    return saved;
  }
  void leaveRun(uint64_t saved) override { setMode(uint32_t(saved)); }
  void trace(Trace *to) override { pool->trace(to); }

private:
  std::unique_ptr<ThreadPool> pool;
  bool keepDenormals;
};

} // namespace

std::unique_ptr<Executor> createCpuExecutor(int threads, bool keepDenormals) {
  int usable = usableCpuCount();
  int count = threads > 0 ? threads : usable;
  // With more threads than CPUs, one that spins keeps another from working.
  bool spin = count <= usable;
  auto startWorker = [](bool keep) { setMode(kernelMode(keep)); };
  std::unique_ptr<ThreadPool> pool = ThreadPool::create(count, spin, startWorker, keepDenormals);
  return pool ? std::make_unique<CpuExecutor>(std::move(pool), keepDenormals) : nullptr;
}

} // namespace tegula::runtime
