// The verb compile: a model in, an artifact or any stage on the way to it out.
#include "Verb.h"

#include "common/Files.h"
#include "common/Usage.h"

#include <cstdio>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model, output, emit, stopAfter;
};

struct Kind {
  const char *name;
  Emit emit;
  const char *extension; ///< nullptr: text that goes to standard output
};
constexpr Kind kinds[] = {{"graph", Emit::Graph, nullptr}, {"tile", Emit::Tile, nullptr},
                          {"sched", Emit::Sched, nullptr}, {"llvm", Emit::Llvm, nullptr},
                          {"asm", Emit::Asm, nullptr},     {"ptx", Emit::Ptx, nullptr},
                          {"obj", Emit::Obj, ".a"},        {"artifact", Emit::Artifact, ".tgl"}};

int compile(const Arguments &arguments) {
  const Kind *kind = kinds;
  while ((arguments.emit.empty() ? "artifact" : arguments.emit) != kind->name)
    ++kind;
  if (!arguments.emit.empty() && !arguments.stopAfter.empty())
    return reportFailure("tegula compile",
                         {Code::ContradictingOptions, "expected --emit or --stop-after, got both"});
  if (hasExtension(arguments.model, ".tgl"))
    return reportFailure(arguments.model,
                         {Code::WrongKindOfFile, "is compiled already; expected an .onnx or .mlir file"});
  CompileOptions options;
  if (Failure failure = arguments.compile.check(arguments.model))
    return reportFailure(arguments.model, failure);
  if (Failure failure = arguments.compile.convert(options))
    return reportFailure("tegula compile", failure);
  options.stopAfter = arguments.stopAfter;
  bool text = !kind->extension || !arguments.stopAfter.empty();
  std::string output = arguments.output;
  if (output.empty())
    output = text ? "-" : stemOf(arguments.model) + kind->extension;
  arguments.compile.noteInputs();
  if (int code = checkOutputs(arguments.model, {output}))
    return code;
  CompileResult result = compileFile(arguments.model, kind->emit, options);
  printTimings(arguments.model, result, arguments.compile.time);
  if (!result)
    return int(result.outcome);
  if (Failure failure = writeFile(output, result.bytes))
    return reportFailure(output, failure);
  return 0;
}

} // namespace

void addCompile(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("compile", "Compile a model (.onnx, or .mlir of any phase)");
  verb->add_option("MODEL", arguments->model, "The model; - reads MLIR from standard input")->required();
  verb->add_option("-o,--output", arguments->output,
                   "Output; - is standard output. Default: MODEL's name with .tgl, text to standard output")
      ->type_name("FILE");
  arguments->compile.addTo(*verb, false);
  std::vector<std::string> names;
  std::string choice;
  for (const Kind &kind : kinds) {
    names.push_back(kind.name);
    choice += (choice.empty() ? "" : "|") + names.back();
  }
  verb->add_option("--emit", arguments->emit, "What to write instead of an artifact")
      ->check(oneOf(names))
      ->type_name(choice);
  verb->add_option("--stop-after", arguments->stopAfter, "Print the IR after this phase")
      ->check(oneOf({"import", "graph", "fuse", "schedule", "tile", "codegen"}))
      ->type_name("import|graph|fuse|schedule|tile|codegen")
      ->group(furtherOptions);
  verb->callback([&action, arguments] { action = [arguments] { return compile(*arguments); }; });
}

} // namespace tegula::tools
