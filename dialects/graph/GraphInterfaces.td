// The one interface behind all elementwise operations, so that every pass treats them alike.
#ifndef TEGULA_GRAPH_INTERFACES
#define TEGULA_GRAPH_INTERFACES

include "mlir/IR/OpBase.td"

def Graph_ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::tegula::graph";
  let description = [{
    An operation whose result element depends on the operands' elements at the same position (after numpy broadcasting).
  }];
  let methods = [
    InterfaceMethod<[{
        Emits the computation of one element. `operands` are scalars of the operands' compute types (i1 for booleans, signless integers,
        floats as they are); signedness is read from the operation's own operand types. Returns a scalar of the result's element type,
        signless. Uses arith, math and ub operations only, so that it can be folded, vectorized or lowered anywhere.
      }], "::mlir::Value", "emitScalar",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::ValueRange":$operands)>,
  ];
}

#endif
