// The functions that a run calls where the module has variants of @main: they look at the sizes and go on to
// the code that is for them.
#pragma once

#include "tegula/codegen/host/Host.h"

namespace tegula::codegen::host {

/// What the entry and the shapes function of one function of the module are called.
struct HostNames {
  std::string entry, shapes;
};
/// A function that has no variants gives the host functions their own names.
HostNames namesOf(llvm::ArrayRef<PlannedFunction> functions, size_t number);

/// Adds the host functions of all `functions`, whose own stand in `module` under namesOf; nothing where there
/// is only one.
mlir::LogicalResult chooseVariant(mlir::ModuleOp module, llvm::ArrayRef<PlannedFunction> functions);

} // namespace tegula::codegen::host
