// Implements include/tegula/Tegula.h: one compilation from a file to any of its stages, with its timings,
// messages and saved IR.
#include "tegula/Tegula.h"

#include "Backend.h"
#include "Diagnostics.h"
#include "Explain.h"
#include "Inserted.h"
#include "Variants.h"
#include "tegula/codegen/host/Passes.h"
#include "tegula/driver/Plugin.h"
#include "tegula/driver/Register.h"
#include "tegula/import/Import.h"
#include "tegula/runtime.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/xxhash.h"

#include <chrono>
#include <new>

using namespace mlir;

namespace tegula {
namespace driver {
namespace {

using codegen::cpu::Output;

/// Constants longer than this are left out of printed IR.
constexpr int64_t printedElements = 65536;

/// As many as a run may use.
constexpr int mostThreads = 1024;

class Compilation {
  /// Runs a step and notes how long it took.
  template <typename Body> auto timed(std::string name, Body body) {
    if (options.progress)
      options.progress(name, 0, 0);
    auto start = std::chrono::steady_clock::now();
    auto value = body();
    result.phases.push_back(
        {std::move(name), std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()});
    return value;
  }

public:
  Compilation(Emit emit, const CompileOptions &options)
      : emit(emit), options(options), context(MLIRContext::Threading::DISABLED) {
    context.printOpOnDiagnostic(options.verbose); // a dump of IR tells a user nothing
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    unsigned threads = std::clamp(options.threads ? options.threads : tgl_usable_cpus(), 1, mostThreads);
    if (threads > 1) {
      pool = std::make_unique<llvm::DefaultThreadPool>(llvm::hardware_concurrency(threads));
      context.setThreadPool(*pool);
    }
  }

  CompileResult fromModel(const std::string &path) {
    return run([&] {
      if (failed(timed("import", [&] { return importFile(path, /*leaveWeights=*/false); })))
        return fail();
      modelHash = hashFile(path);
      if (failed(checkContract(Phase::Import, *module)))
        return fail(Code::Internal);
      return saveTemp(Phase::Import) ? throughPhases(Phase::Graph) : fail();
    });
  }

  /// Everything that is wrong with the options and the model, without compiling it.
  CompileResult check(const std::string &path) {
    return run([&] {
      bool hasTargets = makeJobs().has_value();
      if (failed(importFile(path, /*leaveWeights=*/true)) || !hasTargets ||
          failed(checkInterface(module->lookupSymbol<func::FuncOp>("main"))))
        fail();
    });
  }

