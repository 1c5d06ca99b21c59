// Says as remarks what kernels do under their schedules, because a schedule is judged by what it costs: the
// module
// => the same module.
#include "tegula/passes/schedule/Passes.h"

#include "tegula/search/Search.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Remarks.h"

#include <cmath>

using namespace mlir;

namespace tegula::schedule {
#define GEN_PASS_DEF_ACCOUNTKERNELS
#include "tegula/passes/schedule/Passes.h.inc"

namespace {

int64_t whole(double number) { return std::llround(number); }

std::string micro(double seconds) { return llvm::formatv("{0:f3}", seconds * 1e6).str(); }

struct AccountKernels : impl::AccountKernelsBase<AccountKernels> {
  using AccountKernelsBase::AccountKernelsBase;

  void remark(tile::KernelOp kernel, const target::Machine &facts) {
    cost::Account account = cost::account(kernel, kernel.getSched(), facts);
    auto remark =
        remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("AccountKernel").category("cost"));
    if (!remark)
      return;
    auto level = [&](cost::Level which) { return whole(account.bytes[static_cast<size_t>(which)]); };
    remark << remark::metric("Kernel", kernel.getSymName()) << remark::metric("Flops", whole(account.flops))
           << remark::metric("TensorBytes", whole(account.tensorBytes))
           << remark::metric("BytesL1", level(cost::Level::L1))
           << remark::metric("BytesL2", level(cost::Level::L2))
           << remark::metric("BytesL3", level(cost::Level::L3))
           << remark::metric("BytesMemory", level(cost::Level::Memory))
           << remark::metric("Cells", account.cells)
           << remark::metric("ComputeMicroseconds", micro(account.computeSeconds))
           << remark::metric("TrafficMicroseconds", micro(account.trafficSeconds))
           << remark::metric("Microseconds", micro(account.seconds))
           << remark::metric("Bound", StringRef(account.bound)) << remark::metric("Open", account.isOpen);
    auto formula = [&](StringRef key, AffineExpr expr) {
      unsigned sizes = kernel.getNumSizes();
      if (expr)
        remark << remark::detail::Remark::Arg(
            key, AffineMapAttr::get(AffineMap::get(0, sizes, simplifyAffineExpr(expr, 0, sizes))));
    };
    formula("OpenFlops", account.openFlops);
    formula("OpenBytes", account.openBytes);
  }

  void runOnOperation() override {
    std::optional<target::Machine> facts = target::findMachine(machine);
    if (!facts) {
      getOperation().emitError("expected a machine that is known, got '") << machine << "'";
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
    if (!getContext().getRemarkEngine())
      return;
    for (auto kernel : getOperation().getOps<tile::KernelOp>())
      remark(kernel, *facts);
  }
};

} // namespace
} // namespace tegula::schedule
