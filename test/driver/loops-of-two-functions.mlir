// The body of a loop is over the symbols of the function that runs it.
// RUN: %python %S/../tools/Inputs/exit-code.py 1 tegula compile %s 2>&1 | FileCheck %s
// CHECK: expected bodies of loops over the symbols of the one function they are for
func.func private @step(%h: tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> attributes {tegula.symbols = ["m"]} {
  return %h : tensor<?xf32, affine_map<()[s0] -> (s0)>>
}
func.func @main(%h: tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> attributes {tegula.symbols = ["n"]} {
  %n = graph.constant dense<2> : tensor<i64>
  %0 = graph.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>>
  return %0 : tensor<?xf32, affine_map<()[s0] -> (s0)>>
}