  CompileResult fromText(const std::string &text) {
    return run([&] {
      modelHash = hash(ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
      module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
      if (!module)
        return fail(Code::NotMlir);
      isText = true;
      Phase first = firstPhase();
      if (failed(checkText(first, *module)) || (first > Phase::Fuse && failed(ownResults())))
        return failIn(first);
      return throughPhases(first);
    });
  }

private:
  /// Reads and imports a model with all its variants.
  LogicalResult importFile(const std::string &path, bool leaveWeights) {
    importer::ImportOptions importing = importOptionsFor(options);
    std::shared_ptr<importer::ParsedModel> model =
        importer::readModel(path, result.messages, {options.maxNodes, options.maxNesting, leaveWeights});
    if (!model)
      return failure();
    auto imported = importer::importModel(model, context, importing, result.messages);
    if (failed(imported) || failed(addVariants(**imported, model, importing)))
      return failure();
    module = std::move(*imported);
    return success();
  }

  LogicalResult addVariants(ModuleOp module, const std::shared_ptr<importer::ParsedModel> &model,
                            const importer::ImportOptions &importing) {
    Code code = Code::None;
    std::string why;
    std::optional<std::vector<Variant>> variants =
        hotVariants(options.ranges, module.lookupSymbol<func::FuncOp>("main"), code, why);
    if (variants)
      return importVariants(module, model, importing, *variants, result.messages);
    error(code, why);
    return failure();
  }

  template <typename Body> CompileResult run(Body body) {
    collector.emplace(context, result.messages);
    try {
      body();
    } catch (const std::bad_alloc &) {
      fail(Code::OutOfMemory, "out of memory");
    }
    collector.reset();
    return std::move(result);
  }

  void error(Code code, std::string text) {
    result.messages.push_back({Message::Severity::Error, "", "", 0, std::move(text), "", "", code});
  }

  /// Ends the compilation; something must have said why. Errors without a code of their own get `unmarked`.
  void fail(Code unmarked = Code::Internal) {
    auto isError = [](const Message &message) { return message.severity == Message::Severity::Error; };
    if (llvm::none_of(result.messages, isError))
      error(Code::Internal, "internal: a phase failed without saying why");
    result.outcome = settle(result.messages, unmarked);
    if (options.verbose && result.outcome == Outcome::Internal && module)
      result.messages.push_back({Message::Severity::Note, "", "", 0, "the module:", "", print()});
  }

  void fail(Code code, std::string text) {
    error(code, std::move(text));
    fail();
  }

  /// Ends the compilation in a phase. Our own passes are to blame where the model passed the import; text and
  /// schedules that people wrote are to blame for what follows from them.
  void failIn(Phase phase) {
    bool obeysFile = !options.schedFile.empty() && phase >= Phase::Schedule,
         followsInserted =
             llvm::any_of(inserted, [&](const InsertedPass &pass) { return pass.after < phase; });
    fail(isText            ? Code::InvalidText
         : obeysFile       ? Code::InvalidSchedule
         : followsInserted ? Code::InvalidInsertedPass
                           : Code::Internal);
  }

  // ---- the flow ----

  /// Text may come from any phase: the dialects in it say which is the next.
  Phase firstPhase() {
    bool kernels = false, loops = false;
    module->walk([&](Operation *op) {
      kernels |= isa<tile::KernelOp, tile::ViewOp, tile::PackOp>(op);
      // Loops over numbers may stand in bodies of linalg before anything is tiled.
      loops |= op->getParentOfType<tile::KernelOp>() && !op->getParentOfType<linalg::LinalgOp>() &&
               isa<affine::AffineDialect, scf::SCFDialect, vector::VectorDialect>(op->getDialect());
    });
    return loops ? Phase::Codegen : kernels ? Phase::Schedule : Phase::Graph;
  }

  /// Text that people wrote may return views and arguments; what follows the fuse phase expects launches' own
  /// results.
  LogicalResult ownResults() {
    PassManager pm(&context);
    pm.addPass(codegen::host::createCopyResults());
    pm.addPass(codegen::host::createSinkBranches());
    return pm.run(*module);
  }

  /// What is done for one machine.
  struct Job {
    PipelineOptions pipeline;
    Provenance provenance;
  };

  /// A job for each target; nothing, and why, where one is not known or cannot have what is asked for.
  std::optional<std::vector<Job>> makeJobs() {
    std::vector<std::string> names = {options.target};
    names.insert(names.end(), options.moreTargets.begin(), options.moreTargets.end());
    bool single = emit != Emit::Artifact || !options.stopAfter.empty();
    auto refuse = [&](Code code, const std::string &text) {
      error(code, text);
      return std::nullopt;
    };
    if (names.size() > (single ? 1 : artifact::mostTargets))
      return refuse(Code::TargetCount, (single ? "expected one target of what is no artifact, got "
                                               : "expected at most " + std::to_string(artifact::mostTargets) +
                                                     " targets, got ") +
                                           std::to_string(names.size()));
    if (!schedule::multiplyOf(options.precision))
      return refuse(Code::InvalidOptionValue,
                    "expected fp32, tf32, bf16 or fp16 as precision, got '" + options.precision + "'");
    std::vector<Job> jobs;
    for (const std::string &name : names) {
      std::optional<target::Machine> machine = target::findMachine(name);
      if (!machine)
        return refuse(Code::UnknownTarget, "expected a target among " +
                                               llvm::join(target::machineNames(), ", ") + ", got '" + name +
                                               "'");
      if (llvm::count(names, name) > 1)
        return refuse(Code::TargetCount, "expected each target once, got '" + name + "' twice");
      if (!checkKind(*machine))
        return std::nullopt;
      jobs.push_back({makeOptions(*machine), {modelHash, "", *machine, options.keepDenormals}});
    }
    for (Job &job : jobs)
      job.provenance.flags = flags(jobs);
    return jobs;
  }

  PipelineOptions makeOptions(const target::Machine &machine) {
    PipelineOptions pipeline = pipelineFor(options, machine);
    pipeline.inserted = inserted;
    if (options.progress)
      pipeline.kernelsDone = [this](size_t done, size_t total) { options.progress("codegen", done, total); };
    if (!options.saveTemps.empty())
      pipeline.reproducer = tempFile("reproducer.mlir");
    return pipeline;
  }

  /// Whether what is asked for can be made in the machine's language; says what cannot.
  bool checkKind(const target::Machine &machine) {
    if (!options.stopAfter.empty())
      return true;
    bool ptx = machine.language == target::Language::Ptx;
    if (ptx && (emit == Emit::Obj || emit == Emit::Asm)) {
      error(Code::TargetLacksKind, "expected a CPU as target of objects and assembly, got '" + machine.name +
                                       "', whose kernels are PTX (--emit=ptx)");
      return false;
    }
    if (!ptx && emit == Emit::Ptx) {
      error(Code::TargetLacksKind,
            "expected a GPU as target of PTX, such as sm_80, got '" + machine.name + "'");
      return false;
    }
    return true;
  }

  /// Runs those of `phases` that stand between `first` and the last one needed.
  bool runPhases(ArrayRef<Phase> phases, Phase first, const PipelineOptions &pipeline) {
    for (Phase phase : phases) {
      if (phase < first || phase > lastPhase())
        continue;
      if (failed(timed(nameOf(phase).str(), [&] { return runPhase(phase, *module, pipeline); }))) {
        failIn(phase);
        return false;
      }
      if (!saveTemp(phase)) {
        fail();
        return false;
      }
    }
    return true;
  }

  /// Reads the inserted passes, and runs those that stand before the first phase.
  bool startInserted(Phase first) {
    Phase before = Phase(int(first) - 1);
    // text has no import, and no names of nodes that it promises
    llvm::Expected<std::vector<InsertedPass>> passes = readInserted(
        options.insertedPasses, isText && first == Phase::Graph ? first : before, lastPhase(), context);
    if (!passes)
      error(Code::InvalidInsertedPass, "--insert-pass: " + llvm::toString(passes.takeError()));
    else
      inserted = std::move(*passes);
    PipelineOptions pipeline;
    pipeline.inserted = inserted;
    if (inserted.empty())
      return options.insertedPasses.empty();
    return succeeded(runInserted(before, *module, pipeline)) && saveTemp(before);
  }

  void throughPhases(Phase first) {
    if (!startInserted(first))
      return fail(Code::InvalidInsertedPass);
    std::optional<std::vector<Job>> jobs = makeJobs();
    if (!jobs)
      return fail();
    if (!runPhases(Phase::Graph, first, jobs->front().pipeline))
      return;
    // What follows differs between machines; the last one may have the module itself.
    OwningOpRef<ModuleOp> common;
    if (jobs->size() > 1)
      common = module->clone();
    artifact::ArtifactContents contents;
    codegen::host::WeightLayout weights(options.keepDenormals);
    for (const Job &job : *jobs) {
      // CPUs pack weights differently: where there are several machines, each CPU does so when it loads them.
      weights.setPackLater(jobs->size() > 1 && job.pipeline.language == target::Language::X86);
      if (&job != &jobs->front())
        module = &job == &jobs->back() ? std::move(common) : OwningOpRef<ModuleOp>(common->clone());
      machineName = jobs->size() > 1 ? "-" + job.provenance.machine.name : "";
      if (!decide(first, job) || !runPhases({Phase::Tile}, first, job.pipeline))
        return;
      if (lastPhase() != Phase::Codegen)
        return setText(emit == Emit::Sched && options.stopAfter.empty() ? schedule::printSchedules(*module)
                                                                        : print());
      if (!generateCode(job, weights, contents))
        return;
    }
    contents.weights = weights.takeChunks();
    writeBytes(contents);
  }

  /// The phases that decide what shares a kernel and how kernels run; keeps what they say of that.
  bool decide(Phase first, const Job &job) {
    std::optional<RemarkCollector> remarks;
    if (options.explain)
      remarks.emplace(context);
    if (!runPhases({Phase::Fuse, Phase::Schedule}, first, job.pipeline))
      return false;
    if (remarks)
      result.explanations.push_back(remarks->explain(*module, job.provenance.machine));
    return true;
  }

  /// The phase after which nothing more is needed.
  Phase lastPhase() {
    if (std::optional<Phase> stop = phaseOfName(options.stopAfter))
      return *stop;
    switch (emit) {
    case Emit::Graph:
      return Phase::Graph;
    case Emit::Sched:
      return Phase::Schedule;
    case Emit::Tile:
      return Phase::Tile;
    default:
      return Phase::Codegen;
    }
  }

  /// Adds a target to the artifact, and returns true; or writes what else was asked for.
  bool generateCode(const Job &job, codegen::host::WeightLayout &weights,
                    artifact::ArtifactContents &contents) {
    const PipelineOptions &pipeline = job.pipeline;
    bool text = !options.stopAfter.empty() || emit == Emit::Llvm;
    bool ptx = pipeline.language == target::Language::Ptx, artifact = emit == Emit::Artifact && !text;
    bool assembly = emit == Emit::Asm || ptx;
    Output output = text ? Output::LlvmIr : assembly ? Output::Assembly : Output::Object;
    bool keepIr = !options.saveTemps.empty();
    auto kernels = timed("codegen", [&] { return compileKernels(*module, output, pipeline, keepIr); });
    if (failed(kernels)) {
      failIn(Phase::Codegen);
      return false;
    }
    for (const CompiledKernel &kernel : *kernels)
      result.kernels.push_back({kernel.name, kernel.seconds});
    if (ptx && !artifact) {
      if (!saveCode(*kernels, "", ptx && !text))
        return false;
      text ? writeListing(*kernels, output) : setText(ptxOf(*kernels));
      return false;
    }
    std::string hostIr;
    auto host = timed("host", [&] {
      return assemble(*module, *kernels, artifact ? Output::Object : output, pipeline, job.provenance,
                      weights, contents, keepIr ? &hostIr : nullptr);
    });
    if (failed(host))
      failIn(Phase::Codegen);
    if (failed(host) || !saveCode(*kernels, hostIr, ptx))
      return false;
    if (artifact)
      return true;
    kernels->push_back({"host", std::move(*host)});
    emit == Emit::Obj && !text ? writeArchive(*kernels) : writeListing(*kernels, output);
    return false;
  }

  void writeBytes(const artifact::ArtifactContents &contents) {
    std::string why;
    if (!timed("artifact", [&] { return artifact::writeArtifact(contents, result.bytes, why); })) {
      fail(Code::Internal, "internal: " + why); // the phases have refused what does not fit
    }
  }

  /// Every object as a member of one archive.
  void writeArchive(ArrayRef<CompiledKernel> kernels) {
    std::vector<llvm::NewArchiveMember> members;
    for (const CompiledKernel &kernel : kernels) {
      members.emplace_back(llvm::MemoryBufferRef(kernel.code, kernel.name));
      members.back().MemberName = kernel.name;
    }
    auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                              llvm::object::Archive::K_GNU,
                                              /*Deterministic=*/true, /*Thin=*/false);
    if (!archive)
      return fail(Code::Internal, "internal: " + llvm::toString(archive.takeError()));
    setText((*archive)->getBuffer().str());
  }

