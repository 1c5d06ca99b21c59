// Says in one place what the compiler is made of: its dialects, the interfaces attached to them, and its
// passes.
#pragma once

namespace mlir {
class DialectRegistry;
}

namespace tegula::driver {

/// Registers every dialect and every external model (tiling, bufferization, value bounds, LLVM translation)
/// that compiling a model needs. A forgotten external model fails silently, so nothing registers them
/// anywhere else.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers tegula's own passes under their flags; upstream passes are not among them.
void registerPasses();

/// Registers the pass that checks a phase's contract on any text; registerPasses() does so.
void registerCheckContract();

} // namespace tegula::driver
