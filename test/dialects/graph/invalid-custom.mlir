// Bodies that people write: types, sizes and operations on tensors that are refused.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @arguments_for_operands(%x: !x) -> !x {
  // expected-error @+1 {{expected a body of 1 arguments, got 2}}
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>, %b: f32):
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @argument_of_another_rank(%x: !x) -> !x {
  // expected-error @+1 {{expected an argument for 'tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>', numbers without a sign, got 'tensor<?xf32>'}}
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?xf32>):
    %c = arith.constant dense<1.0> : tensor<2xf32>
    graph.yield %c : tensor<2xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @argument_that_knows_too_much(%x: !x) -> !x {
  // expected-error @+1 {{numbers without a sign, got}}
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<4x?xf32>):
    graph.yield %a : tensor<4x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @booleans(%x: tensor<2xi1>) -> tensor<2xi1> {
  // expected-error @+1 {{numbers without a sign, got 'tensor<2xi1>'}}
  %y = graph.custom %x : (tensor<2xi1>) -> tensor<2xi1> {
  ^bb0(%a: tensor<2xi1>):
    graph.yield %a : tensor<2xi1>
  }
  return %y : tensor<2xi1>
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @no_yield(%x: !x) -> !x {
  // expected-error @+1 {{expected a body that ends in graph.yield}}
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    "ub.unreachable"() : () -> ()
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @yield_of_another_type(%x: tensor<?xi32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> {
  %y = graph.custom %x : (tensor<?xi32, affine_map<()[s0] -> (s0)>>) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> {
  ^bb0(%a: tensor<?xi32>):
    // expected-error @+1 {{expected a value for 'tensor<?xf32, affine_map<()[s0] -> (s0)>>', numbers without a sign, got 'tensor<?xi32>'}}
    graph.yield %a : tensor<?xi32>
  }
  return %y : tensor<?xf32, affine_map<()[s0] -> (s0)>>
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @yield_of_other_sizes(%x: !x) -> tensor<?x?xf32, affine_map<()[s0, s1] -> (s1, s0)>> {
  %y = graph.custom %x : (!x) -> tensor<?x?xf32, affine_map<()[s0, s1] -> (s1, s0)>> {
  ^bb0(%a: tensor<?x?xf32>):
    // expected-error @+1 {{expected a value of sizes s1xs0, got s0xs1}}
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32, affine_map<()[s0, s1] -> (s1, s0)>>
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @size_of_data(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %i = arith.constant 3 : i64
    %k = arith.xori %m, %n : index
    // expected-error @+1 {{expected sizes that follow from those of the operands, and are at least 0}}
    %e = tensor.empty(%k, %n) : tensor<?x?xf32>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @size_below_zero(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %k = arith.subi %m, %n : index
    // expected-error @+1 {{expected sizes that follow from those of the operands, and are at least 0}}
    %e = tensor.empty(%k, %n) : tensor<?x?xf32>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @loops_that_disagree(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected operand 1 to be as large as others along loop d0, s1, got s0}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @map_that_leaves_the_operand(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected an index of operand 0 that stays within its size, s1, got d1 + 1}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j + 1)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @map_below_zero(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected an index of operand 0 that stays within its size, s1, got d1 - 1}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j - 1)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @dimension_that_is_data(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    // expected-error @+1 {{expected the number of a dimension as a constant}}
    %n = tensor.dim %a, %m : tensor<?x?xf32>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @dimension_that_is_not_there(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c2 = arith.constant 2 : index
    // expected-error @+1 {{expected the number of a dimension as a constant}}
    %n = tensor.dim %a, %c2 : tensor<?x?xf32>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @result_written_twice(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected the parallel loops, each once, as indices of the result, so that each element is written, and once; got}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, i)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @reduction_in_the_result(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected the parallel loops, each once, as indices of the result, so that each element is written, and once; got}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<?x?xf32>) outs(%a : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %s = arith.addf %v, %u : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @reduction_that_forgets(%x: !x) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> {
  %y = graph.custom %x : (!x) -> tensor<?xf32, affine_map<()[s0] -> (s0)>> {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %e = tensor.empty(%m) : tensor<?xf32>
    // expected-error @+1 {{expected a reduction to combine its elements with what it has so far}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?xf32>
    graph.yield %r : tensor<?xf32>
  }
  return %y : tensor<?xf32, affine_map<()[s0] -> (s0)>>
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @elements_of_nothing(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected operand 1 to have elements where they are read, got tensor.empty}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      %s = arith.addf %v, %u : f32
      linalg.yield %s : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @operand_of_nothing(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected operand 0 to have elements where they are read, got tensor.empty}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%e : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32):
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @yield_of_nothing(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected a value that is computed, got tensor.empty}}
    graph.yield %e : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @two_results(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    // expected-error @+1 {{expected one result, a tensor}}
    %r:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x?xf32>) outs(%e, %e : tensor<?x?xf32>, tensor<?x?xf32>) {
    ^bb0(%v: f32, %u: f32, %w: f32):
      linalg.yield %v, %v : f32, f32
    } -> (tensor<?x?xf32>, tensor<?x?xf32>)
    graph.yield %r#0 : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @wide_numbers(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    // expected-error @+1 {{expected numbers of 8, 16, 32 or 64 bits, got 'tensor<4xi7>'}}
    %e = tensor.empty() : tensor<4xi7>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
func.func @tensor_of_booleans(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?x?xf32>):
    // expected-error @+1 {{expected a tensor of numbers, written out}}
    %e = arith.constant dense<true> : tensor<4xi1>
    graph.yield %a : tensor<?x?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?xf32, affine_map<()[s0] -> (s0)>>
func.func @used_before(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?xf32>):
    %zero = arith.constant 0.0 : f32
    // expected-error @+1 {{expected operands that are defined before}}
    %e = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    graph.yield %e : tensor<?xf32>
  }
  return %y : !x
}

// -----

!x = tensor<?xf32, affine_map<()[s0] -> (s0)>>
func.func @size_of_what_comes_later(%x: !x) -> !x {
  %y = graph.custom %x : (!x) -> !x {
  ^bb0(%a: tensor<?xf32>):
    %c0 = arith.constant 0 : index
    // expected-error @+1 {{expected operands that are defined before}}
    %n = tensor.dim %e, %c0 : tensor<?xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    graph.yield %a : tensor<?xf32>
  }
  return %y : !x
}
