// The graph dialect: what is computed, free of ONNX versions and of machines.
#ifndef TEGULA_GRAPH_OPS
#define TEGULA_GRAPH_OPS

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/graph/GraphInterfaces.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::tegula::graph";
  let summary = "What is computed: typed operations on ranked tensors.";
  let description = [{
    Element types: `i1` for booleans, `i8 i16 i32 i64` signed, `ui8 ui16 ui32 ui64` unsigned, `f16 bf16 f32 f64`.
    Elementwise operations broadcast their operands as numpy does. Attributes that name axes are non-negative.

    A size may be unknown: it is then an expression over the model's symbols, which stand for numbers of at least 1. The type's encoding lists
    all sizes, `tensor<?x128xf32, affine_map<()[s0] -> (s0, 128)>>`; a static type has none. Where sizes could be equal or not, operations take
    them as equal; import has recorded that as a requirement on the function (`tegula.require`).
  }];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

/// Operand and result types say their sizes in normal form.
def Graph_SizedTypes : NativeOpTrait<"SizedTypes"> {
  let cppNamespace = "::tegula::graph";
}

class Graph_Op<string mnemonic, list<Trait> traits = []> : Op<Graph_Dialect, mnemonic, !listconcat([Pure, Graph_SizedTypes], traits)>;

// ---- Enumerations ----

class Graph_Enum<string name, string text, list<I32EnumAttrCase> cases> : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::tegula::graph";
  let genSpecializedAttr = 0;
}
class Graph_EnumAttr<EnumAttrInfo info, string mnemonic> : EnumAttr<Graph_Dialect, info, mnemonic>;

def Graph_Predicate : Graph_Enum<"Predicate", "how two numbers are compared", [
    I32EnumAttrCase<"Equal", 0, "eq">, I32EnumAttrCase<"NotEqual", 1, "ne">, I32EnumAttrCase<"Less", 2, "lt">,
    I32EnumAttrCase<"LessEqual", 3, "le">, I32EnumAttrCase<"Greater", 4, "gt">, I32EnumAttrCase<"GreaterEqual", 5, "ge">]>;
def Graph_ReduceKind : Graph_Enum<"ReduceKind", "how a reduction combines elements", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Prod", 4, "prod">]>;
def Graph_Layout : Graph_Enum<"Layout", "where the channel dimension of an image stands", [
    I32EnumAttrCase<"ChannelsFirst", 0, "channels_first">, I32EnumAttrCase<"ChannelsLast", 1, "channels_last">]>;
