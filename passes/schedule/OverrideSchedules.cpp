// Puts schedules from a file on kernels, because people must be able to try one without touching the
// compiler.
#include "tegula/passes/schedule/Passes.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace tegula::schedule {
#define GEN_PASS_DEF_OVERRIDESCHEDULES
#include "tegula/passes/schedule/Passes.h.inc"

namespace {

struct OverrideSchedules : impl::OverrideSchedulesBase<OverrideSchedules> {
  using OverrideSchedulesBase::OverrideSchedulesBase;

  LogicalResult apply(StringRef line, unsigned number, SymbolTable &symbols) {
    auto error = [&](const Twine &text) {
      return getOperation().emitError() << file << ":" << number << ": " << text;
    };
    auto [name, text] = line.split(' ');
    if (!name.consume_front("@"))
      return error("expected a line that starts with @kernel");
    auto kernel = symbols.lookup<tile::KernelOp>(name);
    if (!kernel)
      return error("expected the name of a kernel, got '" + name + "'");
    text = text.trim();
    if (text == "none") {
      kernel.removeScheduleAttr();
      return success();
    }
    auto schedule = dyn_cast_or_null<sched::ScheduleAttr>(parseAttribute(text, &getContext()));
    if (!schedule)
      return error("expected a #sched.schedule or none, got '" + text + "'");
    kernel.setScheduleAttr(schedule);
    return success();
  }

  void runOnOperation() override {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer) {
      getOperation().emitError("expected a readable file of schedules, got '")
          << file << "': " << buffer.getError().message();
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    StringRef rest = (*buffer)->getBuffer();
    bool ok = true;
    for (unsigned number = 1; !rest.empty(); ++number) {
      StringRef line;
      std::tie(line, rest) = rest.split('\n');
      line = line.trim();
      if (!line.empty() && !line.starts_with("//"))
        ok &= succeeded(apply(line, number, symbols));
    }
    if (!ok)
      signalPassFailure();
  }
};

} // namespace
} // namespace tegula::schedule
