// What depends on constants only is computed at compile time.
// RUN: tegula-opt %s --tegula-fold-constants | FileCheck %s
// RUN: tegula-opt %s --tegula-fold-constants | tegula-equiv %s -

// CHECK-LABEL: @transposes_bytes
// CHECK-NEXT: graph.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK-NEXT: return
func.func @transposes_bytes() -> tensor<3x2xf32> {
  %0 = graph.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %1 = graph.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// CHECK-LABEL: @reshapes_without_a_copy
// CHECK-NEXT: graph.constant dense_resource<weights> : tensor<2x2xf32>
// CHECK-NEXT: return
func.func @reshapes_without_a_copy() -> tensor<2x2xf32> {
  %0 = graph.constant dense_resource<weights> : tensor<4xf32>
  %1 = graph.reshape %0 : (tensor<4xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// CHECK-LABEL: @transposes_resources
// CHECK-NEXT: graph.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
func.func @transposes_resources() -> tensor<2x2xf32> {
  %0 = graph.constant dense_resource<weights> : tensor<2x2xf32>
  %1 = graph.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// CHECK-LABEL: @slices_bytes
// CHECK-NEXT: graph.constant dense<{{\[\[}}2.000000e+00], [4.000000e+00]]> : tensor<2x1xf32>
func.func @slices_bytes() -> tensor<2x1xf32> {
  %0 = graph.constant dense_resource<weights> : tensor<2x2xf32>
  %1 = graph.slice %0 {starts = array<i64: 0, 1>, steps = array<i64: 1, 1>} : (tensor<2x2xf32>) -> tensor<2x1xf32>
  return %1 : tensor<2x1xf32>
}

// The rest is computed by the compiler's own code.
// CHECK-LABEL: @computes_with_the_oracle
// CHECK-SAME: (%[[X:.*]]: tensor<2x2xf32>)
// CHECK-DAG: %[[E:.*]] = graph.constant dense<{{\[\[}}2.71828{{.*}}], {{\[}}20.0855{{.*}}]]> : tensor<2x2xf32>
// CHECK-DAG: %[[S:.*]] = graph.constant dense<[3.000000e+00, 7.000000e+00]> : tensor<2xf32>
// CHECK: graph.add %[[X]], %[[E]]
// CHECK-NEXT: return %{{.*}}, %[[S]]
func.func @computes_with_the_oracle(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xf32>) {
  %0 = graph.constant dense_resource<weights> : tensor<2x2xf32>
  %1 = graph.exp %0 : tensor<2x2xf32>
  %2 = graph.reduce sum, %0 {axes = array<i64: 1>} : (tensor<2x2xf32>) -> tensor<2xf32>
  %3 = graph.add %x, %1 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %3, %2 : tensor<2x2xf32>, tensor<2xf32>
}

// A model must not grow without bound: what would add more than 64 MiB stays where it is.
// CHECK-LABEL: @keeps_what_would_grow_the_model
// CHECK: graph.expand
func.func @keeps_what_would_grow_the_model() -> tensor<8200xi8> {
  %0 = graph.constant dense<[[1, 2, 3, 4, 5]]> : tensor<1x5xi8>
  %1 = graph.tile %0 {repeats = array<i64: 1, 1640>} : (tensor<1x5xi8>) -> tensor<1x8200xi8>
  %2 = graph.expand %1 : (tensor<1x8200xi8>) -> tensor<8200x8200xi8>
  %3 = graph.reduce max, %2 {axes = array<i64: 0>} : (tensor<8200x8200xi8>) -> tensor<8200xi8>
  return %3 : tensor<8200xi8>
}

// A constant of unknown size is no constant.
// CHECK-LABEL: @keeps_symbolic_expand
// CHECK: graph.expand
func.func @keeps_symbolic_expand(%x: tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> attributes {tegula.symbols = ["a"]} {
  %one = graph.constant dense<1.0> : tensor<1xf32>
  %two = graph.constant dense<2.0> : tensor<1xf32>
  %0 = graph.expand %one : (tensor<1xf32>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>>
  %1 = graph.sub %0, %two : (tensor<?xf32, affine_map<()[s0] -> (s0)>>, tensor<1xf32>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>>
  %2 = graph.add %x, %1 : (tensor<?xf32, affine_map<()[s0] -> (s0)>>, tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>>
  return %2 : tensor<?xf32, affine_map<()[s0] -> (s0)>>
}

{-#
  dialect_resources: {
    builtin: {
      weights: "0x040000000000803F000000400000404000008040"
    }
  }
#-}
