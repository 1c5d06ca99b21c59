// Finds the bodies of loops, for who has to treat them as the function that runs them.
#include "Bodies.h"

#include "Branches.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tegula::codegen::host {

using Bodies = llvm::SetVector<func::FuncOp>;

func::FuncOp bodyOf(tile::LoopOp loop) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr());
}

static void collect(func::FuncOp function, bool unconditionalOnly, Bodies &bodies) {
  Guards guards(function);
  for (auto loop : function.getOps<tile::LoopOp>()) {
    if (unconditionalOnly && !guards.of(loop).isAlways())
      continue;
    func::FuncOp body = bodyOf(loop);
    if (bodies.contains(body))
      continue;
    collect(body, unconditionalOnly, bodies);
    bodies.insert(body);
  }
}

SmallVector<func::FuncOp> bodiesOf(func::FuncOp function) {
  Bodies bodies;
  collect(function, /*unconditionalOnly=*/false, bodies);
  return bodies.takeVector();
}

SmallVector<func::FuncOp> bodiesOf(tile::LoopOp loop) {
  Bodies bodies;
  collect(bodyOf(loop), /*unconditionalOnly=*/false, bodies);
  bodies.insert(bodyOf(loop));
  return bodies.takeVector();
}

SmallVector<func::FuncOp> unconditionalBodiesOf(tile::LoopOp loop) {
  Bodies bodies;
  collect(bodyOf(loop), /*unconditionalOnly=*/true, bodies);
  bodies.insert(bodyOf(loop));
  return bodies.takeVector();
}

SmallVector<func::FuncOp> unconditionalBodiesOf(func::FuncOp function) {
  Bodies bodies;
  collect(function, /*unconditionalOnly=*/true, bodies);
  return bodies.takeVector();
}

} // namespace tegula::codegen::host
