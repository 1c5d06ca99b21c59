// tegula-opt: runs any pass of tegula or MLIR on MLIR text, because every test and every bug hunt starts with
// one pass alone.
#include "tegula/driver/Register.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  tegula::driver::registerDialects(registry);
  tegula::driver::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "tegula optimizer\n", registry));
}
