// Puts schedules from a file on kernels, because people must be able to try one without touching the
// compiler.
#include "tegula/passes/schedule/Passes.h"

#include "tegula/support/Refusal.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace tegula::schedule {
#define GEN_PASS_DEF_OVERRIDESCHEDULES
#include "tegula/passes/schedule/Passes.h.inc"

namespace {

struct OverrideSchedules : impl::OverrideSchedulesBase<OverrideSchedules> {
  using OverrideSchedulesBase::OverrideSchedulesBase;

  InFlightDiagnostic error(Location where) { return refuse(emitError(where), Code::InvalidScheduleFile); }

  /// Reads the attribute; what the parser reports comes at `where`, since it knows the line only as its own
  /// text.
  sched::ScheduleAttr parse(StringRef text, Location where) {
    std::string reason;
    auto parsed = [&] {
      ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
        reason += (reason.empty() ? "" : ", ") + diagnostic.str();
        return success();
      });
      return dyn_cast_or_null<sched::ScheduleAttr>(parseAttribute(text, &getContext()));
    }();
    if (!parsed)
      error(where) << "expected a #sched.schedule or none, got '" << text << "'"
                   << (reason.empty() ? "" : ": " + reason);
    return parsed;
  }

  LogicalResult apply(StringRef line, Location where, SymbolTable &symbols) {
    auto [name, text] = line.split(' ');
    if (!name.consume_front("@"))
      return error(where) << "expected a line that starts with @kernel";
    auto kernel = symbols.lookup<tile::KernelOp>(name);
    if (!kernel)
      return error(where) << "expected the name of a kernel, got '" << name << "'";
    text = text.trim();
    if (text == "none") {
      kernel.removeScheduleAttr();
      return success();
    }
    sched::ScheduleAttr schedule = parse(text, where);
    if (!schedule)
      return failure();
    kernel.setScheduleAttr(schedule);
    // A stage that cannot obey reports at the kernel, which so says where its schedule comes from.
    kernel->setLoc(FusedLoc::get(&getContext(), {kernel.getLoc(), where}));
    return success();
  }

  std::unique_ptr<llvm::MemoryBuffer> read() {
    Location where = getOperation().getLoc();
    constexpr uint64_t mostBytes = 64 << 20;
    llvm::sys::fs::file_status status;
    auto refuseFile = [&](const Twine &reason, Code why) {
      refuse(emitError(where), why) << "expected a readable file of schedules, got '" << file
                                    << "': " << reason;
      return nullptr;
    };
    if (std::error_code failed = llvm::sys::fs::status(file, status))
      return refuseFile(failed.message(), Code::CannotRead);
    if (!llvm::sys::fs::is_regular_file(status))
      return refuseFile("not a regular file", Code::CannotRead);
    if (status.getSize() > mostBytes)
      return refuseFile("larger than 64 MiB", Code::FileTooLarge);
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer)
      return refuseFile(buffer.getError().message(), Code::CannotRead);
    return std::move(*buffer);
  }

  void runOnOperation() override {
    std::unique_ptr<llvm::MemoryBuffer> buffer = read();
    if (!buffer)
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    StringRef rest = buffer->getBuffer();
    bool ok = true;
    for (unsigned number = 1; !rest.empty(); ++number) {
      StringRef line;
      std::tie(line, rest) = rest.split('\n');
      line = line.trim();
      if (!line.empty() && !line.starts_with("//"))
        ok &= succeeded(apply(line, FileLineColLoc::get(&getContext(), file, number, 1), symbols));
    }
    if (!ok)
      signalPassFailure();
  }
};

} // namespace
} // namespace tegula::schedule
