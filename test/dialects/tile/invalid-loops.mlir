// What the verifier of tile.loop says.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_by_a_small_number(%n: tensor<i32>, %h: tensor<4xf32>) {
  // expected-error @+1 {{expected a count of one i64 or a size, got 'tensor<i32>'}}
  %0 = tile.loop @step count(%n) carried(%h) : (tensor<i32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_without_results(%n: tensor<i64>, %h: tensor<4xf32>) {
  // expected-error @+1 {{expected a result for each carried tensor and history, got 0}}
  tile.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<4xf32>) -> ()
  return
}

// -----

func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_with_a_history_of_nothing(%n: tensor<i64>, %h: tensor<4xf32>) {
  // expected-error @+1 {{expected histories of 1 carried tensors, got 1}}
  %0:2 = tile.loop @step count(%n) carried(%h) {histories = array<i64: 1>} : (tensor<i64>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)
  return
}

// -----

func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_in_too_many_directions(%n: tensor<i64>, %h: tensor<4xf32>) {
  // expected-error @+1 {{expected a direction for each of 0 tensors of slices, got 1}}
  %0 = tile.loop @step count(%n) carried(%h) {reversed = array<i1: true>} : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @slices(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }
func.func @loop_of_slices_that_data_counts(%n: tensor<i64>, %x: tensor<9x4xf32>) {
  // expected-error @+1 {{expected a count that follows from sizes where there are slices}}
  %0 = tile.loop @slices count(%n) scanned(%x) : (tensor<i64>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return
}

// -----

func.func @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_of_a_public_function(%n: tensor<i64>, %h: tensor<4xf32>) {
  // expected-error @+1 {{expected the name of a private function, got @step}}
  %0 = tile.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func private @step(%h: tensor<4xf32>) -> tensor<4xf32> { return %h : tensor<4xf32> }
func.func @loop_of_another_type(%n: tensor<i64>, %h: tensor<5xf32>) {
  // expected-error @+1 {{expected operands and results as the body declares them: '(tensor<4xf32>) -> tensor<4xf32>'}}
  %0 = tile.loop @step count(%n) carried(%h) : (tensor<i64>, tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func private @all(%h: tensor<4xf32>) -> (tensor<i8>, tensor<4xf32>) {
  %0 = arith.constant dense<1> : tensor<i8>
  return %0, %h : tensor<i8>, tensor<4xf32>
}
func.func @loop_that_data_ends_with_a_history(%h: tensor<4xf32>) {
  %n = tile.size affine_map<() -> (9)>
  // expected-error @+1 {{expected no stacked results where data ends the loop}}
  %0:2 = tile.loop @all count(%n) carried(%h) {ends, histories = array<i64: 0>} : (index, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)
  return
}

// -----

func.func private @slices(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }
func.func @loop_over_too_few_slices(%x: tensor<8x4xf32>) {
  %n = tile.size affine_map<() -> (9)>
  // expected-error @+1 {{expected 9 slices in operand 0, got 8}}
  %0 = tile.loop @slices count(%n) scanned(%x) : (index, tensor<8x4xf32>) -> tensor<9x4xf32>
  return
}

// -----

func.func private @slices(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }
func.func @loop_with_too_few_results(%x: tensor<9x4xf32>) {
  %n = tile.size affine_map<() -> (9)>
  // expected-error @+1 {{expected 9 slices of each result, got 8}}
  %0 = tile.loop @slices count(%n) scanned(%x) : (index, tensor<9x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func private @step(%h: tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0 + 1)>})
    -> (tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0 + 1)>}) attributes {tegula.symbols = ["n"]} { return %h : tensor<?xf32> }
func.func @loop_of_larger_tensors(%h: tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0)>}) attributes {tegula.symbols = ["n"]} {
  %n = tile.size affine_map<() -> (9)>
  // expected-error @+1 {{expected the sizes of operand 0 as the body declares them}}
  %0 = tile.loop @step count(%n) carried(%h) : (index, tensor<?xf32>) -> tensor<?xf32>
  return
}
