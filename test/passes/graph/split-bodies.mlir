// What a body reads at computed places of its own tensors is stored; what it reads in order is not.
// RUN: tegula-opt %s --tegula-split-bodies | FileCheck %s
// RUN: tegula-opt %s --tegula-split-bodies | tegula-equiv %s -

!s = tensor<?xf32, affine_map<()[s0] -> (s0)>>

// CHECK-LABEL: @stores_what_is_read_anywhere
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32, #{{.*}}>, %[[Z:.*]]: tensor<?xf32, #{{.*}}>)
// CHECK: %[[T:.*]] = graph.custom %[[X]] :
// CHECK: math.exp
// CHECK: %[[TWICE:.*]] = linalg.generic
// CHECK: graph.yield %[[TWICE]] : tensor<?xf32>
// CHECK: %[[Y:.*]] = graph.custom %[[X]], %[[Z]], %[[T]] :
// CHECK-NOT: math.exp
// CHECK: tensor.extract
// CHECK: return %[[Y]]
func.func @stores_what_is_read_anywhere(%x: !s, %z: !s) -> !s attributes {tegula.symbols = ["n"]} {
  %y = graph.custom %x, %z : (!s, !s) -> !s {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %a, %c0 : tensor<?xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %w = math.exp %v : f32
      linalg.yield %w : f32
    } -> tensor<?xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%p : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %w = arith.addf %v, %v : f32
      linalg.yield %w : f32
    } -> tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%b : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %i = linalg.index 0 : index
      %last = arith.subi %n, %i : index
      %w = tensor.extract %q[%last] : tensor<?xf32>
      %s = arith.mulf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?xf32>
    graph.yield %r : tensor<?xf32>
  }
  return %y : !s
}

// A map that goes down reads at computed places, too.
// CHECK-LABEL: @stores_what_is_read_backwards
// CHECK-COUNT-2: graph.custom
func.func @stores_what_is_read_backwards(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = graph.custom %x : (tensor<4xi32>) -> tensor<4xi32> {
  ^bb0(%a: tensor<4xi32>):
    %e = tensor.empty() : tensor<4xi32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xi32>) outs(%e : tensor<4xi32>) {
    ^bb0(%v: i32, %u: i32):
      %w = arith.addi %v, %v : i32
      linalg.yield %w : i32
    } -> tensor<4xi32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (3 - i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%p : tensor<4xi32>) outs(%e : tensor<4xi32>) {
    ^bb0(%v: i32, %u: i32):
      linalg.yield %v : i32
    } -> tensor<4xi32>
    graph.yield %r : tensor<4xi32>
  }
  return %y : tensor<4xi32>
}

// CHECK-LABEL: @keeps_what_is_read_in_order
// CHECK-COUNT-1: graph.custom
// CHECK-NOT: graph.custom
func.func @keeps_what_is_read_in_order(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = graph.custom %x : (tensor<4xi32>) -> tensor<4xi32> {
  ^bb0(%a: tensor<4xi32>):
    %e = tensor.empty() : tensor<4xi32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xi32>) outs(%e : tensor<4xi32>) {
    ^bb0(%v: i32, %u: i32):
      %i = linalg.index 0 : index
      %o = tensor.extract %a[%i] : tensor<4xi32>
      %w = arith.addi %v, %o : i32
      linalg.yield %w : i32
    } -> tensor<4xi32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%p : tensor<4xi32>) outs(%e : tensor<4xi32>) {
    ^bb0(%v: i32, %u: i32):
      %w = arith.muli %v, %v : i32
      linalg.yield %w : i32
    } -> tensor<4xi32>
    graph.yield %r : tensor<4xi32>
  }
  return %y : tensor<4xi32>
}
