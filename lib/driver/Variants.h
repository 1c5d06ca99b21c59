// Which sizes get code of their own, and how it comes into the module.
#pragma once

#include "tegula/import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace tegula::driver {

/// Sizes that one variant is for, by symbol.
using Variant = std::map<std::string, int64_t>;

/// Every combination of hot sizes, where a symbol that has some may also stay open in company of others, with
/// the sizes that @main makes follow from them; those that fix most come first. Nothing, and why, where there
/// are more than an artifact can have or no run can have one of the sizes.
std::optional<std::vector<Variant>> hotVariants(const std::map<std::string, SizeRange> &ranges,
                                                mlir::func::FuncOp main, Code &code, std::string &why);

/// Imports the model once for each variant and adds it to `module` as a function beside @main. `importing`
/// are @main's options. On failure the messages say for which sizes the model cannot be.
mlir::LogicalResult importVariants(mlir::ModuleOp module, const std::shared_ptr<importer::ParsedModel> &model,
                                   const importer::ImportOptions &importing,
                                   const std::vector<Variant> &variants, std::vector<Message> &messages);

/// "batch=1..8:hot=1,4", as a user would type it.
std::string rangeText(const std::string &name, const SizeRange &range);

} // namespace tegula::driver
