// Loops that share a body: its dispatches are numbered once, behind those of the function, and buffers live between numbers of dispatches.
// RUN: tegula compile %s -o %t.tgl
// RUN: tegula inspect %t.tgl --kernels | FileCheck %s
// RUN: tegula inspect %t.tgl --json | FileCheck %s --check-prefix=JSON
// RUN: tegula verify %s

// CHECK: 2 kernels in 2 dispatches
// CHECK: most memory is in use at dispatch 1:
// CHECK-COUNT-6: 16 bytes: {{.*}}, dispatches 0 to 1
// JSON: "first_dispatch": 0, "last_dispatch": 1
func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.tanh %h : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @main(%h: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<10> : tensor<i64>
  %y = graph.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  %z = graph.loop @step count(%n) carried(%y) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  %w = graph.loop @step count(%n) carried(%z) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return %w : tensor<4xf32>
}
