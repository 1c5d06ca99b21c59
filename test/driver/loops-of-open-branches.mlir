// Branches in the body of a loop that may need less than nothing are told of; a body is given all memory that it may need at once.
// RUN: %python %S/../tools/Inputs/exit-code.py 2 tegula compile %s -o %t.tgl 2>&1 | FileCheck %s
// CHECK: error: 20:8: expected branches in the body of a loop to need buffers whose size is never below 0, got {{.*}}; give its sizes by --dim [E0307]
#n = affine_map<()[s0] -> (s0)>
#m = affine_map<()[s0] -> (s0 - 400)>
func.func private @outer(%h: tensor<?xf32, #n>, %d: tensor<i1>) -> tensor<?xf32, #n> attributes {tegula.symbols = ["n"]} {
  %s = graph.slice %h {starts = array<i64: 400>, steps = array<i64: 1>} : (tensor<?xf32, #n>) -> tensor<?xf32, #m>
  %q = graph.reduce sum, %s {axes = array<i64: 0>} : (tensor<?xf32, #m>) -> tensor<f32>
  %e = graph.div %s, %q : (tensor<?xf32, #m>, tensor<f32>) -> tensor<?xf32, #m>
  %t = graph.reduce max, %e {axes = array<i64: 0>} : (tensor<?xf32, #m>) -> tensor<f32>
  %u = graph.sub %e, %t : (tensor<?xf32, #m>, tensor<f32>) -> tensor<?xf32, #m>
  %v = graph.exp %u : tensor<?xf32, #m>
  %r = graph.reduce sum, %v {axes = array<i64: 0>} : (tensor<?xf32, #m>) -> tensor<f32>
  %a = graph.add %h, %r : (tensor<?xf32, #n>, tensor<f32>) -> tensor<?xf32, #n>
  %y = graph.choose %d, %a, %h : (tensor<i1>) -> tensor<?xf32, #n>
  return %y : tensor<?xf32, #n>
}
func.func @main(%x: tensor<?xf32, #n> {tegula.dims = #n}, %c: tensor<i1>, %d: tensor<i1>) -> (tensor<?xf32, #n>) attributes {tegula.symbols = ["n"]} {
  %k = graph.constant dense<3> : tensor<i64>
  %l = graph.loop @outer count(%k) carried(%x) captured(%d) : (tensor<i64>, tensor<?xf32, #n>, tensor<i1>) -> tensor<?xf32, #n>
  %y = graph.choose %c, %l, %x : (tensor<i1>) -> tensor<?xf32, #n>
  return %y : tensor<?xf32, #n>
}
