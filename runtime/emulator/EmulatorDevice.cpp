// The emulator as a device: a launch executes its kernel's PTX at once, and whatever the kernel does wrong
// fails the run.
#include "Counters.h"
#include "Emulator.h"

#include "tegula/runtime/core/Device.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <new>
#include <utility>

namespace tegula::runtime {
namespace {

using emulator::Counters;
using emulator::GlobalMemory;
using emulator::PtxModule;

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Frees what the emulator aligns as a card does.
struct FreeMemory {
  void operator()(std::byte *memory) const { ::operator delete(memory, std::align_val_t(alignment)); }
  static constexpr size_t alignment = 256;
};
using Memory = std::unique_ptr<std::byte, FreeMemory>;

/// A thread may load the last elements of a buffer with what fills their 16 bytes up.
constexpr size_t widestAccess = 16;
constexpr size_t reachable(size_t bytes) { return (bytes + widestAccess - 1) / widestAccess * widestAccess; }

Memory allocateZeroed(size_t bytes) {
  void *memory =
      ::operator new(std::max<size_t>(bytes, 1), std::align_val_t(FreeMemory::alignment), std::nothrow);
  if (memory)
    std::memset(memory, 0, bytes);
  return Memory(static_cast<std::byte *>(memory));
}

/// A module, and weights that may only be read.
class EmulatedModel : public DeviceModel {
public:
  EmulatedModel(std::unique_ptr<PtxModule> module, const DeviceProgram &program)
      : module(std::move(module)), target(program.target), readOnly(program.weights) {}

  void *weights() const override { return const_cast<uint8_t *>(readOnly.data()); }
  std::unique_ptr<DeviceExecutor> createExecutor(DeviceError &error) override;

  std::unique_ptr<PtxModule> module;
  const artifact::TargetInfo &target;
  std::span<const uint8_t> readOnly;
};

/// What a run counts, by dispatch, and how the C API tells it.
class Counted {
public:
  explicit Counted(const emulator::Program &program) : program(program) {}

