// Text whose bodies of loops run themselves is refused.
// RUN: %python %S/../tools/Inputs/exit-code.py 1 tegula compile %s 2>&1 | FileCheck %s
// CHECK: expected loops whose bodies do not run themselves
func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<2> : tensor<i64>
  %0 = graph.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @main(%h: tensor<4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<2> : tensor<i64>
  %0 = graph.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
