// Runs passes of users between the compiler's phases. Its errors name the pass, because the user who inserted
// it is who can mend it.
#include "Inserted.h"

#include "tegula/driver/Register.h"
#include "tegula/support/Refusal.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Threading.h"

#include <mutex>

using namespace mlir;

namespace tegula::driver {

// ---- reading ----

void registerPassNames() {
  static std::once_flag once;
  std::call_once(once, [] {
    registerPasses();
    registerTransformsPasses();
  });
}

/// What the parser of pipelines says, without its listing.
static std::string reasonOf(llvm::StringRef said) {
  llvm::StringRef line = said.split('\n').first;
  size_t begin = line.find("error: ");
  return (begin == line.npos ? line : line.substr(begin + 7)).rtrim(": ").str();
}

static llvm::Error fail(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

static llvm::Error parse(llvm::StringRef pipeline, OpPassManager &manager) {
  std::string said;
  llvm::raw_string_ostream stream(said);
  if (succeeded(parsePassPipeline(pipeline, manager, stream)) && !manager.empty())
    return llvm::Error::success();
  std::string why = reasonOf(said);
  return fail(why.empty() ? "expected the name of a pass, and options that it takes" : why);
}

/// `given`, inside of functions or kernels where its passes run on these.
static llvm::Expected<std::string> nested(llvm::StringRef given, OpPassManager &manager) {
  llvm::Error error = parse(given, manager);
  if (!error)
    return given.str();
  std::string why = llvm::toString(std::move(error));
  llvm::StringRef anchor = llvm::StringRef(why).split("restricted to '").second.split('\'').first;
  if (anchor.empty())
    return fail(why);
  std::string pipeline = (anchor + "(" + given + ")").str();
  manager.clear();
  if (llvm::Error still = parse(pipeline, manager))
    return still;
  return pipeline;
}

static llvm::Expected<InsertedPass> readOne(llvm::StringRef text, Phase first, Phase last,
                                            MLIRContext &context) {
  auto [place, pipeline] = text.split(':');
  std::optional<Phase> after;
  if (place.consume_front("after-"))
    after = phaseOfName(place);
  if (!after || pipeline.empty())
    return fail("expected after-PHASE:PASS with one of the phases import, graph, fuse, schedule, tile and "
                "codegen, got '" +
                text + "'");
  if (*after < first || *after > last)
    return fail("'" + text + "': what is compiled does not end the phase " + nameOf(*after) +
                ": it goes from " + nameOf(first) + " to " + nameOf(last));
  OpPassManager manager(ModuleOp::getOperationName());
  llvm::Expected<std::string> whole = nested(pipeline, manager);
  if (!whole)
    return fail("'" + text + "': " + llvm::toString(whole.takeError()));
  DialectRegistry dialects;
  manager.getDependentDialects(dialects);
  context.appendDialectRegistry(dialects);
  for (llvm::StringRef name : dialects.getDialectNames())
    context.getOrLoadDialect(name);
  return InsertedPass{*after, pipeline.str(), *whole};
}

llvm::Expected<std::vector<InsertedPass>> readInserted(ArrayRef<std::string> texts, Phase first, Phase last,
                                                       MLIRContext &context) {
  std::vector<InsertedPass> passes;
  if (!texts.empty())
    registerPassNames();
  for (const std::string &text : texts) {
    llvm::Expected<InsertedPass> pass = readOne(text, first, last, context);
    if (!pass)
      return pass.takeError();
    passes.push_back(std::move(*pass));
  }
  return passes;
}

// ---- running ----

namespace {
/// Until it stops, what this thread reports is kept instead.
class Listener {
public:
  explicit Listener(MLIRContext *context) {
    handler.emplace(context, [this, thread = llvm::get_threadid()](Diagnostic &diagnostic) {
      if (llvm::get_threadid() != thread)
        return failure();
      kept.push_back(std::move(diagnostic));
      return success();
    });
  }
  std::vector<Diagnostic> stop() {
    handler.reset();
    return std::move(kept);
  }

private:
  std::vector<Diagnostic> kept;
  std::optional<ScopedDiagnosticHandler> handler;
};
} // namespace

static InFlightDiagnostic beginAgain(Diagnostic &diagnostic) {
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    return refuse(emitError(diagnostic.getLocation()), Code::InvalidInsertedPass);
  case DiagnosticSeverity::Warning:
    return emitWarning(diagnostic.getLocation());
  default:
    return emitRemark(diagnostic.getLocation());
  }
}

/// Reports what was kept; errors say whose they are.
static void report(std::vector<Diagnostic> &kept, const std::string &whose) {
  for (Diagnostic &diagnostic : kept) {
    std::string text = diagnostic.str();
    llvm::StringRef said = text;
    said.consume_front("internal: ");
    InFlightDiagnostic again = beginAgain(diagnostic);
    again << whose << ": " << said;
    for (Diagnostic &note : diagnostic.getNotes())
      again.attachNote(note.getLocation()) << note.str();
  }
}

/// The kinds of operations that a printed pipeline runs on: the words before brackets, outside of options.
static SmallVector<std::string> anchorsOf(OpPassManager &manager) {
  std::string text, word;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  SmallVector<std::string> anchors;
  int options = 0;
  for (char c : text) {
    options += (c == '{') - (c == '}');
    if (c == '(' && options == 0 && !word.empty() && word != "any" && word != "builtin.module")
      anchors.push_back(word);
    bool goesOn = options == 0 && (llvm::isAlnum(c) || c == '.' || c == '_' || c == '-');
    word = goesOn ? word + c : "";
  }
  return anchors;
}

/// A pass that finds nothing to run on is a mistake, not a success.
static LogicalResult checkAnchors(OpPassManager &manager, ModuleOp module, Phase phase) {
  for (const std::string &anchor : anchorsOf(manager)) {
    WalkResult found = module.walk([&](Operation *op) {
      return op->getName().getStringRef() == anchor ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (!found.wasInterrupted())
      return module.emitError("it runs on '") << anchor << "', and there is none after " << nameOf(phase);
  }
  return success();
}

static LogicalResult runOne(const InsertedPass &pass, ModuleOp module, const PipelineOptions &options) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  if (llvm::Error error = parse(pass.pipeline, manager))
    return module.emitError(llvm::toString(std::move(error)));
  if (!options.reproducer.empty() && pass.after != Phase::Codegen) // kernels would share the file
    manager.enableCrashReproducerGeneration(options.reproducer);
  PhaseStart start(pass.after, module);
  if (failed(checkAnchors(manager, module, pass.after)) || failed(manager.run(module)))
    return failure();
  return checkContract(pass.after, module, options, start);
}

LogicalResult runInserted(Phase phase, ModuleOp module, const PipelineOptions &options) {
  for (const InsertedPass &pass : options.inserted) {
    if (pass.after != phase)
      continue;
    std::string whose = "inserted pass '" + pass.given + "' after " + nameOf(phase).str();
    Listener listener(module.getContext());
    LogicalResult result = runOne(pass, module, options);
    std::vector<Diagnostic> kept = listener.stop();
    bool isSaid = llvm::any_of(kept, [](const Diagnostic &diagnostic) {
      return diagnostic.getSeverity() == DiagnosticSeverity::Error;
    });
    report(kept, whose);
    if (failed(result) && !isSaid)
      refuse(module.emitError(), Code::InvalidInsertedPass) << whose << ": failed without saying why";
    if (failed(result) || isSaid)
      return failure();
  }
  return success();
}

} // namespace tegula::driver
