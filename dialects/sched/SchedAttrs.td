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

def Sched_Multiply : I32EnumAttr<"Multiply", "what multiplies in a product of float32", [
    I32EnumAttrCase<"Fma", 0, "fma">,
    I32EnumAttrCase<"Tf32", 1, "tf32">,
    I32EnumAttrCase<"Bf16", 2, "bf16">,
    I32EnumAttrCase<"Fp16", 3, "fp16">]> {
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

def Sched_BlockAttr : Sched_Attr<"Block", "block"> {
  let summary = "how the threads of a group work together";
  let description = [{
    For machines whose threads are started in groups that share memory.

    * `threads`: threads of a group.
    * `together`: threads that compute one cell together: one after the other a warp, or the whole group.
    * `rows`, `columns`, `depth`: of a matrix product, the tile of the result that a group computes, and how much of the sum it stages in
      shared memory at a time.
    * `threadRows`, `threadColumns`: the part of that tile that a thread keeps in registers.
    * `stages`: how many steps of the sum are in shared memory at once: all but one of them are still on their way.
    * `multiply`: `fma`, the threads' own multiply-adds, or matrix units, which warps feed together with operands of `tf32`, `bf16` or `fp16`;
      float32 is rounded on its way to them, sums stay float32. A warp is then eight threads along the rows and four along the columns, and
      its part is made of 16 rows and 32 columns. The one entry of a schedule that changes a result: the compiler's `--precision` allows it.

    Example: `#sched.block<threads = 256, together = 256, rows = 128, columns = 128, depth = 16, threadRows = 8, threadColumns = 8, stages = 3, multiply = tf32>`
  }];
  let parameters = (ins
    "int64_t":$threads,
    "int64_t":$together,
    DefaultValuedParameter<"int64_t", "0">:$rows,
    DefaultValuedParameter<"int64_t", "0">:$columns,
    DefaultValuedParameter<"int64_t", "0">:$depth,
    DefaultValuedParameter<"int64_t", "0">:$threadRows,
    DefaultValuedParameter<"int64_t", "0">:$threadColumns,
    DefaultValuedParameter<"int64_t", "0">:$stages,
    DefaultValuedParameter<"Multiply", "Multiply::Fma">:$multiply);
  let assemblyFormat = "`<` struct(params) `>`";
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
    * `block`: how the threads of a group work together. With `rows`, `columns` and `depth` it stands instead of `grid`, `loops` and `tile`.

    Example: `#sched.schedule<contract, grid = [<1:168>], loops = [<2:16>, <1:6>], tile = [1, 6, 16], lanes = 8, unroll = 4, pack = [<1:16>]>`
  }];
  let parameters = (ins
    EnumParameter<Sched_Algorithm>:$algorithm,
    OptionalArrayRefParameter<"LevelAttr">:$grid,
    OptionalArrayRefParameter<"LevelAttr">:$loops,
    OptionalArrayRefParameter<"int64_t">:$tile,
    DefaultValuedParameter<"int64_t", "1">:$lanes,
    DefaultValuedParameter<"int64_t", "1">:$unroll,
    OptionalArrayRefParameter<"LevelAttr">:$pack,
    DefaultValuedParameter<"BlockAttr", "BlockAttr()">:$block);
  let hasCustomAssemblyFormat = 1; // parts may be left out, each on its own, which a declared format cannot say after a comma
  let genVerifyDecl = 1;
}

#endif
