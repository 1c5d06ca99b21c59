// Lowers math operations to what PTX has: expansions where there are any, and an error for the rest. It
// exists because there is no library to call on a GPU, and a missing function must be told before an
// assembler finds it.
#include "tegula/codegen/ptx/Passes.h"

#include "tegula/support/Refusal.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace tegula::codegen::ptx {
#define GEN_PASS_DEF_LOWERPTXMATH
#include "tegula/codegen/ptx/Passes.h.inc"

/// Whether PTX computes the operation in a few instructions, exactly rounded.
static bool hasInstructions(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp, math::CtPopOp, math::FloorOp, math::FmaOp, math::IsFiniteOp,
             math::IsInfOp, math::IsNaNOp, math::IsNormalOp, math::RoundEvenOp, math::RoundOp, math::SqrtOp,
             math::TruncOp>(op);
}

namespace {
struct LowerPtxMath : impl::LowerPtxMathBase<LowerPtxMath> {
  void runOnOperation() override {
    RewritePatternSet expansions(&getContext());
    math::populateExpansionPatterns(expansions, {"fpowi", "ipowi", "rsqrt", "sincos", "clampf"});
    walkAndApplyPatterns(getOperation(), std::move(expansions));
    WalkResult walked = getOperation().walk([](Operation *op) {
      // A remainder becomes a division and a product, which is none of large quotients.
      bool isFunction = isa_and_present<math::MathDialect>(op->getDialect()) || isa<arith::RemFOp>(op);
      if (!isFunction || hasInstructions(op))
        return WalkResult::advance();
      refuse(op->emitError(), Code::UnsupportedType)
          << op->getName().stripDialect() << " of " << op->getOperand(0).getType()
          << " is unsupported on this target: it has no such instruction, and no expansion is known";
      return WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
} // namespace tegula::codegen::ptx
