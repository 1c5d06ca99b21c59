// Defines the sched dialect's attributes and verifies that a schedule is well formed on its own, whatever kernel it is meant for.
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

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, Algorithm, ArrayRef<LevelAttr> grid,
                                   ArrayRef<LevelAttr> loops, ArrayRef<int64_t> tile, int64_t lanes, int64_t unroll,
                                   ArrayRef<LevelAttr>) {
  for (int64_t size : tile)
    if (size <= 0)
      return emitError() << "expected positive tile sizes, got " << size;
  for (ArrayRef<LevelAttr> levels : {grid, loops})
    for (LevelAttr level : levels)
      if (!tile.empty() && level.getDim() >= tile.size())
        return emitError() << "expected a dimension below " << tile.size() << ", got " << level.getDim();
  if (lanes <= 0 || (lanes & (lanes - 1)))
    return emitError() << "expected lanes to be a power of two, got " << lanes;
  if (unroll <= 0)
    return emitError() << "expected a positive unroll factor, got " << unroll;
  return success();
}

} // namespace tegula::sched
