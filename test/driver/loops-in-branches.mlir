// A loop under a condition, whose step has a loop under another: the inner one's sizes are checked where that is run, not where the outer one is.
// RUN: tegula compile %s -o %t.tgl
// RUN: tegula run %t.tgl --dim n=3
// RUN: sed 's/compare gt, %m, %high/compare lt, %m, %high/' %s > %t.taken.mlir
// RUN: tegula verify %t.taken.mlir --dim n=6
// RUN: not tegula run %t.taken.mlir --dim n=3 2>&1 | FileCheck %s
// CHECK: expected a size of at least 0, got -1
#n = affine_map<()[s0] -> (s0)>
#m = affine_map<()[s0] -> (s0 - 4)>
func.func private @inner(%h: tensor<?xf32, #n>) -> tensor<?xf32, #n> attributes {tegula.symbols = ["n"]} {
  %s = graph.slice %h {starts = array<i64: 4>, steps = array<i64: 1>} : (tensor<?xf32, #n>) -> tensor<?xf32, #m>
  %e = graph.exp %s : tensor<?xf32, #m>
  %r = graph.reduce sum, %e {axes = array<i64: 0>} : (tensor<?xf32, #m>) -> tensor<f32>
  %a = graph.add %h, %r : (tensor<?xf32, #n>, tensor<f32>) -> tensor<?xf32, #n>
  return %a : tensor<?xf32, #n>
}
func.func private @outer(%h: tensor<?xf32, #n>, %d: tensor<i1>) -> tensor<?xf32, #n> attributes {tegula.symbols = ["n"]} {
  %c = graph.constant dense<3> : tensor<i64>
  %l = graph.loop @inner count(%c) carried(%h) : (tensor<i64>, tensor<?xf32, #n>) -> tensor<?xf32, #n>
  %y = graph.choose %d, %l, %h : (tensor<i1>) -> tensor<?xf32, #n>
  return %y : tensor<?xf32, #n>
}
func.func @main(%x: tensor<?xf32, #n> {tegula.dims = #n}) -> (tensor<?xf32, #n>) attributes {tegula.symbols = ["n"]} {
  %low = graph.constant dense<-1.0e30> : tensor<f32>
  %high = graph.constant dense<1.0e30> : tensor<f32>
  %m = graph.reduce max, %x {axes = array<i64: 0>} : (tensor<?xf32, #n>) -> tensor<f32>
  %c = graph.compare gt, %m, %low : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %d = graph.compare gt, %m, %high : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %k = graph.constant dense<3> : tensor<i64>
  %l = graph.loop @outer count(%k) carried(%x) captured(%d) : (tensor<i64>, tensor<?xf32, #n>, tensor<i1>) -> tensor<?xf32, #n>
  %y = graph.choose %c, %l, %x : (tensor<i1>) -> tensor<?xf32, #n>
  return %y : tensor<?xf32, #n>
}
