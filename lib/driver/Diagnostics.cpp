// Turns MLIR's diagnostics into messages that name the model's node.
#include "Diagnostics.h"

using namespace mlir;

namespace tegula::driver {

/// Text that was read under a file's name says so; the compiled text itself has none.
static bool isNamed(FileLineColLoc place) {
  return !place.getFilename().empty() && place.getFilename() != "-";
}

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
  if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>())
    message.node = name.getName().str();
  FileLineColLoc place;
  diagnostic.getLocation()->walk([&](Location loc) {
    if (auto found = dyn_cast<FileLineColLoc>(loc); found && (!place || !isNamed(place)))
      place = found;
    return WalkResult::advance();
  });
  std::string text = diagnostic.str();
  if (place && isNamed(place))
    message.file = place.getFilename().str() + ":" + std::to_string(place.getLine());
  else if (place && message.node.empty())
    text = std::to_string(place.getLine()) + ":" + std::to_string(place.getColumn()) + ": " + text;
  // Notes may hold an operation, printed over many lines.
  size_t end = message.severity == Message::Severity::Note ? text.find('\n') : text.npos;
  message.text = text.substr(0, end);
  if (end != text.npos)
    message.listing = text.substr(end + 1);
  return message;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context, std::vector<Message> &messages)
    : context(context), messages(messages) {
  handler = context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) { collect(diagnostic); });
}

DiagnosticCollector::~DiagnosticCollector() { context.getDiagEngine().eraseHandler(handler); }

void DiagnosticCollector::collect(Diagnostic &diagnostic) {
  messages.push_back(toMessage(diagnostic));
  if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
    messages.back().code = codeOf(diagnostic);
  for (Diagnostic &note : diagnostic.getNotes())
    messages.push_back(toMessage(note));
}

Outcome settle(std::vector<Message> &messages, Code unmarked) {
  Outcome outcome = Outcome::Ok;
  for (Message &message : messages) {
    if (message.severity != Message::Severity::Error)
      continue;
    if (message.code == Code::None)
      message.code = unmarked;
    outcome = worse(outcome, outcomeOf(message.code));
  }
  return outcome;
}

} // namespace tegula::driver
