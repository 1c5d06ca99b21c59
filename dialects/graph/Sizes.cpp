// Writes sizes into types and attributes and reads them back, the one place that knows how they are stored.
#include "tegula/dialects/graph/Dim.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::graph {

std::string shapeText(ShapeRef shape, ArrayRef<std::string> names) {
  if (shape.empty())
    return "scalar";
  return llvm::join(llvm::map_range(shape,
                                    [&](Dim dim) {
                                      std::string text = dim.text(names);
                                      bool isPlain =
                                          dim.isStatic() || isa<AffineSymbolExpr>(dim.expr(nullptr));
                                      return isPlain ? text : "(" + text + ")";
                                    }),
                    "x");
}

Dim elementCount(ShapeRef shape) {
  Dim count = 1;
  for (Dim dim : shape) {
    if (dim.isStatic() && dim.number() < 0)
      return Dim::invalid();
    count *= dim;
  }
  return count;
}

bool isStatic(ShapeRef shape) {
  return llvm::all_of(shape, [](Dim dim) { return dim.isStatic(); });
}

SmallVector<int64_t> numbersOf(ShapeRef shape) {
  return llvm::map_to_vector(shape, [](Dim dim) { return dim.number(); });
}

Shape dimsOf(ArrayRef<int64_t> numbers) { return Shape(numbers.begin(), numbers.end()); }

bool mayBeEqual(ShapeRef a, ShapeRef b) {
  return a.size() == b.size() && llvm::none_of(llvm::zip_equal(a, b), [](auto pair) {
           return surelyDifferent(std::get<0>(pair), std::get<1>(pair));
         });
}

AffineMap sizesMap(ShapeRef sizes, MLIRContext *context) {
  unsigned numSymbols = 0;
  SmallVector<AffineExpr> results;
  for (Dim dim : sizes) {
    numSymbols = std::max(numSymbols, dim.numSymbols());
    results.push_back(dim.expr(context));
  }
  return AffineMap::get(/*dimCount=*/0, numSymbols, results, context);
}

Shape sizesOf(AffineMap map) {
  return llvm::map_to_vector<6>(map.getResults(), [](AffineExpr expr) { return Dim(expr); });
}

RankedTensorType tensorType(ShapeRef shape, Type element) {
  Attribute encoding;
  if (!isStatic(shape))
    encoding = AffineMapAttr::get(sizesMap(shape, element.getContext()));
  return RankedTensorType::get(llvm::map_to_vector(shape, [](Dim dim) { return dim.numberOrDynamic(); }),
                               element, encoding);
}

Shape shapeOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  if (auto encoding = dyn_cast_or_null<AffineMapAttr>(type.getEncoding()))
    return sizesOf(encoding.getValue());
  return dimsOf(type.getShape());
}

Shape shapeOf(Value tensor) { return shapeOf(tensor.getType()); }

LogicalResult checkSizes(Type type, function_ref<InFlightDiagnostic()> error) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  auto encoding = dyn_cast_or_null<AffineMapAttr>(tensor.getEncoding());
  if (!encoding) {
    if (tensor.getEncoding() || !tensor.hasStaticShape())
      return error() << "expected the sizes of a tensor with unknown ones as its encoding, got " << type;
    return success();
  }
  AffineMap map = encoding.getValue();
  if (map.getNumDims() != 0 || map.getNumResults() != static_cast<unsigned>(tensor.getRank()))
    return error() << "expected an encoding with one size a dimension and no dims, got " << type;
  // In normal form, or types of equal sizes would differ.
  RankedTensorType normal = tensorType(sizesOf(map), tensor.getElementType());
  if (normal != tensor)
    return error() << "expected sizes in normal form, " << normal << ", got " << type;
  return success();
}

// ---- Attributes of @main ----

SmallVector<std::string> readSymbols(Operation *function) {
  SmallVector<std::string> names;
  if (auto symbols = function->getAttrOfType<ArrayAttr>("tegula.symbols"))
    for (Attribute each : symbols)
      if (auto name = dyn_cast<StringAttr>(each))
        names.push_back(name.str());
  return names;
}

void writeSymbols(Operation *function, ArrayRef<std::string> names) {
  SmallVector<StringRef> texts(names.begin(), names.end());
  if (names.empty())
    function->removeAttr("tegula.symbols");
  else
    function->setAttr("tegula.symbols", Builder(function->getContext()).getStrArrayAttr(texts));
}

