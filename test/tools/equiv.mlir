// The values of two modules are compared function by function; a wrong rewrite is found and named.
// RUN: split-file %s %t
// RUN: tegula-equiv %t/before.mlir %t/same.mlir | FileCheck %s --check-prefix=SAME
// RUN: tegula-equiv - %t/same.mlir -O2 < %t/before.mlir | FileCheck %s --check-prefix=SAME
// RUN: %python %S/Inputs/exit-code.py 3 tegula-equiv %t/before.mlir %t/wrong.mlir | FileCheck %s --check-prefix=WRONG
// RUN: %python %S/Inputs/exit-code.py 1 tegula-equiv %t/before.mlir %t/empty.mlir --function none | FileCheck %s --check-prefix=NONE
// RUN: %python %S/Inputs/exit-code.py 3 tegula-equiv %t/before.mlir %t/empty.mlir | FileCheck %s --check-prefix=MISSING

// SAME: @double result0: worst error 0
// SAME: @greater result0: worst error 0
// SAME: equivalent: 2 functions
// WRONG: @double result0: worst error {{.*}}, different at [
// WRONG: @greater result0: worst error 0
// WRONG: NOT equivalent: 2 functions
// NONE: expected functions to compare, found none{{.*}}[E0700]
// MISSING: expected a function @double{{.*}}[E0801]

//--- before.mlir
func.func @double(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %0 = graph.add %x, %x : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

func.func @greater(%x: tensor<7xi32>, %y: tensor<7xi32>) -> tensor<7xi1> {
  %0 = graph.compare gt, %x, %y : (tensor<7xi32>, tensor<7xi32>) -> tensor<7xi1>
  return %0 : tensor<7xi1>
}

//--- same.mlir
func.func @double(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %two = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.mul %x, %two : (tensor<3x5xf32>, tensor<f32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

func.func @greater(%x: tensor<7xi32>, %y: tensor<7xi32>) -> tensor<7xi1> {
  %0 = graph.compare lt, %y, %x : (tensor<7xi32>, tensor<7xi32>) -> tensor<7xi1>
  return %0 : tensor<7xi1>
}

//--- wrong.mlir
func.func @double(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %0 = graph.mul %x, %x : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

func.func @greater(%x: tensor<7xi32>, %y: tensor<7xi32>) -> tensor<7xi1> {
  %0 = graph.compare lt, %y, %x : (tensor<7xi32>, tensor<7xi32>) -> tensor<7xi1>
  return %0 : tensor<7xi1>
}

//--- empty.mlir
