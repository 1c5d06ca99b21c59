// Imports a model once more for each combination of hot sizes, so that everything after import sees the
// variant as a model of known sizes, beside @main in one module: constants, kernels and passes are shared.
#include "Variants.h"

#include "tegula/artifact/Artifact.h"
#include "tegula/dialects/graph/Dim.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>

using namespace mlir;

namespace tegula::driver {

std::optional<std::vector<Variant>> hotVariants(const std::map<std::string, SizeRange> &ranges,
                                                std::string &why) {
  std::vector<Variant> variants{{}};
  for (const auto &[name, range] : ranges) {
    std::vector<Variant> longer;
    for (const Variant &variant : variants) {
      for (int64_t size : range.hot)
        longer.emplace_back(variant)[name] = size;
      longer.push_back(variant);
    }
    if (longer.size() - 1 > artifact::mostVariants) {
      why = "expected hot sizes of at most " + std::to_string(artifact::mostVariants) +
            " combinations, each with code of its own; those up to '" + name + "' give " +
            std::to_string(longer.size() - 1);
      return std::nullopt;
    }
    variants = std::move(longer);
  }
  variants.pop_back(); // the one that fixes nothing is @main
  std::ranges::sort(variants, [](const Variant &a, const Variant &b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  return variants;
}

/// "batch = 1, seq = 128".
static std::string textOf(const Variant &variant) {
  std::string text;
  for (const auto &[name, size] : variant)
    text += (text.empty() ? "" : ", ") + name + " = " + std::to_string(size);
  return text;
}

LogicalResult importVariants(ModuleOp module, const std::shared_ptr<importer::ParsedModel> &model,
                             const importer::ImportOptions &importing, const std::vector<Variant> &variants,
                             std::vector<Message> &messages) {
  for (auto [number, variant] : llvm::enumerate(variants)) {
    importer::ImportOptions fixed = importing;
    for (const auto &[name, size] : variant) {
      fixed.dims[name] = size;
      fixed.ranges.erase(name);
    }
    std::vector<Message> said; // warnings have been given for @main
    auto imported = importer::importModel(model, *module.getContext(), fixed, said);
    if (failed(imported)) {
      for (Message &message : said)
        if (message.severity != Message::Severity::Warning) {
          message.text = "for the hot sizes " + textOf(variant) + ": " + message.text;
          messages.push_back(std::move(message));
        }
      return failure();
    }
    auto main = (*imported)->lookupSymbol<func::FuncOp>("main");
    main->remove();
    main.setName("main_" + std::to_string(number + 1));
    graph::writeFixed(main, SmallVector<graph::FixedSize>(variant.begin(), variant.end()));
    module.push_back(main);
  }
  return success();
}

std::string rangeText(const std::string &name, const SizeRange &range) {
  std::string text = name + "=" + std::to_string(range.lowest) + "..";
  if (range.highest != INT64_MAX)
    text += std::to_string(range.highest);
  for (size_t i = 0; i < range.hot.size(); ++i)
    text += (i ? "," : ":hot=") + std::to_string(range.hot[i]);
  return text;
}

} // namespace tegula::driver
