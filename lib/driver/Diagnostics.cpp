// Turns MLIR's diagnostics into messages that name the model's node.
#include "Diagnostics.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tegula::driver {

static Message toMessage(Diagnostic &diagnostic) {
  Message message;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    message.severity = Message::Severity::Error;
    break;
  case DiagnosticSeverity::Warning:
    message.severity = Message::Severity::Warning;
    break;
  case DiagnosticSeverity::Note:
  case DiagnosticSeverity::Remark:
    message.severity = Message::Severity::Note;
    break;
  }
  llvm::raw_string_ostream text(message.text);
  if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>())
    message.node = name.getName().str();
  else if (auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    text << file.getLine() << ":" << file.getColumn() << ": ";
  text << diagnostic;
  return message;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context, std::vector<Message> &messages)
    : context(context) {
  handler = context.getDiagEngine().registerHandler([&messages](Diagnostic &diagnostic) {
    messages.push_back(toMessage(diagnostic));
    for (Diagnostic &note : diagnostic.getNotes())
      messages.push_back(toMessage(note));
  });
}

DiagnosticCollector::~DiagnosticCollector() { context.getDiagEngine().eraseHandler(handler); }

Outcome outcomeOf(const std::vector<Message> &messages) {
  Outcome outcome = Outcome::Internal;
  for (const Message &message : messages) {
    if (message.severity != Message::Severity::Error)
      continue;
    if (message.text.find("internal: ") != std::string::npos)
      return Outcome::Internal;
    if (message.text.find("unsupported") != std::string::npos)
      outcome = Outcome::Unsupported;
  }
  return outcome;
}

} // namespace tegula::driver
