// Imports a model once more for each combination of hot sizes, so that everything after import sees the
// variant as a model of known sizes, beside @main in one module: constants, kernels and passes are shared.
#include "Variants.h"

#include "tegula/artifact/Artifact.h"
#include "tegula/dialects/graph/Equations.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>
#include <set>

using namespace mlir;

namespace tegula::driver {
namespace {

/// What @main says of the sizes that a run chooses.
class KnownSizes {
public:
  explicit KnownSizes(func::FuncOp main)
      : context(main.getContext()), names(graph::readSymbols(main)), ranges(graph::readRanges(main)) {
    for (const graph::Requirement &each : graph::readRequirements(main))
      if (each.kind == graph::Requirement::Kind::Equal)
        differences.push_back(each.lhs - each.rhs);
  }

  /// Adds the sizes that follow from those of `variant`; false, and why, where no run can have them all.
  bool complete(Variant &variant, std::string &why) const {
    for (bool isNew = true; isNew;) {
      isNew = false;
      for (graph::Dim difference : differences) {
        difference = difference.substitute(sizes(variant));
        if (!difference.isValid())
          continue;
        if (difference.isStatic() ? !difference.is(0) : !solve(difference, variant, isNew)) {
          why = "sizes that the model makes equal to each other would differ";
          return false;
        }
      }
    }
    for (auto [name, range] : llvm::zip(names, ranges))
      if (auto found = variant.find(name);
          found != variant.end() && (found->second < range.lowest || found->second > range.highest)) {
        why = "the size " + std::to_string(found->second) + " of '" + name + "' is outside of its bounds";
        return false;
      }
    return true;
  }

private:
  graph::Shape sizes(const Variant &variant) const {
    graph::Shape sizes;
    for (auto [index, name] : llvm::enumerate(names)) {
      auto found = variant.find(name);
      sizes.push_back(found == variant.end() ? graph::Dim::symbol(index, context)
                                             : graph::Dim(found->second));
    }
    return sizes;
  }

  /// Fixes the one symbol that `difference`, which has to be 0, is a multiple of, up to a number. False where
  /// no size makes it 0.
  bool solve(graph::Dim difference, Variant &variant, bool &isNew) const {
    std::optional<graph::Root> root = graph::rootOf(difference, context);
    if (!root)
      return true; // of several, or not linear: for the run to check
    if (!root->value)
      return false;
    variant[names[root->symbol]] = *root->value;
    return isNew = true;
  }

  MLIRContext *context;
  SmallVector<std::string> names;
  SmallVector<graph::SymbolRange> ranges;
  SmallVector<graph::Dim> differences; ///< of sizes that must be equal
};

} // namespace

std::optional<std::vector<Variant>> hotVariants(const std::map<std::string, SizeRange> &ranges,
                                                func::FuncOp main, Code &code, std::string &why) {
  KnownSizes known(main);
  std::set<Variant> variants{{}};
  for (const auto &[name, range] : ranges) {
    std::set<Variant> longer = variants;
    for (int64_t size : range.hot) {
      Variant alone{{name, size}};
      if (!known.complete(alone, why)) {
        code = Code::OptionContradictsModel;
        why =
            "expected hot sizes that a run can have, got " + name + " = " + std::to_string(size) + ": " + why;
        return std::nullopt;
      }
      // Of sizes that do not go together each has its code alone.
      for (Variant variant : variants)
        if (auto [entry, isNew] = variant.try_emplace(name, size);
            entry->second == size && known.complete(variant, why))
          longer.insert(std::move(variant));
    }
    if (longer.size() - 1 > artifact::mostVariants) {
      code = Code::TooManyVariants;
      why = "expected hot sizes of at most " + std::to_string(artifact::mostVariants) +
            " combinations, each with code of its own; those up to '" + name + "' give " +
            std::to_string(longer.size() - 1);
      return std::nullopt;
    }
    variants = std::move(longer);
  }
  variants.erase(Variant()); // the one that fixes nothing is @main
  std::vector<Variant> sorted(variants.begin(), variants.end());
  std::ranges::sort(sorted, [](const Variant &a, const Variant &b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  return sorted;
}

/// "batch = 1, seq = 128".
static std::string textOf(const Variant &variant) {
  std::string text;
  for (const auto &[name, size] : variant)
    text += (text.empty() ? "" : ", ") + name + " = " + std::to_string(size);
  return text;
}

/// Moves @main and the bodies of its loops to another module, "main" in their names replaced by `name`.
static void takeVariant(ModuleOp from, ModuleOp to, const std::string &name) {
  SmallVector<func::FuncOp> functions(from.getOps<func::FuncOp>());
  for (func::FuncOp function : functions) {
    std::string renamed = name + function.getName().drop_front(StringRef("main").size()).str();
    (void)SymbolTable::replaceAllSymbolUses(function, StringAttr::get(from.getContext(), renamed), from);
    function.setName(renamed);
  }
  for (func::FuncOp function : functions) {
    function->remove();
    to.push_back(function);
  }
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
    takeVariant(**imported, module, "main_" + std::to_string(number + 1));
    auto main = module.lookupSymbol<func::FuncOp>("main_" + std::to_string(number + 1));
    graph::writeFixed(main, SmallVector<graph::FixedSize>(variant.begin(), variant.end()));
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
