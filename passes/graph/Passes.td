// The graph stage: graph to graph, without mentioning a machine.
#ifndef TEGULA_PASSES_GRAPH
#define TEGULA_PASSES_GRAPH

include "mlir/Pass/PassBase.td"

def SimplifyMovement : Pass<"tegula-simplify-movement", "::mlir::func::FuncOp"> {
  let summary = "remove and merge operations that only move elements";
  let description = [{
    Reshapes, transposes, slices and pads of one another become one; those that change nothing disappear; an expand before an
    elementwise operation is dropped, which broadcasts anyway; a transpose that moves unit dimensions only is a reshape; a gather with
    constant equidistant indices is a slice; a pool over the whole image is a reduction.

    ```mlir
    %1 = graph.transpose %0 {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
    %2 = graph.transpose %1 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
    %3 = graph.relu %2 : tensor<1x8x4x4xf32>
    // =>
    %3 = graph.relu %0 : tensor<1x8x4x4xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def MergeConcats : Pass<"tegula-merge-concats", "::mlir::func::FuncOp"> {
  let summary = "join the pieces of concats of concats at once";
  let description = [{
    A concat that only another one along the same axis reads is part of it; pieces without elements are left out. More than 32 pieces are
    joined in a tree, since a kernel's code grows with its pieces and the time to compile it more than that.

    ```mlir
    %1 = graph.concat %a, %b {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
    %2 = graph.concat %1, %c {axis = 0 : i64} : (tensor<5xf32>, tensor<4xf32>) -> tensor<9xf32>
    // =>
    %2 = graph.concat %a, %b, %c {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<9xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
  let statistics = [Statistic<"numConcatsMerged", "num-concats-merged", "concats that became parts of others">];
}

def SimplifyArithmetic : Pass<"tegula-simplify-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "replace arithmetic by cheaper arithmetic with the same numbers";
  let description = [{
    Neutral operands disappear, a subtracted constant is added negated, a division by a power of two is a multiplication, small constant
    powers are products and square roots. Nothing is reassociated: every rewrite keeps the value, or (third power) its last bit.

    ```mlir
    %c = graph.constant dense<2.0> : tensor<f32>
    %1 = graph.pow %0, %c : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
    // =>
    %1 = graph.mul %0, %0 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def FuseLayerNorm : Pass<"tegula-fuse-layer-norm", "::mlir::func::FuncOp"> {
  let summary = "recognise layer normalisation that is written as arithmetic";
  let description = [{
    Models exported before opset 17 spell it out: mean, difference, mean of squares, square root, quotient, scale, bias.

    ```mlir
    %s = graph.reduce mean, %x {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
    %m = graph.reshape %s : (tensor<4xf32>) -> tensor<4x1xf32>
    %d = graph.sub %x, %m : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
    ... sqrt(mean(%d * %d) + %eps), graph.div, graph.mul %scale, graph.add %bias
    // =>
    %y = graph.layer_norm %x, %scale, %bias {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (...) -> tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def FoldAffineIntoConv : Pass<"tegula-fold-affine-into-conv", "::mlir::func::FuncOp"> {
  let summary = "multiply constant per-channel factors into convolution filters and matrices";
  let description = [{
    Batch normalisation is imported as a product and a sum with constants of one element a channel. The product moves into the filter, the
    sum stays behind the convolution as its bias. FoldConstants computes the new filter.

    ```mlir
    %1 = graph.conv %x, %f {...} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %2 = graph.mul %1, %s : (tensor<1x4x6x6xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x6x6xf32>
    // =>
    %r = graph.reshape %s : (tensor<1x4x1x1xf32>) -> tensor<4x1x1x1xf32>
    %g = graph.mul %f, %r : (tensor<4x3x3x3xf32>, tensor<4x1x1x1xf32>) -> tensor<4x3x3x3xf32>
    %2 = graph.conv %x, %g {...} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def HoistSlices : Pass<"tegula-hoist-slices", "::mlir::func::FuncOp"> {
  let summary = "cut tensors before operations instead of behind them, where every element is still computed once";
  let description = [{
    Attention computes queries, keys and values in one product and cuts them apart. As the matrix is constant, its slices are too, and three
    products whose results need no copy are cheaper than one whose result is copied.

    ```mlir
    %1 = graph.matmul %x, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
    %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
    %3 = graph.slice %1 {starts = array<i64: 0, 16>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
    // =>
    %v = graph.slice %w {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<16x32xf32>) -> tensor<16x16xf32>
    %u = graph.slice %w {starts = array<i64: 0, 16>, steps = array<i64: 1, 1>} : (tensor<16x32xf32>) -> tensor<16x16xf32>
    %2 = graph.matmul %x, %v : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
    %3 = graph.matmul %x, %u : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def AssignLayout : Pass<"tegula-assign-layout", "::mlir::func::FuncOp"> {
  let summary = "bring convolutions and what lies between them to channels_last, with as few bytes transposed as possible";
  let description = [{
    Convolutions want their channels last. For every value that is connected to one, through operations that work in any layout, a minimum
    cut over the graph decides where the channels stand: a value whose producer and users disagree is transposed once, at the cost of its
    bytes. A model's own transposes take part, so that those around channels_last models cancel. Filters become [kernel..., C/group, M].

    ```mlir
    %1 = graph.conv %x, %f {...} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %2 = graph.relu %1 : tensor<1x4x6x6xf32>
    // =>
    %t = graph.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
    %g = graph.transpose %f {perm = array<i64: 2, 3, 1, 0>} : (tensor<4x3x3x3xf32>) -> tensor<3x3x3x4xf32>
    %1 = graph.conv %t, %g {..., layout = channels_last} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
    %3 = graph.relu %1 : tensor<1x6x6x4xf32>
    %2 = graph.transpose %3 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x6x6x4xf32>) -> tensor<1x4x6x6xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
  let statistics = [Statistic<"numConvsMoved", "num-convs-moved", "convolutions brought to channels_last">];
}

def ExpandArgReduce : Pass<"tegula-expand-arg-reduce", "::mlir::func::FuncOp"> {
  let summary = "find the place of the best element by two reductions";
  let description = [{
    The largest element is found first, then the smallest place that holds it (or the largest, for the last one). Both read rows as they come,
    where one reduction over places would have to look its best element up in every step. NaN is the best of all, as it is for the reductions.

    ```mlir
    %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, select_last = false} : (tensor<2x8xi32>) -> tensor<2xi64>
    // =>
    %best = graph.reduce max, %x {axes = array<i64: 1>} : (tensor<2x8xi32>) -> tensor<2xi32>
    %kept = graph.reshape %best : (tensor<2xi32>) -> tensor<2x1xi32>
    %is = graph.compare eq, %x, %kept : (tensor<2x8xi32>, tensor<2x1xi32>) -> tensor<2x8xi1>
    %places = graph.range %zero, %one : (tensor<i32>, tensor<i32>) -> tensor<8xi32>
    %c = graph.where %is, %places, %none : (tensor<2x8xi1>, tensor<1x8xi32>, tensor<i32>) -> tensor<2x8xi32>
    %first = graph.reduce min, %c {axes = array<i64: 1>} : (tensor<2x8xi32>) -> tensor<2xi32>
    %0 = graph.cast %first : (tensor<2xi32>) -> tensor<2xi64>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def SplitBodies : Pass<"tegula-split-bodies", "::mlir::func::FuncOp"> {
  let summary = "cuts bodies of graph.custom where a tensor of theirs is read at computed places";
  let description = [{
    Inside of one kernel such a tensor would be computed as a whole before anything reads it, by one thread. Stored between two kernels it is
    computed like any other.

    ```mlir
    %y = graph.custom %x : (tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%a: tensor<8xf32>):
      %t = linalg.generic ... ins(%a)
      %r = linalg.generic ... { ... tensor.extract %t[%i] ... }
      graph.yield %r : tensor<8xf32>
    }
    ```
    becomes
    ```mlir
    %t = graph.custom %x : (tensor<8xf32>) -> tensor<8xf32> { ... }
    %y = graph.custom %t : (tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%a: tensor<8xf32>):
      %r = linalg.generic ... { ... tensor.extract %a[%i] ... }
      graph.yield %r : tensor<8xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numBodiesSplit", "num-bodies-split", "cuts made">];
}

def SinkConstants : Pass<"tegula-sink-constants", "::mlir::ModuleOp"> {
  let summary = "gives bodies of loops the constants that are handed to them";
  let description = [{
    What a loop captures is a value of the body whatever it is outside. A constant is better known inside, where it can be folded and packed.

    ```mlir
    %w = graph.constant dense<2.0> : tensor<4xf32>
    %y = graph.loop @step count(%n) carried(%x) captured(%w) : (tensor<i64>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    func.func private @step(%h: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %y = graph.loop @step count(%n) carried(%x) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
    func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { %w = graph.constant dense<2.0> : tensor<4xf32> ... }
    ```
  }];
  let statistics = [Statistic<"numConstantsSunk", "num-constants-sunk", "captured constants that bodies have themselves">];
}

def ExplicitPadding : Pass<"tegula-explicit-padding", "::mlir::func::FuncOp"> {
  let summary = "pad the inputs of convolutions and pools, so that their inner loops need no bounds";
  let description = [{
    Copying the input costs one or two percent of a convolution, a test inside of it much more. Max pools are padded with the lowest number.
    Average pools keep their padding unless it counts.

    ```mlir
    %1 = graph.conv %x, %f {pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, layout = channels_last, ...}
    // =>
    %p = graph.pad %x, %zero {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, mode = constant}
    %1 = graph.conv %p, %f {pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, layout = channels_last, ...}
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect"];
}

def FoldConstants : Pass<"tegula-fold-constants", "::mlir::ModuleOp"> {
  let summary = "compute what depends on constants only";
  let description = [{
    Reshapes, transposes and slices of constants are done on their bytes. Every other operation whose operands are all constant goes into one module
    without inputs, which the compiler compiles at -O0, runs in process once, and whose results replace the operations: there is no second
    implementation of what an operation means. Results that would blow the model up stay computed at run time.

    ```mlir
    %1 = graph.mul %filter, %scale : (tensor<4x3x3x3xf32>, tensor<4x1x1x1xf32>) -> tensor<4x3x3x3xf32>
    // =>
    %1 = graph.constant dense_resource<folded> : tensor<4x3x3x3xf32>
    ```
  }];
  let dependentDialects = ["::tegula::graph::GraphDialect", "::mlir::func::FuncDialect"];
  let statistics = [Statistic<"numOpsFolded", "num-ops-folded", "operations computed at compile time">];
}

#endif
