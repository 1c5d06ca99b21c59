// Marks a diagnostic as the fault of what was given, not of the compiler, because a tool's exit code must not
// be read out of a message's text.
#pragma once

#include "mlir/IR/Diagnostics.h"

#include <optional>

namespace tegula {

/// Why a compilation is refused. What fails without saying is the compiler's own fault.
enum class Refusal {
  BadInput,    ///< wrong text, schedule or model
  Unsupported, ///< right, but not covered
  TooLarge     ///< more than a documented limit allows
};

/// `return refuse(op.emitError(), Refusal::BadInput) << "expected ..."`
inline mlir::InFlightDiagnostic refuse(mlir::InFlightDiagnostic diagnostic, Refusal why) {
  if (mlir::Diagnostic *details = diagnostic.getUnderlyingDiagnostic())
    details->getMetadata().push_back(mlir::DiagnosticArgument(static_cast<unsigned>(why)));
  return diagnostic;
}

/// What `refuse` said about a diagnostic; nothing where nobody did.
inline std::optional<Refusal> refusalOf(mlir::Diagnostic &diagnostic) {
  for (const mlir::DiagnosticArgument &argument : diagnostic.getMetadata())
    if (argument.getKind() == mlir::DiagnosticArgument::DiagnosticArgumentKind::Unsigned)
      return static_cast<Refusal>(argument.getAsUnsigned());
  return std::nullopt;
}

} // namespace tegula