  /// One module of all kernels, after what their launches need to know.
  std::string ptxOf(ArrayRef<CompiledKernel> kernels) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    std::vector<std::string> modules;
    for (const CompiledKernel &kernel : kernels) {
      stream << "// kernel " << kernel.name << ": cells = "
             << (kernel.needs.cells ? kernel.needs.cells.getResult(0)
                                    : Builder(&context).getAffineConstantExpr(1));
      if (kernel.needs.scratchBytes)
        stream << ", scratch bytes = " << kernel.needs.scratchBytes.getResult(0);
      stream << "\n";
      modules.push_back(kernel.code);
    }
    stream << codegen::ptx::joinModules(modules);
    return text;
  }

  /// All texts one after the other, each under its kernel's name.
  void writeListing(ArrayRef<CompiledKernel> kernels, Output output) {
    std::string text;
    for (const CompiledKernel &kernel : kernels)
      text +=
          (output == Output::LlvmIr ? "; " : "# ") + ("kernel " + kernel.name + "\n") + kernel.code + "\n";
    setText(text);
  }

  // ---- text ----

  std::string print() {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(printedElements)
        .elideLargeResourceString(printedElements * 16)
        .enableDebugInfo(false);
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream, flags);
    stream << "\n";
    return text;
  }

  void setText(const std::string &text) { result.bytes.assign(text.begin(), text.end()); }

