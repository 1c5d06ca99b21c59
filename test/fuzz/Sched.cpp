// Fuzz target: any text as a file of schedules for kernels of every kind, up to the kernels cut as it says,
// because people write such files by hand. What cannot be obeyed is refused with a message.
#include "Temporary.h"

#include "tegula/driver/Pipeline.h"
#include "tegula/driver/Register.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include <optional>

using namespace tegula;

namespace {

/// A context keeps every attribute that it has seen.
constexpr int kInputsPerContext = 256;

class Target {
public:
  void run(const uint8_t *data, size_t size) {
    if (count++ % kInputsPerContext == 0)
      begin();
    std::string path = files.write("schedules", data, size);
    bool saidWhy = false;
    mlir::ScopedDiagnosticHandler handler(&*context, [&](mlir::Diagnostic &diagnostic) {
      saidWhy |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
      return mlir::success();
    });
    for (bool isPtx : {false, true}) {
      mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
      driver::PipelineOptions options;
      options.optLevel = 2;
      options.language = isPtx ? target::Language::Ptx : target::Language::X86;
      options.schedule.machine = isPtx ? "sm_80" : "x86-64-v3";
      options.schedule.file = path;
      saidWhy = false;
      bool isObeyed = mlir::succeeded(driver::runPhase(driver::Phase::Schedule, *copy, options)) &&
                      mlir::succeeded(driver::runPhase(driver::Phase::Tile, *copy, options));
      if (isObeyed == saidWhy)
        fuzz::finding("expected an error exactly where the schedules are not obeyed");
    }
  }

private:
  void begin() {
    module = {};
    context.emplace(mlir::MLIRContext::Threading::DISABLED);
    mlir::DialectRegistry registry;
    driver::registerDialects(registry);
    context->appendDialectRegistry(registry);
    context->loadAllAvailableDialects();
    context->printOpOnDiagnostic(false);
    module = mlir::parseSourceFile<mlir::ModuleOp>(TEGULA_KERNELS, &*context);
    if (!module)
      fuzz::finding("expected kernels in " TEGULA_KERNELS);
  }

  fuzz::Temporary files;
  std::optional<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  int count = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Target target;
  target.run(data, size);
  return 0;
}