  Counters &of(int32_t dispatch) { return byDispatch.try_emplace(dispatch, program).first->second; }
  std::span<const tgl_launch_counts> tell();

private:
  const emulator::Program &program;
  std::map<int32_t, Counters> byDispatch;
  std::vector<std::string> texts;
  std::vector<std::vector<tgl_instruction_counts>> instructions;
  std::vector<tgl_launch_counts> launches;
};

/// A line of PTX with single blanks.
std::string plain(const std::string &line) {
  std::string text;
  for (char c : line) {
    bool isBlank = c == ' ' || c == '\t' || c == '\r';
    if (!isBlank)
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::span<const tgl_launch_counts> Counted::tell() {
  if (texts.empty())
    std::transform(program.lines.begin(), program.lines.end(), std::back_inserter(texts), plain);
  launches.clear();
  instructions.clear();
  instructions.reserve(byDispatch.size());
  for (const auto &[dispatch, counters] : byDispatch) {
    std::vector<tgl_instruction_counts> &list = instructions.emplace_back();
    counters.each([&](const emulator::Instruction &in, const emulator::InstructionCounts &counts) {
      uint64_t times = in.work == emulator::Work::Mma ? counts.warps : counts.threads;
      list.push_back({in.line, texts[size_t(in.line) - 1].c_str(), emulator::nameOf(in.work), counts.warps,
                      counts.threads, times * in.flops, counts.shared.requests, counts.shared.wavefronts,
                      counts.shared.leastWavefronts, counts.shared.bytes, counts.global.requests,
                      counts.global.sectors, counts.global.leastSectors, counts.global.lines,
                      counts.global.bytes});
    });
    launches.push_back({dispatch, counters.launches(), counters.blocks(), int32_t(counters.threads()),
                        counters.sharedBytes(), list.data(), list.size()});
  }
  return launches;
}

class EmulatorExecutor : public DeviceExecutor {
public:
  explicit EmulatorExecutor(const EmulatedModel &model) : model(model) {
    if (!model.readOnly.empty())
      memory.add(model.readOnly.data(), model.readOnly.size(), "the weights", /*writable=*/false);
  }

  uint64_t enterRun() override { return 0; }
  void leaveRun(uint64_t) override {}

  void *allocate(size_t bytes, const std::string &name, DeviceError &error) override {
    Memory fresh = allocateZeroed(reachable(bytes));
    if (!fresh) {
      error = {TGL_ERR_MEMORY, "out of memory for " + name + " of " + std::to_string(bytes) + " bytes"};
      return nullptr;
    }
    if (bytes)
      memory.add(fresh.get(), reachable(bytes), name);
    return fresh.release();
  }
  void release(void *address) override {
    memory.remove(address);
    Memory(static_cast<std::byte *>(address));
  }
  void upload(void *to, const void *from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void download(void *to, const void *from, size_t bytes) override {
    if (!failure)
      std::memcpy(to, from, bytes);
  }

  bool beginLaunches(bool) override { return true; }
  void endLaunches() override {}
  uint8_t read(const void *address) override { return failure ? 0 : *static_cast<const uint8_t *>(address); }
  DeviceError finish() override { return std::exchange(failure, {}); }
  void profile(int64_t *to) override { nanoseconds = to; }
  int64_t launchNanoseconds() const override { return 0; }

  bool count(bool enable) override {
    counted = enable ? std::make_unique<Counted>(model.module->program()) : nullptr;
    return true;
  }
  std::span<const tgl_launch_counts> counts() override {
    return counted ? counted->tell() : std::span<const tgl_launch_counts>();
  }

  void launch(TglKernelFn, void *const *buffers, int64_t cells, int32_t dispatch) override {
    if (failure || cells <= 0)
      return;
    int64_t begin = nanoseconds ? now() : 0;
    const artifact::KernelInfo &kernel =
        model.target.kernels[model.target.dispatches[size_t(dispatch)].kernel];
    const artifact::LaunchInfo &how = kernel.launch;
    parameters.clear();
    for (uint32_t i = 0; i < how.buffers; ++i)
      parameters.push_back(reinterpret_cast<uint64_t>(buffers[i]));
    for (uint32_t i = 0; i < how.sizes; ++i)
      parameters.push_back(uint64_t(static_cast<const int64_t *>(buffers[how.buffers])[i]));
    parameters.push_back(uint64_t(cells));
    uint64_t blocks = (uint64_t(cells) + how.cellsPerBlock - 1) / how.cellsPerBlock;
    std::string text;
    emulator::Launch launch{kernel.name,
                            {uint32_t(blocks)},
                            {how.threads},
                            how.sharedBytes,
                            std::as_bytes(std::span(parameters)),
                            /*warpInstructionLimit=*/0,
                            counted ? &counted->of(dispatch) : nullptr};
    if (blocks > INT32_MAX)
      failure = {TGL_ERR_RUN, "expected a grid of at most 2147483647 blocks, got " + std::to_string(blocks),
                 dispatch};
    else if (!emulator::launch(*model.module, memory, launch, text))
      failure = {TGL_ERR_RUN, text, dispatch};
    if (nanoseconds)
      nanoseconds[dispatch] += now() - begin;
  }

private:
  const EmulatedModel &model;
  GlobalMemory memory;
  std::vector<uint64_t> parameters;
  DeviceError failure;
  int64_t *nanoseconds = nullptr;
  std::unique_ptr<Counted> counted; ///< nullptr where nothing is
};

std::unique_ptr<DeviceExecutor> EmulatedModel::createExecutor(DeviceError &) {
  return std::make_unique<EmulatorExecutor>(*this);
}

class EmulatedDevice : public Device {
public:
  const std::string &name() const override {
    static const std::string text = "PTX on the CPU";
    return text;
  }
  uint32_t architecture() const override { return newest; }
  uint64_t memoryBytes() const override { return 0; }

  std::shared_ptr<DeviceModel> load(const DeviceProgram &program, DeviceError &error) override {
    emulator::ParseError wrong;
    std::string_view text(reinterpret_cast<const char *>(program.kernels.data()), program.kernels.size());
    std::unique_ptr<PtxModule> module = PtxModule::parse(text, wrong);
    if (module)
      return std::make_shared<EmulatedModel>(std::move(module), program);
    error = {TGL_ERR_UNSUPPORTED, "line " + std::to_string(wrong.line) + " of the PTX: " + wrong.text};
    return nullptr;
  }

private:
  static constexpr uint32_t newest = 90; ///< whose instructions are known
};

} // namespace

std::shared_ptr<Device> openEmulator(int, DeviceError &) { return std::make_shared<EmulatedDevice>(); }

} // namespace tegula::runtime
