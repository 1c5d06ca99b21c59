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
