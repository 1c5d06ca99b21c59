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

static bool isPowerOfTwo(int64_t number) { return number > 0 && (number & (number - 1)) == 0; }

LogicalResult BlockAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t threads,
                                int64_t together, int64_t rows, int64_t columns, int64_t depth,
                                int64_t threadRows, int64_t threadColumns, int64_t stages,
                                Multiply multiply) {
  if (!isPowerOfTwo(threads) || threads > mostThreads)
    return emitError() << "expected a power of two of at most " << mostThreads << " threads, got " << threads;
  if (!isPowerOfTwo(together) || together > threads)
    return emitError() << "expected a power of two of at most " << threads << " threads together, got "
                       << together;
  if (rows == 0 && columns == 0 && depth == 0 && threadRows == 0 && threadColumns == 0 && stages == 0) {
    if (multiply != Multiply::Fma)
      return emitError() << "expected rows, columns and depth with '" << stringifyMultiply(multiply) << "'";
    return success();
  }
  for (int64_t size : {rows, columns, depth, threadRows, threadColumns})
    if (!isPowerOfTwo(size) || size > mostThreads)
      return emitError() << "expected tiles of powers of two of at most " << mostThreads << ", got " << size;
  if (together != threads || rows % threadRows || columns % threadColumns ||
      rows / threadRows * (columns / threadColumns) != threads)
    return emitError() << "expected parts of " << threads << " threads that make a tile of " << rows << " x "
                       << columns << ", got " << threadRows << " x " << threadColumns;
  if (threadColumns % 4 || depth % 4)
    return emitError() << "expected a thread's columns and the depth to be multiples of 4, got "
                       << threadColumns << " and " << depth;
  if (threadRows * threadColumns > mostThreadSums)
    return emitError() << "expected at most " << mostThreadSums << " sums of a thread, got " << threadRows
                       << " x " << threadColumns;
  if (depth > mostBlockDepth)
    return emitError() << "expected a depth of at most " << mostBlockDepth << ", got " << depth;
  if (stages < 2 || stages > mostStages)
    return emitError() << "expected 2 to " << mostStages << " stages, got " << stages;
  if (multiply == Multiply::Fma)
    return success();
  if (threadRows % 2 || threadColumns % 8 || rows < threadRows * warpRows ||
      columns < threadColumns * warpColumns)
    return emitError() << "expected warps with multiples of 16 rows and 32 columns of the tile of " << rows
                       << " x " << columns << ", got " << threadRows * warpRows << " x "
                       << threadColumns * warpColumns;
  if (depth < depthOf(multiply))
    return emitError() << "expected a depth of at least " << depthOf(multiply) << " with '"
                       << stringifyMultiply(multiply) << "', got " << depth;
  return success();
}

/// A block says all that tiles, blocks and packing would: beside it they could only be passed over.
static LogicalResult verifyBlock(function_ref<InFlightDiagnostic()> emitError, Algorithm algorithm,
                                 bool hasTiles, BlockAttr block) {
  if (algorithm != (block.getRows() ? Algorithm::Contract : Algorithm::Rows))
    return emitError()
           << "expected a block with rows and columns for contract, or one without for rows, got '"
           << stringifyAlgorithm(algorithm) << "'";
  if (hasTiles)
    return emitError() << "expected no grid, loops, tile or pack beside a block";
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, Algorithm algorithm,
                                   ArrayRef<LevelAttr> grid, ArrayRef<LevelAttr> loops,
                                   ArrayRef<int64_t> tile, int64_t lanes, int64_t unroll,
                                   ArrayRef<LevelAttr> pack, BlockAttr block) {
  bool hasTiles = !grid.empty() || !loops.empty() || !tile.empty() || !pack.empty();
  if (block && failed(verifyBlock(emitError, algorithm, hasTiles, block)))
    return failure();
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
  BlockAttr block;
  int64_t lanes = 1, unroll = 1;
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc here = parser.getCurrentLocation();
    if (parser.parseKeyword(&word) || parser.parseEqual())
      return {};
    auto threads = [&]() -> ParseResult {
      block = dyn_cast_or_null<BlockAttr>(BlockAttr::parse(parser, Type()));
      return success(block != nullptr);
    };
    ParseResult read =
        word == "grid"     ? parseList(parser, grid, level)
        : word == "loops"  ? parseList(parser, loops, level)
        : word == "tile"   ? parseList(parser, tile, number)
        : word == "lanes"  ? number(lanes)
        : word == "unroll" ? number(unroll)
        : word == "pack"   ? parseList(parser, pack, level)
        : word == "block"
            ? threads()
            : parser.emitError(here, "expected grid, loops, tile, lanes, unroll, pack or block, got '")
                  << word << "'";
    if (read)
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ScheduleAttr>(start, parser.getContext(), *algorithm, grid, loops, tile, lanes,
                                         unroll, pack, block);
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
  if (getBlock()) {
    printer << ", block = ";
    getBlock().print(printer);
  }
  printer << '>';
}

} // namespace tegula::sched
