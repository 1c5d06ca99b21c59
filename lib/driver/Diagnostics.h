// Collects MLIR's diagnostics as messages, because a library prints nothing and a user knows nodes, not
// operations.
#pragma once

#include "tegula/Tegula.h"
#include "tegula/support/Refusal.h"

#include "mlir/IR/Diagnostics.h"

namespace tegula::driver {

/// While it lives, everything the context reports becomes a message of `messages`; errors that nobody marked
/// as refusals have no code.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext &context, std::vector<Message> &messages);
  ~DiagnosticCollector();
  DiagnosticCollector(const DiagnosticCollector &) = delete;

private:
  void collect(mlir::Diagnostic &diagnostic);

  mlir::MLIRContext &context;
  std::vector<Message> &messages;
  mlir::DiagnosticEngine::HandlerID handler;
};

/// Gives errors without a code of their own `unmarked`; the worst outcome of all errors.
Outcome settle(std::vector<Message> &messages, Code unmarked);

} // namespace tegula::driver
