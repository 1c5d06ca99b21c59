// Collects MLIR's diagnostics as messages, because a library prints nothing and a user knows nodes, not
// operations.
#pragma once

#include "tegula/Tegula.h"
#include "tegula/support/Refusal.h"

#include "mlir/IR/Diagnostics.h"

namespace tegula::driver {

/// While it lives, everything the context reports becomes a message of `messages`.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext &context, std::vector<Message> &messages);
  ~DiagnosticCollector();
  DiagnosticCollector(const DiagnosticCollector &) = delete;

  /// What the errors so far amount to; `unmarked` is what those amount to that are not marked as refusals.
  Outcome outcome(Outcome unmarked) const;

private:
  void collect(mlir::Diagnostic &diagnostic);

  mlir::MLIRContext &context;
  std::vector<Message> &messages;
  mlir::DiagnosticEngine::HandlerID handler;
  std::optional<Refusal> refusal; ///< of the errors so far, the first
  bool hasUnmarked = false;
};

} // namespace tegula::driver
