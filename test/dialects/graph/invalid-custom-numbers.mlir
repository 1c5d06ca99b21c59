// Bodies that people write: what the bodies of their operations may not hold.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @other_dialects(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    // expected-error @+1 {{expected arithmetic that every machine has, or linalg and loops where they belong}}
    %r = tensor.cast %a : tensor<?x?xf32> to tensor<4x?xf32>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @side_effects(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %true = arith.constant true
      // expected-error @+1 {{expected arithmetic that every machine has, or linalg and loops where they belong}}
      cf.assert %true, "no"
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @numbers_of_other_widths(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      // expected-error @+1 {{expected numbers of 8, 16, 32 or 64 bits, booleans and indices, got 'i7'}}
      %s = arith.fptosi %v : f32 to i7
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @element_of_nothing(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %i = linalg.index 0 : index
      // expected-error @+1 {{expected a tensor whose elements are known, got one of tensor.empty}}
      %s = tensor.extract %e[%i, %i] : tensor<?x?xf32>
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @element_of_an_empty_tensor(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %less = arith.subi %m, %c1 : index
    %f = tensor.empty(%less) : tensor<?xf32>
    %zero = arith.constant 0.0 : f32
    %g = linalg.fill ins(%zero : f32) outs(%f : tensor<?xf32>) -> tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %i = linalg.index 0 : index
      // expected-error @+1 {{expected a tensor that has an element for all sizes, got (s0-1)}}
      %s = tensor.extract %g[%i] : tensor<?xf32>
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loop_without_a_known_end(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %i = arith.fptosi %v : f32 to i64
      %to = arith.index_cast %i : i64 to index
      // expected-error @+1 {{expected bounds that follow from sizes, or that arith.maxsi and arith.minsi put between sizes}}
      %s = scf.for %k = %c0 to %to step %c1 iter_args(%t = %v) -> f32 {
        scf.yield %t : f32
      }
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loop_with_an_end_of_32_bits(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %i = arith.fptosi %v : f32 to i32
      %to = arith.index_cast %i : i32 to index
      // expected-error @+1 {{expected bounds that follow from sizes, or that arith.maxsi and arith.minsi put between sizes}}
      %s = scf.for %k = %c0 to %to step %c1 iter_args(%t = %v) -> f32 {
        scf.yield %t : f32
      }
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loop_that_stands_still(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      // expected-error @+1 {{expected a step that is a constant of at least 1}}
      %s = scf.for %k = %c0 to %n step %c0 iter_args(%t = %v) -> f32 {
        scf.yield %t : f32
      }
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loop_over_other_integers(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %i0 = arith.constant 0 : i64
    %i1 = arith.constant 1 : i64
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      // expected-error @+1 {{expected a signed loop over an index}}
      %s = scf.for %k = %i0 to %i1 step %i1 iter_args(%t = %v) -> f32  : i64 {
        scf.yield %t : f32
      }
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loop_that_carries_a_tensor(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      // expected-error @+1 {{expected a loop that carries numbers, got 'tensor<?x?xf32>'}}
      %s = scf.for %k = %c0 to %n step %c1 iter_args(%t = %a) -> tensor<?x?xf32> {
        scf.yield %t : tensor<?x?xf32>
      }
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loops_inside_of_each_other(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      scf.for %k0 = %c0 to %n step %c1 {
        scf.for %k1 = %c0 to %n step %c1 {
          scf.for %k2 = %c0 to %n step %c1 {
            scf.for %k3 = %c0 to %n step %c1 {
              scf.for %k4 = %c0 to %n step %c1 {
                scf.for %k5 = %c0 to %n step %c1 {
                  scf.for %k6 = %c0 to %n step %c1 {
                    scf.for %k7 = %c0 to %n step %c1 {
                      // expected-error @+1 {{expected at most 8 loops inside of each other}}
      scf.for %k8 = %c0 to %n step %c1 {
      }
      }
      }
      }
      }
      }
      }
      }
      }
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @elements_computed_again_and_again(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %r0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a, %a : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    %r1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r0, %r0 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    %r2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r1, %r1 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    %r3 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r2, %r2 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    %r4 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r3, %r3 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    %r5 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r4, %r4 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    // expected-error @+1 {{expected elements that are computed at most 64 times, got 127: end the graph.custom before and begin another one, between which they are stored}}
    %r6 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r5, %r5 : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %w: f32, %u: f32):
      %s = arith.addf %v, %w : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r6 : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

// What a tensor would be as large as that is never stored wraps as other numbers do.
!x = tensor<?xi8, affine_map<()[s0] -> (s0)>>
func.func @sizes_beyond_memory(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?xi8>):
    %c0 = arith.constant 0 : index
    %k = arith.constant 4096 : index
    %n = tensor.dim %a, %c0 : tensor<?xi8>
    %n1 = arith.muli %n, %k : index
    %e1 = tensor.empty(%n1) : tensor<?xi8>
    %d1 = tensor.dim %e1, %c0 : tensor<?xi8>
    %n2 = arith.muli %d1, %k : index
    // expected-error @+1 {{expected sizes that follow from those of the operands, and are at least 0}}
    %e2 = tensor.empty(%n2) : tensor<?xi8>
    graph.yield %a : tensor<?xi8>
  }
  return %y : !x
}

// -----

!x = tensor<8xf32>
func.func @loop_past_the_last_number(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<8xf32>):
    %c0 = arith.constant 0 : index
    %top = arith.constant 9223372036854775807 : index
    %step = arith.constant 2147483647 : index
    %e = tensor.empty() : tensor<8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%v: f32, %u: f32):
      // expected-error @+1 {{expected bounds that follow from sizes, or that arith.maxsi and arith.minsi put between sizes}}
      %s = scf.for %k = %c0 to %top step %step iter_args(%t = %v) -> f32 {
        scf.yield %t : f32
      }
      linalg.yield %s : f32
    } -> tensor<8xf32>
    graph.yield %r : tensor<8xf32>
  }
  return %y : !x
}

// -----

// What is not written as one expression at some length.
!x = tensor<?xi8, affine_map<()[s0] -> (s0)>>
func.func @divisions_of_divisions(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?xi8>):
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %n = tensor.dim %a, %c0 : tensor<?xi8>
    %v0 = arith.floordivsi %n, %c3 : index %v1 = arith.floordivsi %v0, %c3 : index %v2 = arith.floordivsi %v1, %c3 : index %v3 = arith.floordivsi %v2, %c3 : index
    %v4 = arith.floordivsi %v3, %c3 : index %v5 = arith.floordivsi %v4, %c3 : index %v6 = arith.floordivsi %v5, %c3 : index %v7 = arith.floordivsi %v6, %c3 : index
    %v8 = arith.floordivsi %v7, %c3 : index %v9 = arith.floordivsi %v8, %c3 : index %v10 = arith.floordivsi %v9, %c3 : index %v11 = arith.floordivsi %v10, %c3 : index
    %v12 = arith.floordivsi %v11, %c3 : index %v13 = arith.floordivsi %v12, %c3 : index %v14 = arith.floordivsi %v13, %c3 : index %v15 = arith.floordivsi %v14, %c3 : index
    %v16 = arith.floordivsi %v15, %c3 : index %v17 = arith.floordivsi %v16, %c3 : index %v18 = arith.floordivsi %v17, %c3 : index %v19 = arith.floordivsi %v18, %c3 : index
    %d = tensor.empty(%v10) : tensor<?xi8>
    // expected-error @+1 {{expected sizes that follow from those of the operands, and are at least 0}}
    %e = tensor.empty(%v19) : tensor<?xi8>
    graph.yield %a : tensor<?xi8>
  }
  return %y : !x
}
