// tegula-opt: runs any pass of tegula or MLIR on MLIR text, because every test and every bug hunt starts with
// one pass alone.
#include "tegula/driver/Plugin.h"
#include "tegula/driver/Register.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#include <vector>

/// Loads what --load-pass-plugin names and takes it off the command line, before the flags of passes are
/// made; false with a message on failure. MLIR's own way would run a library to find out whether it fits.
static bool loadPlugins(std::vector<char *> &arguments) {
  std::vector<char *> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef flag = arguments[i];
    std::string path;
    if (i == 0 || !(flag.consume_front("--load-pass-plugin") || flag.consume_front("-load-pass-plugin"))) {
      rest.push_back(arguments[i]);
      continue;
    }
    if (flag.consume_front("="))
      path = flag.str();
    else if (flag.empty() && i + 1 < arguments.size())
      path = arguments[++i];
    if (llvm::Error error = tegula::driver::loadPassPlugin(path)) {
      llvm::errs() << "tegula-opt: error: --load-pass-plugin: " << path << " "
                   << llvm::toString(std::move(error)) << "\n";
      return false;
    }
  }
  arguments = std::move(rest);
  return true;
}

int main(int argc, char **argv) {
  std::vector<char *> arguments(argv, argv + argc);
  mlir::registerAllPasses();
  tegula::driver::registerPasses();
  if (!loadPlugins(arguments)) // whose passes must not have the names of others
    return 1;
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  tegula::driver::registerDialects(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(int(arguments.size()), arguments.data(), "tegula optimizer\n", registry));
}
