// Joins the operator tables of all families into the one table that importer, documentation and tools read.
#include "Node.h"

#include "tegula/import/Import.h"

#include <algorithm>

using namespace mlir;

namespace tegula::importer {

ArrayRef<Operator> allOperators() {
  static const std::vector<Operator> table = [] {
    std::vector<Operator> all;
    for (ArrayRef<Operator> family :
         {elementwiseOperators(), activationOperators(), constantOperators(), movementOperators(),
          slicingOperators(), indexOperators(), windowOperators(), contractionOperators(),
          reductionOperators(), normalizationOperators(), quantizationOperators(), resizeOperators(),
          attentionOperators(), lossOperators(), recurrentOperators(), controlOperators(),
          selectionOperators(), gridOperators(), fourierOperators()})
      all.insert(all.end(), family.begin(), family.end());
    std::sort(all.begin(), all.end(), [](const Operator &a, const Operator &b) {
      return std::pair(StringRef(a.domain), StringRef(a.name)) <
             std::pair(StringRef(b.domain), StringRef(b.name));
    });
    return all;
  }();
  return table;
}

const Operator *findOperator(StringRef domain, StringRef name) {
  ArrayRef<Operator> all = allOperators();
  const Operator *found = std::lower_bound(all.begin(), all.end(), std::pair(domain, name),
                                           [](const Operator &op, const auto &key) {
                                             return std::pair(StringRef(op.domain), StringRef(op.name)) < key;
                                           });
  return found != all.end() && domain == found->domain && name == found->name ? found : nullptr;
}

std::vector<OperatorInfo> knownOperators() {
  std::vector<OperatorInfo> result;
  for (const Operator &op : allOperators()) {
    bool isDefault = StringRef(op.domain).empty();
    result.push_back({isDefault ? "ai.onnx" : op.domain, op.name, op.since,
                      isDefault ? static_cast<int>(kNewestOpset) : 0, op.notes});
  }
  return result;
}

} // namespace tegula::importer
