// Functions on buffers, vectors and numbers are called as they are; what they leave in memory is compared.
// RUN: split-file %s %t
// RUN: tegula-equiv %t/before.mlir %t/same.mlir | FileCheck %s --check-prefix=SAME
// RUN: %python %S/Inputs/exit-code.py 3 tegula-equiv %t/before.mlir %t/wrong.mlir | FileCheck %s --check-prefix=WRONG
// RUN: %python %S/Inputs/exit-code.py 3 tegula-equiv %t/before.mlir %t/other.mlir 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: %python %S/Inputs/exit-code.py 1 tegula-equiv %t/tensors.mlir %t/tensors.mlir 2>&1 | FileCheck %s --check-prefix=TENSORS
// RUN: %python %S/Inputs/exit-code.py 1 tegula-equiv %t/before.mlir %t/same.mlir -O 2 2>&1 | FileCheck %s --check-prefix=HOW
// RUN: %python %S/Inputs/exit-code.py 1 tegula-equiv %t/before.mlir %t/same.mlir --dim n=3 2>&1 | FileCheck %s --check-prefix=HOW

// HOW: error: expected no -O, --before-O, --target, --device or --dim for code on buffers, which is executed as it is
// SAME: @fill arg0: worst error 0
// SAME: @add result0: worst error 0
// SAME: equivalent: 2 functions
// WRONG: @fill arg0: worst error {{.*}}, different at [
// WRONG: @add result0: worst error {{.*}}, different at [
// WRONG: NOT equivalent: 2 functions
// OTHER: expected the arguments and results of
// TENSORS: expected buffers with known strides, vectors and numbers, got 'memref<4x4xf32, strided<[?, 1]>>'

//--- before.mlir
func.func @fill(%x: memref<?xf32>, %n: index, %begin: index, %end: index) attributes {tegula.cells = 3 : i64} {
  %one = arith.constant 1 : index
  %v = arith.constant 7.0 : f32
  scf.for %i = %begin to %end step %one {
    memref.store %v, %x[%i] : memref<?xf32>
  }
  return
}
func.func @add(%x: vector<4xf32>, %y: f32) -> vector<4xf32> {
  %b = vector.broadcast %y : f32 to vector<4xf32>
  %s = arith.addf %x, %b : vector<4xf32>
  return %s : vector<4xf32>
}

//--- same.mlir
func.func @fill(%x: memref<?xf32>, %n: index, %begin: index, %end: index, %scratch: memref<8xi8>) attributes {tegula.cells = 3 : i64} {
  %one = arith.constant 1 : index
  %last = arith.subi %n, %one : index
  %kept = memref.load %x[%last] : memref<?xf32>
  %v = arith.constant 7.0 : f32
  linalg.fill ins(%v : f32) outs(%x : memref<?xf32>)
  memref.store %kept, %x[%last] : memref<?xf32>
  return
}
func.func @add(%x: vector<4xf32>, %y: f32) -> vector<4xf32> {
  %b = vector.broadcast %y : f32 to vector<4xf32>
  %s = arith.addf %b, %x : vector<4xf32>
  return %s : vector<4xf32>
}

//--- wrong.mlir
func.func @fill(%x: memref<?xf32>, %n: index, %begin: index, %end: index) attributes {tegula.cells = 3 : i64} {
  %v = arith.constant 7.0 : f32
  linalg.fill ins(%v : f32) outs(%x : memref<?xf32>)
  return
}
func.func @add(%x: vector<4xf32>, %y: f32) -> vector<4xf32> {
  return %x : vector<4xf32>
}

//--- other.mlir
func.func @fill(%x: memref<?xf32>, %n: index, %begin: index, %end: index) attributes {tegula.cells = 3 : i64} {
  return
}
func.func @add(%x: vector<4xf32>) -> vector<4xf32> {
  return %x : vector<4xf32>
}

//--- tensors.mlir
func.func @unknown_stride(%x: memref<4x4xf32, strided<[?, 1]>>) {
  return
}