  /// The path of a file in the folder for temporary files, which is made if need be.
  std::string tempFile(const std::string &name) {
    llvm::SmallString<128> path(options.saveTemps);
    llvm::sys::fs::create_directories(path);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  /// False, with an error, where it cannot be written.
  bool saveText(Phase phase, const char *ending, llvm::StringRef text) {
    std::error_code failure;
    std::string path =
        tempFile(std::to_string(int(phase)) + "-" + nameOf(phase).str() + machineName + ending);
    llvm::raw_fd_ostream file(path, failure);
    if (!failure) {
      file << text;
      file.close();
      failure = file.error();
      file.clear_error();
    }
    if (failure)
      error(Code::CannotWrite, "--save-temps: cannot write " + path + ": " + failure.message());
    return !failure;
  }

  bool saveTemp(Phase phase) { return options.saveTemps.empty() || saveText(phase, ".mlir", print()); }

  /// Keeps the LLVM IR of all kernels and of the host function, and PTX. False where it cannot be written.
  bool saveCode(ArrayRef<CompiledKernel> kernels, const std::string &host, bool ptx) {
    if (options.saveTemps.empty())
      return true;
    std::string text;
    for (const CompiledKernel &kernel : kernels)
      text += "; kernel " + kernel.name + "\n" + kernel.ir + "\n";
    if (!host.empty())
      text += "; host\n" + host;
    if (saveText(Phase::Codegen, ".ll", text) && (!ptx || saveText(Phase::Codegen, ".ptx", ptxOf(kernels))))
      return true;
    fail();
    return false;
  }

  static std::string hash(ArrayRef<uint8_t> bytes) {
    llvm::XXH128_hash_t value = llvm::xxh3_128bits(bytes);
    return llvm::toHex(ArrayRef(reinterpret_cast<const uint8_t *>(&value), sizeof(value)),
                       /*LowerCase=*/true);
  }

  static std::string hashFile(const std::string &path) {
    if (!llvm::sys::fs::is_regular_file(path))
      return ""; // a pipe may never end
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    return buffer ? hash(llvm::arrayRefFromStringRef((*buffer)->getBuffer())) : std::string();
  }

  /// What changes the artifact, in words that a user would type; values and files as their hashes.
  std::string flags(ArrayRef<Job> jobs) {
    std::string text = "-O" + std::to_string(options.optLevel);
    for (const Job &job : jobs) {
      const target::Machine &machine = job.provenance.machine;
      text += " --target=" + machine.name + (machine.name == "native" ? " (" + machine.cpu + ")" : "");
    }
    for (const auto &[name, size] : options.dims)
      text += " --dim " + name + "=" + std::to_string(size);
    for (const auto &[name, range] : options.ranges)
      text += " --dim " + rangeText(name, range);
    for (const auto &[name, shape] : options.shapes)
      text += " --shape " + name + ":" +
              llvm::join(llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }), "x");
    for (const auto &[name, value] : options.bound)
      text += " --bind " + name + "=@" + hash(value.bytes);
    if (!options.schedFile.empty())
      text += " --sched @" + hashFile(options.schedFile);
    for (const std::string &file : options.operatorFiles)
      text += " --kernel @" + hashFile(file);
    for (const std::string &hash : loadedPluginHashes())
      text += " --load-pass-plugin=@" + hash;
    for (const std::string &pass : options.insertedPasses)
      text += " --insert-pass=" + pass;
    if (options.keepDenormals)
      text += " --denormals=keep";
    if (options.precision != "fp32")
      text += " --precision=" + options.precision;
    return text;
  }

  Emit emit;
  const CompileOptions &options;
  std::unique_ptr<llvm::ThreadPoolInterface> pool; ///< outlives the context that uses it
  MLIRContext context;
  std::optional<DiagnosticCollector> collector;
  OwningOpRef<ModuleOp> module;
  std::vector<InsertedPass> inserted;
  bool isText = false;
  std::string modelHash;
  std::string machineName; ///< of the target at hand, where there are several
  CompileResult result;
};

} // namespace
} // namespace driver

CompileResult compileModel(const std::string &path, Emit emit, const CompileOptions &options) {
  return driver::Compilation(emit, options).fromModel(path);
}

CompileResult compileModule(const std::string &text, Emit emit, const CompileOptions &options) {
  return driver::Compilation(emit, options).fromText(text);
}

CompileResult checkModel(const std::string &path, const CompileOptions &options) {
  return driver::Compilation(Emit::Artifact, options).check(path);
}

std::vector<OperatorInfo> supportedOperators() { return importer::knownOperators(); }

} // namespace tegula