def Graph_PadMode : Graph_Enum<"PadMode", "what stands outside of a tensor", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
    I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def Graph_ResizeMode : Graph_Enum<"ResizeMode", "how new pixels are computed", [
    I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">, I32EnumAttrCase<"Cubic", 2, "cubic">]>;
def Graph_CoordinateMode : Graph_Enum<"CoordinateMode", "how an output coordinate maps to the input", [
    I32EnumAttrCase<"HalfPixel", 0, "half_pixel">, I32EnumAttrCase<"HalfPixelSymmetric", 1, "half_pixel_symmetric">,
    I32EnumAttrCase<"PytorchHalfPixel", 2, "pytorch_half_pixel">, I32EnumAttrCase<"AlignCorners", 3, "align_corners">,
    I32EnumAttrCase<"Asymmetric", 4, "asymmetric">, I32EnumAttrCase<"TfHalfPixelForNn", 5, "tf_half_pixel_for_nn">,
    I32EnumAttrCase<"TfCropAndResize", 6, "tf_crop_and_resize">]>;
def Graph_NearestMode : Graph_Enum<"NearestMode", "how a nearest coordinate is rounded", [
    I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">, I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
    I32EnumAttrCase<"Floor", 2, "floor">, I32EnumAttrCase<"Ceil", 3, "ceil">]>;

def Graph_PredicateAttr : Graph_EnumAttr<Graph_Predicate, "predicate">;
def Graph_ReduceKindAttr : Graph_EnumAttr<Graph_ReduceKind, "reduce_kind">;
def Graph_LayoutAttr : Graph_EnumAttr<Graph_Layout, "layout">;
def Graph_PadModeAttr : Graph_EnumAttr<Graph_PadMode, "pad_mode">;
def Graph_ResizeModeAttr : Graph_EnumAttr<Graph_ResizeMode, "resize_mode">;
def Graph_CoordinateModeAttr : Graph_EnumAttr<Graph_CoordinateMode, "coordinate_mode">;
def Graph_NearestModeAttr : Graph_EnumAttr<Graph_NearestMode, "nearest_mode">;

/// A signed number; ODS reads I64Attr as unsigned.
def Graph_IndexAttr : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit signless integer attribute">;

// ---- Constants ----

def Graph_ConstantOp : Graph_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a tensor known at compile time (ONNX initializers and Constant)";
  let description = "Small values are dense attributes and take part in folding; weights are dense resources that are not copied.";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Graph_SizesOp : Graph_Op<"sizes", [ConstantLike]> {
  let summary = "sizes as data: integers computed from the model's symbols (ONNX Shape and what exporters compute from it)";
  let description = [{
    `values` are the elements in row-major order.

    ```mlir
    %0 = graph.sizes {values = affine_map<()[s0] -> (s0, 3)>} : tensor<2xi64>
    ```
  }];
  let arguments = (ins AffineMapAttr:$values);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

// ---- Elementwise ----

class Graph_Elementwise<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<Graph_ElementwiseOpInterface>], traits)> {
  let hasFolder = 1;
}
class Graph_Unary<string mnemonic, string text> : Graph_Elementwise<mnemonic, [SameOperandsAndResultType]> {
  let summary = text;
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}
class Graph_FloatUnary<string mnemonic, string text> : Graph_Unary<mnemonic, text> {
  let hasVerifier = 1;
}
class Graph_UnaryTest<string mnemonic, string text> : Graph_Elementwise<mnemonic, []> {
  let summary = text;
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type($input, $result)";
  let hasVerifier = 1;
}
class Graph_Binary<string mnemonic, string text> : Graph_Elementwise<mnemonic, []> {
  let summary = text;
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Graph_AbsOp : Graph_Unary<"abs", "absolute value (ONNX Abs)">;
def Graph_NegOp : Graph_Unary<"neg", "negation (ONNX Neg)">;
def Graph_ExpOp : Graph_FloatUnary<"exp", "e to the power (ONNX Exp)">;
def Graph_LogOp : Graph_FloatUnary<"log", "natural logarithm (ONNX Log)">;
def Graph_SqrtOp : Graph_FloatUnary<"sqrt", "square root (ONNX Sqrt)">;
def Graph_ReciprocalOp : Graph_FloatUnary<"reciprocal", "one divided by the input (ONNX Reciprocal)">;
def Graph_FloorOp : Graph_FloatUnary<"floor", "largest integer not above (ONNX Floor)">;
def Graph_CeilOp : Graph_FloatUnary<"ceil", "smallest integer not below (ONNX Ceil)">;
def Graph_RoundOp : Graph_FloatUnary<"round", "nearest integer, halves to even (ONNX Round)">;
def Graph_SignOp : Graph_Unary<"sign", "-1, 0 or 1 (ONNX Sign)">;
def Graph_ErfOp : Graph_FloatUnary<"erf", "Gauss error function (ONNX Erf)">;
def Graph_SinOp : Graph_FloatUnary<"sin", "sine (ONNX Sin)">;
def Graph_CosOp : Graph_FloatUnary<"cos", "cosine (ONNX Cos)">;
def Graph_TanOp : Graph_FloatUnary<"tan", "tangent (ONNX Tan)">;
def Graph_AsinOp : Graph_FloatUnary<"asin", "inverse sine (ONNX Asin)">;
def Graph_AcosOp : Graph_FloatUnary<"acos", "inverse cosine (ONNX Acos)">;
def Graph_AtanOp : Graph_FloatUnary<"atan", "inverse tangent (ONNX Atan)">;
def Graph_SinhOp : Graph_FloatUnary<"sinh", "hyperbolic sine (ONNX Sinh)">;
def Graph_CoshOp : Graph_FloatUnary<"cosh", "hyperbolic cosine (ONNX Cosh)">;
def Graph_AsinhOp : Graph_FloatUnary<"asinh", "inverse hyperbolic sine (ONNX Asinh)">;
def Graph_AcoshOp : Graph_FloatUnary<"acosh", "inverse hyperbolic cosine (ONNX Acosh)">;
def Graph_AtanhOp : Graph_FloatUnary<"atanh", "inverse hyperbolic tangent (ONNX Atanh)">;
def Graph_TanhOp : Graph_FloatUnary<"tanh", "hyperbolic tangent (ONNX Tanh)">;
def Graph_SigmoidOp : Graph_FloatUnary<"sigmoid", "1 / (1 + exp(-x)) (ONNX Sigmoid)">;
def Graph_ReluOp : Graph_Unary<"relu", "max(x, 0) (ONNX Relu)">;
def Graph_NotOp : Graph_Unary<"not", "logical not of booleans, bitwise not of integers (ONNX Not, BitwiseNot)">;
def Graph_IsNaNOp : Graph_UnaryTest<"is_nan", "whether an element is not a number (ONNX IsNaN)">;
def Graph_IsInfOp : Graph_UnaryTest<"is_inf", "whether an element is infinite (ONNX IsInf)"> {
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<BoolAttr, "true">:$negative, DefaultValuedAttr<BoolAttr, "true">:$positive);
}
def Graph_CastOp : Graph_UnaryTest<"cast", "conversion between element types (ONNX Cast)"> {
  let description = "Float to integer truncates towards zero; anything to i1 is a comparison with zero.";
}

