// The tile dialect: kernels as units of what runs together, and the host-side operations that launch them.
#ifndef TEGULA_TILE_OPS
#define TEGULA_TILE_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tegula::tile";
  let summary = "What runs together: kernels, their launches, views and packed constants.";
  let description = [{
    A module after the fuse phase holds one host function `func.func @main` and one `tile.kernel` a fused unit. Elements have their
    storage type here: booleans are `i8` (0 or 1), unsigned integers are signless of the same width.
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
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, OptionalAttr<AnyAttr>:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    /// The kernel's inputs, as values of the body.
    ::mlir::Block::BlockArgListType getInputs() { return getBody().front().getArguments(); }
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

def Tile_LaunchOp : Tile_Op<"launch", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on tensors";
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def Tile_ViewOp : Tile_Op<"view", [Pure]> {
  let summary = "the same elements in the same order under another shape; costs nothing";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
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
