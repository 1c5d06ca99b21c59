// Every message of the tile dialect's verifiers.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected body arguments of types 'tensor<3xf32>'}}
"tile.kernel"() <{sym_name = "k", function_type = (tensor<3xf32>) -> tensor<2xf32>}> ({
^bb0(%x: tensor<2xf32>):
  "tile.yield"(%x) : (tensor<2xf32>) -> ()
}) : () -> ()

// -----

// expected-error @+1 {{expected ranked tensors as inputs and results, got 'memref<2xf32>'}}
tile.kernel @k(%x: memref<2xf32>) -> () {
  tile.yield
}

// -----

// expected-error @+1 {{expected a #sched.schedule, got 3 : i32}}
tile.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> schedule(3 : i32) {
  tile.yield %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
"tile.kernel"() <{function_type = (tensor<2xf32>) -> tensor<2xf32>, sym_name = "k"}> ({}) : () -> ()

// -----

// expected-error @+1 {{expected a body that ends in tile.yield}}
tile.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  llvm.unreachable
}

// -----

tile.kernel @k(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{expected values of the kernel's result types 'tensor<3xf32>'}}
  tile.yield %x : tensor<2xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected the name of a tile.kernel, got @missing}}
  %y = tile.launch @missing(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

tile.kernel @k(%x: tensor<2xf32>) -> tensor<2xf32> {
  tile.yield %x : tensor<2xf32>
}
func.func @main(%x: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected inputs and outputs as the kernel declares them: '(tensor<2xf32>) -> tensor<2xf32>'}}
  %y = tile.launch @k(%x) : (tensor<3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @view_of_another_type(%x: tensor<2xf32>) -> tensor<2xi32> {
  // expected-error @+1 {{expected the source's element type 'f32'}}
  %y = tile.view %x : tensor<2xf32> to tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @view_of_another_size(%x: tensor<2x3xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{expected 6 elements, got 5}}
  %y = tile.view %x : tensor<2x3xf32> to tensor<5xf32>
  return %y : tensor<5xf32>
}

// -----

func.func @pack_of_another_type(%x: tensor<8x20xf32>) -> tensor<2x8x16xf64> {
  // expected-error @+1 {{expected equal element types}}
  %y = tile.pack %x : tensor<8x20xf32> to tensor<2x8x16xf64>
  return %y : tensor<2x8x16xf64>
}

// -----

func.func @pack_to_equal_rank(%x: tensor<8x20xf32>) -> tensor<20x8xf32> {
  // expected-error @+1 {{expected a packed rank of 3, got 2}}
  %y = tile.pack %x : tensor<8x20xf32> to tensor<20x8xf32>
  return %y : tensor<20x8xf32>
}

// -----

func.func @pack_of_unknown_size(%x: tensor<8x?xf32>) -> tensor<2x8x16xf32> {
  // expected-error @+1 {{expected static shapes}}
  %y = tile.pack %x : tensor<8x?xf32> to tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// -----

func.func @pack_to_wider_panels(%x: tensor<8x20xf32>) -> tensor<1x8x32xf32> {
  // expected-error @+1 {{expected a panel width of at most 20, got 32}}
  %y = tile.pack %x : tensor<8x20xf32> to tensor<1x8x32xf32>
  return %y : tensor<1x8x32xf32>
}

// -----

func.func @unpack_of_too_many_panels(%x: tensor<3x8x16xf32>) -> tensor<8x20xf32> {
  // expected-error @+1 {{expected 2 panels, got 3}}
  %y = tile.unpack %x : tensor<3x8x16xf32> to tensor<8x20xf32>
  return %y : tensor<8x20xf32>
}

// -----

func.func @pack_changes_rows(%x: tensor<8x20xf32>) -> tensor<2x9x16xf32> {
  // expected-error @+1 {{expected the dimensions between panels and columns to agree}}
  %y = tile.pack %x : tensor<8x20xf32> to tensor<2x9x16xf32>
  return %y : tensor<2x9x16xf32>
}

// -----

// expected-error @+1 {{expected dims for types with unknown sizes}}
tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  tile.yield %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected ranked tensors as inputs and results, got 'index'}}
tile.kernel @size_before_a_tensor(%n: index, %x: tensor<2xf32>) -> tensor<2xf32> {
  tile.yield %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{expected dims of 2 tensors, got 1}}
tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0]] {
  tile.yield %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected 1 dims for 'tensor<?xf32>', got 2}}
tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0, -1], [0]] {
  tile.yield %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected the number of one of 1 sizes for an unknown dimension and -1 for a known one, got 1 in 'tensor<?xf32>'}}
tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0], [1]] {
  tile.yield %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected the number of one of 1 sizes for an unknown dimension and -1 for a known one, got 0 in 'tensor<4xf32>'}}
tile.kernel @k(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> dims [[0], [-1]] {
  tile.yield %x : tensor<4xf32>
}

// -----

tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0], [0]] {
  tile.yield %x : tensor<?xf32>
}
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{expected 1 sizes, got 0}}
  %y = tile.launch @k(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

tile.kernel @k(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0], [0]] {
  tile.yield %x : tensor<?xf32>
}
func.func @main(%x: tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0)>}) -> tensor<?xf32> {
  %n = tile.size affine_map<()[s0] -> (s0 * 2)>
  // expected-error @+1 {{expected a size of s0 for dimension 0 of input 0, got s0 * 2}}
  %y = tile.launch @k(%x) sizes(%n) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @size_of_two_numbers() -> index {
  // expected-error @+1 {{expected one result and no dimensions, got affine_map<()[s0] -> (s0, 2)>}}
  %n = tile.size affine_map<()[s0] -> (s0, 2)>
  return %n : index
}

// -----

func.func @size_of_an_unknown_symbol() -> index attributes {tegula.symbols = ["batch"]} {
  // expected-error @+1 {{expected at most the function's 1 symbols, got 2}}
  %n = tile.size affine_map<()[s0, s1] -> (s0 * s1)>
  return %n : index
}

// -----

func.func @view_without_sizes(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{expected 1 sizes, got 0}}
  %y = tile.view %x : tensor<?x4xf32> to tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @choice_by_a_number(%c: tensor<f32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected a condition of one i8, got 'tensor<f32>'}}
  %y = tile.choose %c, %x, %x : (tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