SmallVector<SymbolRange> readRanges(Operation *function) {
  SmallVector<SymbolRange> ranges;
  auto numbers = function->getAttrOfType<DenseI64ArrayAttr>("tegula.bounds");
  for (int64_t i = 0; numbers && i + 1 < numbers.size(); i += 2)
    ranges.push_back({numbers[i], numbers[i + 1]});
  return ranges;
}

void writeRanges(Operation *function, SymbolRanges ranges) {
  if (llvm::all_of(ranges, [](const SymbolRange &range) { return range == SymbolRange(); })) {
    function->removeAttr("tegula.bounds");
    return;
  }
  SmallVector<int64_t> numbers;
  for (const SymbolRange &range : ranges)
    llvm::append_values(numbers, range.lowest, range.highest);
  function->setAttr("tegula.bounds", DenseI64ArrayAttr::get(function->getContext(), numbers));
}

SmallVector<FixedSize> readFixed(Operation *function) {
  SmallVector<FixedSize> sizes;
  auto fixed = function->getAttrOfType<DictionaryAttr>("tegula.fixed");
  for (NamedAttribute entry : fixed ? fixed.getValue() : ArrayRef<NamedAttribute>())
    if (auto number = dyn_cast<IntegerAttr>(entry.getValue()); number && number.getType().isInteger(64))
      sizes.emplace_back(entry.getName().str(), number.getInt());
  return sizes;
}

void writeFixed(Operation *function, ArrayRef<FixedSize> sizes) {
  Builder builder(function->getContext());
  NamedAttrList list;
  for (const auto &[name, size] : sizes)
    list.set(name, builder.getI64IntegerAttr(size));
  if (list.empty())
    function->removeAttr("tegula.fixed");
  else
    function->setAttr("tegula.fixed", list.getDictionary(function->getContext()));
}

static constexpr std::pair<Requirement::Kind, StringLiteral> kindNames[] = {
    {Requirement::Kind::Equal, "equal"},
    {Requirement::Kind::AtMost, "at_most"},
    {Requirement::Kind::Never, "never"},
};

SmallVector<Requirement> readRequirements(ArrayAttr list) {
  SmallVector<Requirement> requirements;
  if (!list)
    return requirements;
  for (Attribute entry : list) {
    auto fields = dyn_cast<ArrayAttr>(entry);
    if (!fields || fields.size() != 4)
      continue;
    auto name = dyn_cast<StringAttr>(fields[0]), node = dyn_cast<StringAttr>(fields[2]),
         text = dyn_cast<StringAttr>(fields[3]);
    auto map = dyn_cast<AffineMapAttr>(fields[1]);
    if (!name || !node || !text || !map || map.getValue().getNumResults() != 2)
      continue;
    auto *kind = llvm::find_if(kindNames, [&](auto &known) { return known.second == name.getValue(); });
    if (kind == std::end(kindNames))
      continue;
    Shape sides = sizesOf(map.getValue());
    requirements.push_back({kind->first, sides[0], sides[1], node.str(), text.str()});
  }
  return requirements;
}

ArrayAttr requirementsAttr(ArrayRef<Requirement> requirements, MLIRContext *context) {
  Builder builder(context);
  SmallVector<Attribute> list;
  for (const Requirement &each : requirements) {
    auto *kind = llvm::find_if(kindNames, [&](auto &known) { return known.first == each.kind; });
    list.push_back(builder.getArrayAttr(
        {builder.getStringAttr(kind->second), AffineMapAttr::get(sizesMap({each.lhs, each.rhs}, context)),
         builder.getStringAttr(each.node), builder.getStringAttr(each.text)}));
  }
  return list.empty() ? ArrayAttr() : builder.getArrayAttr(list);
}

SmallVector<Requirement> readRequirements(Operation *function) {
  return readRequirements(function->getAttrOfType<ArrayAttr>("tegula.require"));
}

void writeRequirements(Operation *function, ArrayRef<Requirement> requirements) {
  if (ArrayAttr list = requirementsAttr(requirements, function->getContext()))
    function->setAttr("tegula.require", list);
  else
    function->removeAttr("tegula.require");
}

} // namespace tegula::graph
