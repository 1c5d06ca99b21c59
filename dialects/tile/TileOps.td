// The tile dialect: kernels as units of what runs together, and the host-side operations that launch them.
#ifndef TEGULA_TILE_OPS
#define TEGULA_TILE_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tegula::tile";
  let summary = "What runs together: kernels, their launches, views and packed constants.";
  let description = [{
    A module after the fuse phase holds one host function `func.func @main` and one `tile.kernel` a fused unit. Elements have their
    storage type here: booleans are `i8` (0 or 1), unsigned integers are signless of the same width.

    Sizes that are unknown at compile time are `?` in types. A kernel receives them as plain numbers, and the host function computes those
    with `tile.size` from the model's symbols. `tegula.symbols = ["batch", "seq"]` on the host function names the symbols s0, s1, ...;
    `tegula.dims = affine_map<()[s0] -> (s0, 128)>` on an argument or result gives the sizes of a tensor with unknown ones.
  }];
  let dependentDialects = ["::tegula::sched::SchedDialect"];
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

def Tile_KernelOp : Tile_Op<"kernel", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "one fused unit of computation";
  let description = [{
    The region's arguments are the kernel's input tensors; `tile.yield` gives its result tensors. The body is linalg, tensor, arith and math.
    `schedule` says how it runs; without one it runs as plain loops, to the same values.

    ```mlir
    tile.kernel @relu(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %e = tensor.empty() : tensor<8x4xf32>
      %y = linalg.generic ...
      tile.yield %y : tensor<8x4xf32>
    }
    ```

    After the tensors come index arguments, the kernel's sizes: numbers between which no relation is known. `dims` says, for each tensor
    (inputs, then results), which of them gives each dimension; -1 stands for a dimension that its type knows. It is absent where the types
    know all. A body takes sizes from these arguments only.

    ```mlir
    tile.kernel @relu(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] {
      %e = tensor.empty(%n) : tensor<?x4xf32>
      %y = linalg.generic ...
      tile.yield %y : tensor<?x4xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
    OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "for each tensor, the size argument of each dimension">>:$dims,
    OptionalAttr<AnyAttr>:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    /// The kernel's input tensors, as values of the body.
    ::mlir::Block::BlockArgListType getInputs() { return getBody().front().getArguments().take_front(getNumInputs()); }
    /// The kernel's sizes, as values of the body.
    ::mlir::Block::BlockArgListType getSizes() { return getBody().front().getArguments().drop_front(getNumInputs()); }
    unsigned getNumInputs();
    unsigned getNumSizes() { return getFunctionType().getNumInputs() - getNumInputs(); }
    /// The types of the input tensors, and of the results.
    ::llvm::ArrayRef<::mlir::Type> getInputTypes() { return getFunctionType().getInputs().take_front(getNumInputs()); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    /// The number of the size argument that gives dimension `dim` of a tensor, or -1 where its type does.
    int64_t getInputDim(unsigned input, unsigned dim) { return getTensorDim(input, dim); }
    int64_t getResultDim(unsigned result, unsigned dim) { return getTensorDim(getNumInputs() + result, dim); }
    int64_t getTensorDim(unsigned tensor, unsigned dim);
    ::mlir::Block &getBlock() { return getBody().front(); }
    /// The schedule, or null where none has been decided.
    ::tegula::sched::ScheduleAttr getSched();
  }];
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "the results of a kernel";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ /* ends a kernel without results */ }]>];
}

def Tile_LaunchOp : Tile_Op<"launch", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on tensors";
  let description = [{
    `sizes` are the kernel's sizes, in its order.

    ```mlir
    %n = tile.size affine_map<()[s0, s1] -> (s0 * s1)>
    %y = tile.launch @relu(%x) sizes(%n) : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$inputs, Variadic<Index>:$sizes);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` (`sizes` `(` $sizes^ `)`)? attr-dict `:` functional-type($inputs, $outputs)";
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$outputs, "::mlir::FlatSymbolRefAttr":$kernel, "::mlir::ValueRange":$inputs),
                            [{ build($_builder, $_state, outputs, kernel, inputs, ::mlir::ValueRange()); }]>];
}

def Tile_ChooseOp : Tile_Op<"choose", [Pure, AllTypesMatch<["then_value", "else_value", "result"]>]> {
  let summary = "one of two tensors by a condition; what only the other one needs is not computed";
  let description = [{
    `condition` is one byte, 0 or 1. Launches whose results are demanded through one side only run under that side's condition: the host
    function branches. `then_require` and `else_require` list what a side assumes of the model's sizes, in the form of `tegula.require`; it is
    checked where that side is taken.

    ```mlir
    %y = tile.choose %c, %a, %b : (tensor<i8>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$then_value, AnyRankedTensor:$else_value,
                       OptionalAttr<ArrayAttr>:$then_require, OptionalAttr<ArrayAttr>:$else_require);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$condition `,` $then_value `,` $else_value attr-dict `:` `(` type($condition) `)` `->` type($result)";
  let hasVerifier = 1;
}

