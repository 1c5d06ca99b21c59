// The host function compares the sizes that variants are for, the most special first, and hands each the sizes that it leaves open. What
// each function computes tells which one has run: 0, 1, 2 where sizes are hot, else 3.
// RUN: rm -rf %t && mkdir %t
// RUN: tegula compile %s -o %t/chosen.tgl --save-temps %t
// RUN: FileCheck %s --input-file=%t/5-codegen.ll
// RUN: tegula run %t/chosen.tgl --dim n=8 --dim m=2 | FileCheck %s --check-prefix=BOTH
// RUN: tegula run %t/chosen.tgl --dim n=9 --dim m=2 | FileCheck %s --check-prefix=COLUMNS
// RUN: tegula run %t/chosen.tgl --dim n=8 --dim m=3 | FileCheck %s --check-prefix=ROWS
// RUN: tegula run %t/chosen.tgl --dim n=2 --dim m=8 | FileCheck %s --check-prefix=OTHER
// BOTH: y: float32 8x2 min 0 mean 0 max 0,
// COLUMNS: y: float32 9x2 min 1 mean 1 max 1,
// ROWS: y: float32 8x3 min 2 mean 2 max 2,
// OTHER: y: float32 2x8 min 3 mean 3 max 3,

// Without its variants the model computes the same for all sizes.
// RUN: tegula compile %s --emit=graph -o - | sed '/func.func @main_/,/^  }/d' > %t/alone.mlir
// RUN: tegula run %t/alone.mlir --dim n=8 --dim m=2 | FileCheck %s --check-prefix=ALONE
// ALONE: y: float32 8x2 min 3 mean 3 max 3,

// CHECK-LABEL: define hidden i32 @tegula.entry(
// CHECK: %[[M:.*]] = load i64, ptr
// CHECK: %[[TWO:.*]] = icmp eq i64 %[[M]], 2
// CHECK: %[[N:.*]] = load i64, ptr %5
// CHECK: %[[EIGHT:.*]] = icmp eq i64 %[[N]], 8
// CHECK: %[[ALL:.*]] = and i1 %[[TWO]], %[[EIGHT]]
// CHECK: br i1 %[[ALL]]
// CHECK: call i32 @tegula.entry.1(
// CHECK: br i1 %[[TWO]]
// CHECK: store i64 %[[N]], ptr %[[OPEN:.*]],
// CHECK: call i32 @tegula.entry.2({{.*}}, ptr nonnull %[[OPEN]], ptr %6)
// CHECK: br i1 %[[EIGHT]]
// CHECK: store i64 %[[M]], ptr %[[OPEN:.*]],
// CHECK: call i32 @tegula.entry.3({{.*}}, ptr nonnull %[[OPEN]], ptr %6)
// CHECK: call i32 @tegula.entry.0({{.*}}, ptr nonnull %5, ptr %6)

#x = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0] -> (s0, 2)>
#columns = affine_map<()[s0] -> (8, s0)>
func.func @main(%x: tensor<?x?xf32, #x> {tegula.dtype = "float32", tegula.name = "x"}) -> (tensor<?x?xf32, #x> {tegula.dtype = "float32", tegula.name = "y"}) attributes {tegula.symbols = ["n", "m"]} {
  %one = graph.div %x, %x : (tensor<?x?xf32, #x>, tensor<?x?xf32, #x>) -> tensor<?x?xf32, #x>
  %two = graph.add %one, %one : (tensor<?x?xf32, #x>, tensor<?x?xf32, #x>) -> tensor<?x?xf32, #x>
  %three = graph.add %one, %two : (tensor<?x?xf32, #x>, tensor<?x?xf32, #x>) -> tensor<?x?xf32, #x>
  return %three : tensor<?x?xf32, #x>
}
func.func @main_1(%x: tensor<8x2xf32> {tegula.dtype = "float32", tegula.name = "x"}) -> (tensor<8x2xf32> {tegula.dtype = "float32", tegula.name = "y"}) attributes {tegula.fixed = {m = 2 : i64, n = 8 : i64}} {
  %zero = graph.sub %x, %x : (tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
  return %zero : tensor<8x2xf32>
}
func.func @main_2(%x: tensor<?x2xf32, #rows> {tegula.dtype = "float32", tegula.name = "x"}) -> (tensor<?x2xf32, #rows> {tegula.dtype = "float32", tegula.name = "y"}) attributes {tegula.fixed = {m = 2 : i64}, tegula.symbols = ["n"]} {
  %one = graph.div %x, %x : (tensor<?x2xf32, #rows>, tensor<?x2xf32, #rows>) -> tensor<?x2xf32, #rows>
  return %one : tensor<?x2xf32, #rows>
}
func.func @main_3(%x: tensor<8x?xf32, #columns> {tegula.dtype = "float32", tegula.name = "x"}) -> (tensor<8x?xf32, #columns> {tegula.dtype = "float32", tegula.name = "y"}) attributes {tegula.fixed = {n = 8 : i64}, tegula.symbols = ["m"]} {
  %one = graph.div %x, %x : (tensor<8x?xf32, #columns>, tensor<8x?xf32, #columns>) -> tensor<8x?xf32, #columns>
  %two = graph.add %one, %one : (tensor<8x?xf32, #columns>, tensor<8x?xf32, #columns>) -> tensor<8x?xf32, #columns>
  return %two : tensor<8x?xf32, #columns>
}