def Graph_AddOp : Graph_Binary<"add", "sum (ONNX Add)">;
def Graph_SubOp : Graph_Binary<"sub", "difference (ONNX Sub)">;
def Graph_MulOp : Graph_Binary<"mul", "product (ONNX Mul)">;
def Graph_DivOp : Graph_Binary<"div", "quotient, integers truncated towards zero (ONNX Div)">;
def Graph_PowOp : Graph_Binary<"pow", "power; result has the left operand's type (ONNX Pow)">;
def Graph_MaxOp : Graph_Binary<"max", "larger of two, NaN if one is (ONNX Max)">;
def Graph_MinOp : Graph_Binary<"min", "smaller of two, NaN if one is (ONNX Min)">;
def Graph_ModOp : Graph_Binary<"mod", "remainder (ONNX Mod)"> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, DefaultValuedAttr<BoolAttr, "false">:$fmod);
  let description = "With `fmod` the sign is the dividend's, else the divisor's.";
}
def Graph_AndOp : Graph_Binary<"and", "logical and bitwise and (ONNX And, BitwiseAnd)">;
def Graph_OrOp : Graph_Binary<"or", "logical and bitwise or (ONNX Or, BitwiseOr)">;
def Graph_XorOp : Graph_Binary<"xor", "logical and bitwise exclusive or (ONNX Xor, BitwiseXor)">;
def Graph_ShiftLeftOp : Graph_Binary<"shift_left", "shift of unsigned integers to the left (ONNX BitShift)">;
def Graph_ShiftRightOp : Graph_Binary<"shift_right", "shift of unsigned integers to the right (ONNX BitShift)">;
def Graph_CompareOp : Graph_Binary<"compare", "comparison, result i1 (ONNX Equal, Less, LessOrEqual, Greater, GreaterOrEqual)"> {
  let arguments = (ins Graph_PredicateAttr:$predicate, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let assemblyFormat = "$predicate `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
}
def Graph_WhereOp : Graph_Elementwise<"where"> {
  let summary = "choice between two tensors by a condition (ONNX Where)";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$condition `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

// ---- Branches ----

def Graph_ChooseOp : Graph_Op<"choose", [AllTypesMatch<["then_value", "else_value", "result"]>]> {
  let summary = "one of two values by a condition; what only the other one needs is not computed (ONNX If)";
  let description = [{
    `condition` has one element. A branch has no region: its operations stand before, among all others, and what is demanded through one side
    only is computed under that side's condition. `then_require` and `else_require` list what a side assumes of the model's sizes, in the form
    of `tegula.require`; it is checked where that side is taken.

    ```mlir
    %y = graph.choose %c, %a, %b : (tensor<i1>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$then_value, AnyRankedTensor:$else_value,
                       OptionalAttr<ArrayAttr>:$then_require, OptionalAttr<ArrayAttr>:$else_require);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$condition `,` $then_value `,` $else_value attr-dict `:` `(` type($condition) `)` `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

// ---- Loops ----

def Graph_LoopOp : Graph_Op<"loop", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the steps of a function one after the other (ONNX Loop, Scan, LSTM, GRU, RNN)";
  let description = [{
    `body` is a private function of the module over the same symbols. It takes the carried values, one slice of each scanned tensor (without
    its first dimension) and the captured values; it gives the carried values of the next step, then a slice of each stacked result. What
    is captured is the same in each step.

    `count` is one integer of 64 bits: a constant, graph.sizes, or data of the run; less than 0 is 0. With `ends` the first result of the body
    is one boolean, and no step follows one that gives false. Scanned tensors and stacked results have `count` slices, which must then be
    known or follow from symbols; with `ends` no result is stacked.

    Results are the carried values after the last step (those given where there is no step), the stacked results, then the stacked values of
    the carried ones that `histories` numbers. `reversed` says of each scanned tensor, then of each stacked result and history, whether the
    steps go from its last slice to its first; empty is false of all.

    ```mlir
    func.func private @step(%h: tensor<4xf32>, %x: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32>
    %last, %all = graph.loop @step count(%n) carried(%h0) scanned(%xs) captured(%w) {histories = array<i64: 0>}
      : (tensor<i64>, tensor<4xf32>, tensor<9x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, AnyRankedTensor:$count, Variadic<AnyRankedTensor>:$carried, Variadic<AnyRankedTensor>:$scanned,
                       Variadic<AnyRankedTensor>:$captured, DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$histories,
                       DefaultValuedAttr<DenseBoolArrayAttr, "{}">:$reversed, UnitAttr:$ends);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $body `count` `(` $count `)` (`carried` `(` $carried^ `)`)? (`scanned` `(` $scanned^ `)`)? (`captured` `(` $captured^ `)`)? attr-dict
    `:` functional-type(operands, $results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How many slices there are; nothing where data of the run says it.
    std::optional<::tegula::graph::Dim> getSteps();
  }];
}

// ---- Movement ----

class Graph_Move<string mnemonic, string text, dag extra> : Graph_Op<mnemonic> {
  let summary = text;
  let arguments = !con((ins AnyRankedTensor:$input), extra);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Graph_ReshapeOp : Graph_Move<"reshape", "the same elements in the same order, another shape (ONNX Reshape, Flatten, Squeeze, Unsqueeze)", (ins)>;
def Graph_TransposeOp : Graph_Move<"transpose", "permuted dimensions: result dim i is input dim perm[i] (ONNX Transpose)", (ins DenseI64ArrayAttr:$perm)>;
def Graph_ExpandOp : Graph_Move<"expand", "numpy broadcast to the result's shape (ONNX Expand)", (ins)>;
def Graph_TileOp : Graph_Move<"tile", "repetition along each dimension (ONNX Tile)", (ins DenseI64ArrayAttr:$repeats)>;
def Graph_SliceOp : Graph_Move<"slice", "elements start, start+step, ... of each dimension, as many as the result has (ONNX Slice, Split)",
    (ins DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$steps)>;
def Graph_PadOp : Graph_Move<"pad", "more elements around a tensor; negative amounts crop (ONNX Pad)",
    (ins AnyRankedTensor:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, Graph_PadModeAttr:$mode)> {
  let description = "`value` is a tensor of one element, of the input's type; used in constant mode only.";
}
def Graph_GatherOp : Graph_Move<"gather", "slices of the input along an axis, by index; negative indices count from the end (ONNX Gather)",
    (ins AnyRankedTensor:$indices, Graph_IndexAttr:$axis)>;
def Graph_GatherElementsOp : Graph_Move<"gather_elements", "one element per index along an axis (ONNX GatherElements)",
    (ins AnyRankedTensor:$indices, Graph_IndexAttr:$axis)>;
def Graph_GatherNDOp : Graph_Move<"gather_nd", "slices by index tuples (ONNX GatherND)",
    (ins AnyRankedTensor:$indices, DefaultValuedAttr<Graph_IndexAttr, "0">:$batch_dims)>;
def Graph_TriluOp : Graph_Move<"trilu", "upper or lower triangle, zero elsewhere (ONNX Trilu)", (ins BoolAttr:$upper, Graph_IndexAttr:$diagonal)>;
def Graph_ResizeOp : Graph_Move<"resize", "interpolation to another size (ONNX Resize, Upsample)",
    (ins DenseF64ArrayAttr:$scales, Graph_ResizeModeAttr:$mode, Graph_CoordinateModeAttr:$coordinates, Graph_NearestModeAttr:$nearest,
         DefaultValuedAttr<F64Attr, "-0.75">:$cubic_coeff, DefaultValuedAttr<BoolAttr, "false">:$exclude_outside,
         DefaultValuedAttr<BoolAttr, "false">:$antialias, DefaultValuedAttr<F64Attr, "0.0">:$extrapolation_value,
         DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$roi)> {
  let hasFolder = 0;
  let description = "`scales` has one factor a dimension (output size by input size as ONNX defines it; 0 where it is what the sizes give at run time); `roi` is starts then ends, for tf_crop_and_resize.";
}
def Graph_ConcatOp : Graph_Op<"concat"> {
  let summary = "tensors one after the other along an axis (ONNX Concat)";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Graph_IndexAttr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Graph_RangeOp : Graph_Op<"range"> {
  let summary = "start + i * delta (ONNX Range); the result's length is known";
  let arguments = (ins AnyRankedTensor:$start, AnyRankedTensor:$delta);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

// ---- Contractions, windows ----

def Graph_MatMulOp : Graph_Op<"matmul"> {
  let summary = "batched matrix product, as numpy.matmul for ranks of at least 2 (ONNX MatMul, Gemm)";
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Graph_ConvOp : Graph_Op<"conv"> {
  let summary = "convolution over N spatial dimensions (ONNX Conv, without its bias)";
  let description = [{
    channels_first: input [N, C, spatial...], filter [M, C/group, kernel...], result [N, M, spatial...] as in ONNX.
    channels_last: input [N, spatial..., C], filter [kernel..., C/group, M], result [N, spatial..., M].
    `pads_low`, `pads_high`: zeros before and after each spatial dimension.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, DefaultValuedAttr<Graph_IndexAttr, "1">:$group,
                       DefaultValuedAttr<Graph_LayoutAttr, "Layout::ChannelsFirst">:$layout);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $filter attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Graph_ConvTransposeOp : Graph_Op<"conv_transpose"> {
  let summary = "transposed convolution (ONNX ConvTranspose, without its bias)";
  let description = "channels_first only: input [N, C, spatial...], filter [C, M/group, kernel...]. Output position = input*stride + k*dilation - pads_low.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads_low, DefaultValuedAttr<Graph_IndexAttr, "1">:$group);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $filter attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
class Graph_Pool<string mnemonic, string text, dag extra> : Graph_Op<mnemonic> {
  let summary = text;
  let arguments = !con((ins AnyRankedTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                            DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
                            DefaultValuedAttr<Graph_LayoutAttr, "Layout::ChannelsFirst">:$layout), extra);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Graph_MaxPoolOp : Graph_Pool<"max_pool", "largest element of each window; positions outside the input do not count (ONNX MaxPool)", (ins)>;
def Graph_MaxPoolIndicesOp : Graph_Pool<"max_pool_indices", "flat index of the first largest element of each window (ONNX MaxPool's second result)",
    (ins DefaultValuedAttr<BoolAttr, "false">:$column_major)>;
def Graph_AveragePoolOp : Graph_Pool<"average_pool", "mean of each window (ONNX AveragePool)",
    (ins DefaultValuedAttr<BoolAttr, "false">:$count_include_pad)> {
  let description = [{
    A window counts positions inside the input, or with `count_include_pad` positions inside the input extended by its pads; positions beyond
    (which ceil mode makes possible) never count. The result's shape says how many windows there are.
  }];
}

// ---- Reductions ----

def Graph_ReduceOp : Graph_Op<"reduce"> {
  let summary = "reduction over axes, which disappear (ONNX ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd, GlobalAveragePool)";
  let arguments = (ins Graph_ReduceKindAttr:$kind, AnyRankedTensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind `,` $input attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Graph_ArgReduceOp : Graph_Op<"arg_reduce"> {
  let summary = "index of the largest or smallest element along an axis, which disappears (ONNX ArgMax, ArgMin)";
  let arguments = (ins AnyRankedTensor:$input, Graph_IndexAttr:$axis, BoolAttr:$largest, BoolAttr:$select_last);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Graph_CumSumOp : Graph_Op<"cum_sum"> {
  let summary = "running sum along an axis (ONNX CumSum)";
  let arguments = (ins AnyRankedTensor:$input, Graph_IndexAttr:$axis, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Graph_SoftmaxOp : Graph_Op<"softmax", [SameOperandsAndResultType]> {
  let summary = "exp(x - max) / sum of it, along an axis (ONNX Softmax; before opset 13 between reshapes)";
  let arguments = (ins AnyRankedTensor:$input, Graph_IndexAttr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Graph_LayerNormOp : Graph_Op<"layer_norm"> {
  let summary = "normalisation over all dimensions from axis on, times scale, plus bias (ONNX LayerNormalization)";
  let description = "`scale` and the optional `bias` broadcast to the input. Mean and variance are computed in f32.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$bias, Graph_IndexAttr:$axis, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

// ---- Bodies that people write ----

def Graph_CustomOp : Graph_Op<"custom", [IsolatedFromAbove, SingleBlock]> {
  let summary = "what a region of linalg computes (operators of a domain of one's own)";
  let description = [{
    For what no other operations of this dialect compose. The region's arguments are the operands, under types that may know less of their sizes
    and have none in an encoding; unsigned integers are signless there, and there are no booleans. It holds `tensor.empty`, `tensor.dim`,
    constants, operations of `linalg` on tensors with one result each, and arithmetic on numbers; bodies of `linalg.generic` may read elements
    anywhere (`tensor.extract`) and hold `scf.for` loops over numbers. Whatever can be checked is: sizes follow from those of the operands,
    indexing maps stay inside of each operand for all sizes, each element of a result is written, loops end after a number of steps that
    follows from sizes.

    An index of `tensor.extract` that is outside is moved to the nearest that is inside. Conversions to integers, divisions and shifts have a
    value for all operands, those that graph.cast, graph.div and graph.shift_left give; flags that promise more (`nsw`, `fastmath`) count
    for nothing. The order in which a reduction combines elements is open.

    ```mlir
    %y = graph.custom %x : (tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>) -> tensor<?x?xf32, affine_map<()[s0, s1] -> (s1, s0)>> {
    ^bb0(%a: tensor<?x?xf32>):
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %rows = tensor.dim %a, %c0 : tensor<?x?xf32>
      %columns = tensor.dim %a, %c1 : tensor<?x?xf32>
      %e = tensor.empty(%columns, %rows) : tensor<?x?xf32>
      %t = linalg.transpose ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) permutation = [1, 0]
      graph.yield %t : tensor<?x?xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "($inputs^)? attr-dict `:` functional-type($inputs, $result) $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Graph_YieldOp : Op<Graph_Dialect, "yield", [Pure, Terminator, ReturnLike, HasParent<"CustomOp">]> {
  let summary = "the result of a graph.custom";
  let arguments = (ins AnyRankedTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif
