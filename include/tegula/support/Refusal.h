// Marks a diagnostic as the fault of what was given, not of the compiler, because a tool's exit code must not
// be read out of a message's text.
#pragma once

#include "tegula/support/Codes.h"

#include "mlir/IR/Diagnostics.h"

namespace tegula {

/// `return refuse(op.emitError(), Code::InvalidSchedule) << "expected ..."`. What fails without such a code
/// is the compiler's own fault.
inline mlir::InFlightDiagnostic refuse(mlir::InFlightDiagnostic diagnostic, Code code) {
  if (mlir::Diagnostic *details = diagnostic.getUnderlyingDiagnostic())
    details->getMetadata().push_back(mlir::DiagnosticArgument(static_cast<unsigned>(code)));
  return diagnostic;
}

/// What `refuse` said about a diagnostic; None where nobody did.
inline Code codeOf(mlir::Diagnostic &diagnostic) {
  for (const mlir::DiagnosticArgument &argument : diagnostic.getMetadata())
    if (argument.getKind() == mlir::DiagnosticArgument::DiagnosticArgumentKind::Unsigned)
      return static_cast<Code>(argument.getAsUnsigned());
  return Code::None;
}

} // namespace tegula
