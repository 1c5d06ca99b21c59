// Defines the sched dialect's attributes and verifies that a schedule is well formed on its own, whatever
// kernel it is meant for.
#include "tegula/dialects/sched/Sched.h"

#include "mlir/IR/Builders.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "tegula/dialects/sched/SchedDialect.cpp.inc"
#include "tegula/dialects/sched/SchedEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "tegula/dialects/sched/SchedAttrs.cpp.inc"

namespace tegula::sched {

void SchedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tegula/dialects/sched/SchedAttrs.cpp.inc"
      >();
}

LogicalResult LevelAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned, int64_t size) {
  if (size <= 0)
    return emitError() << "expected a positive block size, got " << size;
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, Algorithm,
                                   ArrayRef<LevelAttr> grid, ArrayRef<LevelAttr> loops,
                                   ArrayRef<int64_t> tile, int64_t lanes, int64_t unroll,
                                   ArrayRef<LevelAttr>) {
  for (int64_t size : tile)
    if (size < 0)
      return emitError() << "expected tile sizes of at least 0, got " << size;
  for (ArrayRef<LevelAttr> levels : {grid, loops})
    for (LevelAttr level : levels)
      if (!tile.empty() && level.getDim() >= tile.size())
        return emitError() << "expected a dimension below " << tile.size() << ", got " << level.getDim();
  if (lanes <= 0 || lanes > mostLanes || (lanes & (lanes - 1)))
    return emitError() << "expected lanes to be a power of two of at most " << mostLanes << ", got " << lanes;
  if (unroll <= 0 || unroll > mostUnroll)
    return emitError() << "expected an unroll factor of 1 to " << mostUnroll << ", got " << unroll;
  return success();
}

/// `[` item `,` ... `]`
template <typename T, typename ParseItem>
static ParseResult parseList(AsmParser &parser, SmallVectorImpl<T> &list, ParseItem parseItem) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parseItem(list.emplace_back()); });
}

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  auto level = [&](LevelAttr &item) -> ParseResult {
    item = dyn_cast_or_null<LevelAttr>(LevelAttr::parse(parser, Type()));
    return success(item != nullptr);
  };
  auto number = [&](int64_t &item) { return parser.parseInteger(item); };
  SMLoc start = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseLess() || parser.parseKeyword(&word))
    return {};
  std::optional<Algorithm> algorithm = symbolizeAlgorithm(word);
  if (!algorithm)
    return parser.emitError(start, "expected map, contract, window, rows or loops, got '") << word << "'",
           Attribute();
  SmallVector<LevelAttr> grid, loops, pack;
  SmallVector<int64_t> tile;
  int64_t lanes = 1, unroll = 1;
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc here = parser.getCurrentLocation();
    if (parser.parseKeyword(&word) || parser.parseEqual())
      return {};
    ParseResult read =
        word == "grid"     ? parseList(parser, grid, level)
        : word == "loops"  ? parseList(parser, loops, level)
        : word == "tile"   ? parseList(parser, tile, number)
        : word == "lanes"  ? number(lanes)
        : word == "unroll" ? number(unroll)
        : word == "pack" ? parseList(parser, pack, level)
                         : parser.emitError(here, "expected grid, loops, tile, lanes, unroll or pack, got '")
                               << word << "'";
    if (read)
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ScheduleAttr>(start, parser.getContext(), *algorithm, grid, loops, tile, lanes,
                                         unroll, pack);
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyAlgorithm(getAlgorithm());
  auto list = [&](StringRef name, auto items, auto printItem) {
    if (items.empty())
      return;
    printer << ", " << name << " = [";
    llvm::interleaveComma(items, printer.getStream(), printItem);
    printer << ']';
  };
  auto level = [&](LevelAttr item) { item.print(printer); };
  list("grid", getGrid(), level);
  list("loops", getLoops(), level);
  list("tile", getTile(), [&](int64_t size) { printer << size; });
  if (getLanes() != 1)
    printer << ", lanes = " << getLanes();
  if (getUnroll() != 1)
    printer << ", unroll = " << getUnroll();
  list("pack", getPack(), level);
  printer << '>';
}

} // namespace tegula::sched
