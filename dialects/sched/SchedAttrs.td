// The sched dialect: attributes that say how a kernel runs, as plain data, because a schedule must be printable, editable and replaceable.
#ifndef TEGULA_SCHED_ATTRS
#define TEGULA_SCHED_ATTRS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/EnumAttr.td"

def Sched_Dialect : Dialect {
  let name = "sched";
  let cppNamespace = "::tegula::sched";
  let summary = "How a kernel runs: tile sizes, loop order, packing. Attributes only.";
  let description = [{
    A schedule never changes a result. Deleting every `#sched.schedule` leaves a module that compiles to the same numbers, slowly.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def Sched_Algorithm : I32EnumAttr<"Algorithm", "how the kernel's anchor operation is computed", [
    I32EnumAttrCase<"Map", 0, "map">,
    I32EnumAttrCase<"Contract", 1, "contract">,
    I32EnumAttrCase<"Window", 2, "window">,
    I32EnumAttrCase<"Rows", 3, "rows">,
    I32EnumAttrCase<"Loops", 4, "loops">]> {
  let cppNamespace = "::tegula::sched";
  let genSpecializedAttr = 0;
}

class Sched_Attr<string name, string attrMnemonic> : AttrDef<Sched_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Sched_LevelAttr : Sched_Attr<"Level", "level"> {
  let summary = "one loop of the nest: which dimension of the root is split, into blocks of which size";
  let parameters = (ins "unsigned":$dim, "int64_t":$size);
  let assemblyFormat = "`<` $dim `:` $size `>`";
  let genVerifyDecl = 1;
}

def Sched_ScheduleAttr : Sched_Attr<"Schedule", "schedule"> {
  let summary = "how one kernel runs";
  let description = [{
    Dimensions are those of the kernel's root operation (the one that makes its result).

    * `algorithm`: `map` (each output element on its own), `contract` (a register tile of accumulators over reduction loops,
      one operand broadcast), `window` (the same with both operands along the vector: depthwise convolution, pooling),
      `rows` (reductions along the vector dimension: softmax, normalisation), `loops` (plain scalar loops).
    * `grid`: blocks that run in parallel, outermost first. Their number is the number of cells of the kernel.
    * `loops`: sequential blocking loops inside a cell, outermost first.
    * `tile`: size of the innermost tile for each dimension, 0 for the whole of one whose size only the run tells; a last tile that would not
      fit is moved back so that it overlaps the one before.
      With `contract` and `window` a tile is at most 128 vectors.
    * `lanes`: elements of one vector, a power of two of at most 64; the vector dimension is the last one.
    * `unroll`: how many steps of the innermost reduction loop (or of the vector loop of `rows` and `map`) stand in one iteration, at most 64.
    * `pack`: for kernel argument numbers, the panel width to which a constant operand's vector dimension is packed at compile time.

    Example: `#sched.schedule<contract, grid = [<1:168>], loops = [<2:16>, <1:6>], tile = [1, 6, 16], lanes = 8, unroll = 4, pack = [<1:16>]>`
  }];
  let parameters = (ins
    EnumParameter<Sched_Algorithm>:$algorithm,
    OptionalArrayRefParameter<"LevelAttr">:$grid,
    OptionalArrayRefParameter<"LevelAttr">:$loops,
    OptionalArrayRefParameter<"int64_t">:$tile,
    DefaultValuedParameter<"int64_t", "1">:$lanes,
    DefaultValuedParameter<"int64_t", "1">:$unroll,
    OptionalArrayRefParameter<"LevelAttr">:$pack);
  let hasCustomAssemblyFormat = 1; // parts may be left out, each on its own, which a declared format cannot say after a comma
  let genVerifyDecl = 1;
}

#endif