def Tile_LoopOp : Tile_Op<"loop", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a host function several times, what one run gives being what the next one takes";
  let description = [{
    `body` is a private host function over the same symbols: it takes the carried tensors, one slice of each scanned tensor (without its first
    dimension) and the captured tensors, and gives the carried tensors of the next step, then a slice of each stacked result. `count` is a
    tile.size, or one integer of 64 bits that the host reads; with `ends` the body's first result is one byte, and no step follows one that
    gives 0. `histories` and `reversed` are as for `graph.loop`.

    No data moves: slices are addresses in the tensors that hold them, and carried tensors alternate between two buffers. Only behind
    tegula-align-slices do bodies copy slices that a device could not access where they lie.

    ```mlir
    %n = tile.size affine_map<()[s0] -> (s0)>
    %last, %all = tile.loop @step count(%n) carried(%h0) scanned(%xs) captured(%w) {histories = array<i64: 0>}
      : (index, tensor<4xf32>, tensor<?x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, AnyTypeOf<[Index, AnyRankedTensor]>:$count, Variadic<AnyRankedTensor>:$carried,
                       Variadic<AnyRankedTensor>:$scanned, Variadic<AnyRankedTensor>:$captured,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$histories, DefaultValuedAttr<DenseBoolArrayAttr, "{}">:$reversed,
                       UnitAttr:$ends);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $body `count` `(` $count `)` (`carried` `(` $carried^ `)`)? (`scanned` `(` $scanned^ `)`)? (`captured` `(` $captured^ `)`)? attr-dict
    `:` functional-type(operands, $results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How many results hold a slice a step, of those that the body gives as such.
    unsigned getNumStacked() { return getResults().size() - getCarried().size() - getHistories().size(); }
    /// Whether the steps go from the last slice to the first, of scanned tensor `index`, and of slice-wise result `index`.
    bool isScannedReversed(unsigned index) { return !getReversed().empty() && getReversed()[index]; }
    bool isStackedReversed(unsigned index) { return isScannedReversed(getScanned().size() + index); }
    /// Whether a result is computed where the loop's user wants it: those that hold slices are.
    bool isStacked(::mlir::OpResult result) { return result.getResultNumber() >= getCarried().size(); }
  }];
}

def Tile_SizeOp : Tile_Op<"size", [Pure]> {
  let summary = "a number computed from the model's symbols, on the host";
  let description = [{
    The symbols are those that `tegula.symbols` of the host function names, in its order.

    ```mlir
    %n = tile.size affine_map<()[s0, s1] -> (s0 * s1)>
    ```
  }];
  let arguments = (ins AffineMapAttr:$value);
  let results = (outs Index:$result);
  let assemblyFormat = "$value attr-dict";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::AffineExpr":$value)>];
  let extraClassDeclaration = [{
    ::mlir::AffineExpr getExpr() { return getValue().getResult(0); }
  }];
}

def Tile_ViewOp : Tile_Op<"view", [Pure]> {
  let summary = "the same elements in the same order under another shape; costs nothing";
  let description = [{
    `sizes` are those of the result's unknown dimensions, in their order.

    ```mlir
    %y = tile.view %x sizes(%n) : tensor<?x4x2xf32> to tensor<?x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, Variadic<Index>:$sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source (`sizes` `(` $sizes^ `)`)? attr-dict `:` type($source) `to` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$source),
                            [{ build($_builder, $_state, result, source, ::mlir::ValueRange()); }]>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Tile_PackOp : Tile_Op<"pack", [Pure]> {
  let summary = "relayout of a constant operand into panels, done at compile time";
  let description = [{
    The source has shape `[..., K..., N]` (the last dimension is the panel dimension). The result has shape `[J, ..., K..., W]` where `W` is the
    panel width and `J = ceil(N / W)`; panel `j` holds columns `min(j*W, N-W) ... min(j*W, N-W)+W-1`, so the last panel overlaps the one before
    and nothing is padded. `W <= N`.
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Tile_UnpackOp : Tile_Op<"unpack", [Pure]> {
  let summary = "the logical tensor behind packed panels: the inverse of tile.pack, inside a kernel";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

#endif
