// The values of bodies that people write are the same before and after the passes of the fuse phase.
// RUN: tegula-opt %s --tegula-form-kernels --tegula-peel-borders --tegula-collapse-dims --tegula-deduplicate-kernels -o %t
// RUN: tegula-equiv %s %t
// RUN: tegula-equiv %s %t -O 2

!s = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>

// A product as people write it, with a sum around it.
func.func @product(%x: tensor<5x7xf32>, %w: tensor<7x9xf32>, %b: tensor<9xf32>) -> tensor<5x9xf32> {
  %y = graph.custom %x, %w : (tensor<5x7xf32>, tensor<7x9xf32>) -> tensor<5x9xf32> {
  ^bb0(%a: tensor<?x?xf32>, %c: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %c, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
    %r = linalg.matmul ins(%a, %c : tensor<?x?xf32>, tensor<?x?xf32>) outs(%f : tensor<?x?xf32>) -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  %z = graph.add %y, %b : (tensor<5x9xf32>, tensor<9xf32>) -> tensor<5x9xf32>
  return %z : tensor<5x9xf32>
}

// Divisions and shifts of anything, a loop in the body, and an index that data say.
func.func @numbers(%x: tensor<6xi32>, %n: tensor<6xi32>) -> (tensor<6xi32>, tensor<6xi32>) {
  %y = graph.custom %x, %n : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi32> {
  ^bb0(%a: tensor<6xi32>, %b: tensor<6xi32>):
    %e = tensor.empty() : tensor<6xi32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a, %b : tensor<6xi32>, tensor<6xi32>) outs(%e : tensor<6xi32>) {
    ^bb0(%u: i32, %v: i32, %unused: i32):
      %q = arith.divsi %u, %v : i32
      %m = arith.remsi %u, %v : i32
      %f = arith.floordivsi %u, %v : i32
      %p = arith.ceildivsi %u, %v : i32
      %d = arith.divui %u, %v : i32
      %l = arith.shli %u, %v : i32
      %s = arith.shrsi %u, %v : i32
      %t = arith.shrui %u, %v : i32
      %0 = arith.xori %q, %m : i32
      %1 = arith.xori %0, %f : i32
      %2 = arith.xori %1, %p : i32
      %3 = arith.xori %2, %d : i32
      %4 = arith.xori %3, %l : i32
      %5 = arith.xori %4, %s : i32
      %6 = arith.xori %5, %t : i32
      linalg.yield %6 : i32
    } -> tensor<6xi32>
    graph.yield %r : tensor<6xi32>
  }
  %z = graph.custom %x, %n : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi32> {
  ^bb0(%a: tensor<?xi32>, %b: tensor<?xi32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n_ = tensor.dim %a, %c0 : tensor<?xi32>
    %e = tensor.empty(%n_) : tensor<?xi32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%b : tensor<?xi32>) outs(%e : tensor<?xi32>) {
    ^bb0(%v: i32, %unused: i32):
      %at = arith.index_cast %v : i32 to index
      %i = linalg.index 0 : index
      %low = arith.maxsi %at, %c0 : index
      %to = arith.minsi %low, %n_ : index
      %s = scf.for %k = %i to %to step %c1 iter_args(%t = %v) -> i32 {
        %o = tensor.extract %a[%k] : tensor<?xi32>
        %p = arith.addi %t, %o : i32
        scf.yield %p : i32
      }
      %far = tensor.extract %a[%at] : tensor<?xi32>
      %w = arith.xori %s, %far : i32
      linalg.yield %w : i32
    } -> tensor<?xi32>
    graph.yield %r : tensor<?xi32>
  }
  return %y, %z : tensor<6xi32>, tensor<6xi32>
}

// Operands that make their own elements: the first one's prologue, rows read twice, a result that is moved through.
func.func @rows(%x: !s) -> (!s, !s) attributes {tegula.symbols = ["n", "m"]} {
  %p = graph.exp %x : !s
  %y = graph.custom %p : (!s) -> !s {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m) : tensor<?xf32>
    %w = tensor.empty(%m, %n) : tensor<?x?xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %s = linalg.reduce {arith.addf} ins(%a : tensor<?x?xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%a, %s : tensor<?x?xf32>, tensor<?xf32>) outs(%w : tensor<?x?xf32>) {
    ^bb0(%u: f32, %v: f32, %unused: f32):
      %d = arith.divf %u, %v : f32
      linalg.yield %d : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  %z = graph.custom %x : (!s) -> !s {
  ^bb0(%a: tensor<?x?xf32>):
    graph.yield %a : tensor<?x?xf32>
  }
  %t = graph.tanh %y : !s
  return %t, %z : !s, !s
}

// Two sums that begin with the same tensor, the second of which reads the first: what they begin with stands before both.
func.func @shared_start(%x: tensor<6x7xf32>) -> tensor<7xf32> {
  %y = graph.custom %x : (tensor<6x7xf32>) -> tensor<7xf32> {
  ^bb0(%a: tensor<6x7xf32>):
    %e = tensor.empty() : tensor<7xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7xf32>) -> tensor<7xf32>
    %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
        ins(%a : tensor<6x7xf32>) outs(%f : tensor<7xf32>) {
    ^bb0(%u: f32, %acc: f32):
      %p = arith.addf %acc, %u : f32
      linalg.yield %p : f32
    } -> tensor<7xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (j)>],
                         iterator_types = ["reduction", "parallel"]}
        ins(%a, %s : tensor<6x7xf32>, tensor<7xf32>) outs(%f : tensor<7xf32>) {
    ^bb0(%u: f32, %v: f32, %acc: f32):
      %d = arith.subf %u, %v : f32
      %p = arith.addf %acc, %d : f32
      linalg.yield %p : f32
    } -> tensor<7xf32>
    graph.yield %r : tensor<7xf32>
  }
  return %y : tensor<7xf32>
}
