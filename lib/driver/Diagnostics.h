// Collects MLIR's diagnostics as messages, because a library prints nothing and a user knows nodes, not
// operations.
#pragma once

#include "tegula/Tegula.h"

#include "mlir/IR/Diagnostics.h"

namespace tegula::driver {

/// While it lives, everything the context reports becomes a message of `messages`.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext &context, std::vector<Message> &messages);
  ~DiagnosticCollector();
  DiagnosticCollector(const DiagnosticCollector &) = delete;

private:
  mlir::MLIRContext &context;
  mlir::DiagnosticEngine::HandlerID handler;
};

/// What the messages of a failed compilation amount to.
Outcome outcomeOf(const std::vector<Message> &messages);

} // namespace tegula::driver
