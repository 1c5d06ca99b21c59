// Writes the scheduler's choice on every kernel, because later stages only obey: tile.kernel => tile.kernel
// with #sched.schedule.
#include "tegula/passes/schedule/Passes.h"

#include "tegula/search/Search.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace tegula::schedule {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "tegula/passes/schedule/Passes.h.inc"

namespace {

/// In which widths constants are packed so far. Variants of a model have kernels of their own, but the same
/// weights, which are stored once for all that ask for the same width.
class PackedWidths {
public:
  /// The widths that all launches of a kernel find input `number` packed in.
  SmallVector<int64_t> of(ArrayRef<tile::LaunchOp> launches, unsigned number) const {
    llvm::SetVector<int64_t> common;
    for (auto [index, each] : llvm::enumerate(launches)) {
      tile::LaunchOp launch = each;
      auto found = widths.find(keyOf(launch.getInputs()[number]));
      if (found == widths.end())
        return {};
      if (index == 0)
        common = found->second;
      common.remove_if([&](int64_t width) { return !found->second.contains(width); });
    }
    return common.takeVector();
  }

  void add(ArrayRef<tile::LaunchOp> launches, sched::ScheduleAttr schedule) {
    for (sched::LevelAttr pack : schedule.getPack())
      for (tile::LaunchOp launch : launches)
        if (pack.getDim() < launch.getInputs().size())
          if (Key key = keyOf(launch.getInputs()[pack.getDim()]); key.first)
            widths[key].insert(pack.getSize());
  }

private:
  /// A constant and the length of its rows.
  using Key = std::pair<Attribute, int64_t>;

  static Key keyOf(Value input) {
    auto type = cast<RankedTensorType>(input.getType());
    int64_t columns = type.getRank() ? type.getShape().back() : 1;
    while (auto view = input.getDefiningOp<tile::ViewOp>())
      input = view.getSource();
    Attribute value;
    return {matchPattern(input, m_Constant(&value)) ? value : Attribute(), columns};
  }

  llvm::DenseMap<Key, llvm::SetVector<int64_t>> widths;
};

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

  void schedule(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches, const target::Machine &facts,
                sched::Multiply permitted, PackedWidths &packed) {
    SmallVector<bool> constant(kernel.getInputs().size(), !launches.empty());
    for (tile::LaunchOp launch : launches)
      for (auto [known, input] : llvm::zip(constant, launch.getInputs()))
        known = known && tile::isConstant(input);
    cost::KernelShape shape = cost::analyse(kernel);
    SmallVector<int64_t> widths;
    if (shape.vectorOperand >= 0 && constant[shape.vectorOperand])
      widths = packed.of(launches, shape.vectorOperand);
    search::Choice choice = search::chooseSchedule(&getContext(), shape, facts, constant, widths, permitted);
    if (!choice.schedule)
      return;
    kernel.setScheduleAttr(choice.schedule);
    packed.add(launches, choice.schedule);
    ++numKernelsScheduled;
    remark(kernel, choice);
  }

  /// Says what was chosen, and against what.
  static void remark(tile::KernelOp kernel, const search::Choice &choice) {
    auto remark =
        remark::passed(kernel.getLoc(), remark::RemarkOpts::name("ChooseSchedule").category("schedule"));
    if (!remark)
      return;
    remark << remark::metric("Kernel", kernel.getSymName())
           << remark::metric("Schedule", Attribute(choice.schedule))
           << remark::metric("Considered", choice.considered);
    if (choice.considered)
      remark << remark::metric("Cycles", static_cast<int64_t>(std::llround(choice.cycles)));
    if (choice.runnerUp)
      remark << remark::metric("RunnerUp", Attribute(choice.runnerUp))
             << remark::metric("RunnerUpCycles", static_cast<int64_t>(std::llround(choice.runnerUpCycles)));
    if (!choice.note.empty())
      remark << remark::reason("{0}", choice.note);
  }

  void runOnOperation() override {
    std::optional<target::Machine> facts = target::findMachine(machine);
    if (!facts) {
      getOperation().emitError("expected a machine that is known, got '") << machine << "'";
      return signalPassFailure();
    }
    std::optional<sched::Multiply> permitted = multiplyOf(precision);
    if (!permitted) {
      getOperation().emitError("expected fp32, tf32, bf16 or fp16, got '") << precision << "'";
      return signalPassFailure();
    }
    llvm::StringMap<SmallVector<tile::LaunchOp>> launches;
    getOperation().walk([&](tile::LaunchOp launch) { launches[launch.getKernel()].push_back(launch); });
    // Variants come behind @main, and choose first: they are there to be fast.
    PackedWidths packed;
    auto kernels = llvm::to_vector(getOperation().getOps<tile::KernelOp>());
    for (auto kernel : llvm::reverse(kernels))
      if (!kernel.getSched())
        schedule(kernel, launches.lookup(kernel.getSymName()), *facts, *permitted, packed);
  }
};

} // namespace
} // namespace tegula::schedule
