// The orders of passes that take a tiled kernel towards LLVM on any machine, on one page, because most of
// what goes wrong here is an order.
#include "tegula/codegen/common/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace tegula::codegen {

void populateVectorizePipeline(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<tile::KernelOp>();
  kernels.addPass(createVectorizeKernel());
  kernels.addPass(createCSEPass());
  kernels.addPass(createLoopInvariantCodeMotionPass());
}

/// Tensors become buffers; nothing is allocated that the kernel was not given.
void populateBufferizePipeline(OpPassManager &pm, int64_t stackBytes) {
  pm.addPass(createLowerUnpack());
  pm.addPass(createOutlineKernel());
  bufferization::OneShotBufferizePassOptions options;
  options.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  // Copies of a buffer onto itself only show once equal views have been merged: canonicalize again after cse.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCanonicalizerPass());
  PlaceTemporariesOptions place;
  place.stackBytes = stackBytes;
  pm.addPass(createPlaceTemporaries(place));
}

/// Half precision is computed in single precision, and nothing needs a run-time library for it.
static void lowerNarrowFloats(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(math::createMathExtendToSupportedTypes());
  arith::ArithEmulateUnsupportedFloatsOptions arith;
  arith.sourceTypeStrs = {"bf16", "f16"};
  pm.addPass(arith::createArithEmulateUnsupportedFloats(arith));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
}

void populateLoopPipeline(OpPassManager &pm, Expansion expansion, bool keepDenormals) {
  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll().setTargetRank(1)));
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  lowerNarrowFloats(pm);
  if (expansion == Expansion::All)
    pm.addPass(createExpandFunctions()); // by functions that the next pass expands
  if (expansion != Expansion::None)
    pm.addPass(createExpandMath({keepDenormals}));
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
}

void populateLlvmPipeline(OpPassManager &pm) {
  ConvertVectorToLLVMPassOptions vectors;
  vectors.reassociateFPReductions = true;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
}

} // namespace tegula::codegen
