// Collects what passes say of their decisions, because a library prints nothing and people ask about ONNX
// nodes.
#pragma once

#include "tegula/Tegula.h"
#include "tegula/target/Machine.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace tegula::driver {

/// While it lives, the remarks of the categories fuse, schedule and cost are kept.
class RemarkCollector {
public:
  explicit RemarkCollector(mlir::MLIRContext &context);
  ~RemarkCollector();
  RemarkCollector(const RemarkCollector &) = delete;

  /// What was said so far of the kernels that `module` holds after the schedule phase.
  Explanation explain(mlir::ModuleOp module, const target::Machine &machine) const;

private:
  struct Storage;
  mlir::MLIRContext &context;
  std::shared_ptr<Storage> storage;
};

} // namespace tegula::driver
