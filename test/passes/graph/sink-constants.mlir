// Constants that a loop captures become the body's own, also where a loop in the body captures them.
// RUN: tegula-opt %s --tegula-sink-constants -split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-sink-constants -split-input-file | tegula-equiv %s -

// CHECK-LABEL: func.func private @step
// CHECK-SAME: (%[[H:.*]]: tensor<4xf32>, %[[K:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[W:.*]] = graph.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK: %[[P:.*]] = graph.mul %[[H]], %[[W]]
// CHECK: graph.add %[[P]], %[[K]]
func.func private @step(%h: tensor<4xf32>, %w: tensor<4xf32>, %k: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.mul %h, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.add %0, %k : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK: graph.loop @step count(%{{.*}}) carried(%[[X]]) captured(%[[X]]) :
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<3> : tensor<i64>
  %w = graph.constant dense<2.0> : tensor<4xf32>
  %0 = graph.loop @step count(%n) carried(%x) captured(%w, %x) : (tensor<i64>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func private @inner
// CHECK-SAME: (%[[H:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[W:.*]] = graph.constant dense<2.000000e+00>
// CHECK: graph.mul %[[H]], %[[W]]
func.func private @inner(%h: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.mul %h, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK-LABEL: func.func private @outer
// CHECK-SAME: (%[[H:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK: graph.loop @inner count(%{{.*}}) carried(%[[H]]) :
func.func private @outer(%h: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<2> : tensor<i64>
  %0 = graph.loop @inner count(%n) carried(%h) captured(%w) : (tensor<i64>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK-LABEL: func.func @nested
// CHECK: graph.loop @outer count(%{{.*}}) carried(%{{.*}}) :
func.func @nested(%x: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<2> : tensor<i64>
  %w = graph.constant dense<2.0> : tensor<4xf32>
  %0 = graph.loop @outer count(%n) carried(%x) captured(%w) : (tensor<i64>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
