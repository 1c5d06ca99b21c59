// Symbols that no input has are dropped; an input's size that follows from others is given by the caller and checked.
// RUN: tegula compile -O0 %s -o %t.tgl
// RUN: tegula inspect %t.tgl | FileCheck %s
// RUN: tegula run %t.tgl --shape x:2x3 --shape p:5 --shape q:4 | FileCheck %s --check-prefix=FITS
// RUN: not tegula run %t.tgl --shape x:2x3 --shape p:6 --shape q:4 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: not tegula run %t.tgl --shape x:2x3 --shape p:5 --shape q:3 2>&1 | FileCheck %s --check-prefix=DOUBLE

// CHECK: input p: float32 total
// CHECK: input x: float32 nxm
// CHECK: input q: float32 n*2
// CHECK: output y: float32 n*2+m*2
// CHECK: sizes chosen by a run: n, m, total, n*2
// FITS: y: float32 10
// REFUSED: error: node 'concat': expected what both give, got 6 and 5 (n = 2, m = 3, total = 6, n*2 = 4)
// DOUBLE: error: expected size n*2 in dimension 0 of input 'q', got 3 and 4

#id = affine_map<(i) -> (i)>

func.func @main(%p: tensor<?xf32> {tegula.name = "p", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1, s2] -> (s0 + s2)>},
                %x: tensor<?x?xf32> {tegula.name = "x", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1, s2] -> (s0, s2)>},
                %q: tensor<?xf32> {tegula.name = "q", tegula.dtype = "float32", tegula.dims = affine_map<()[s0] -> (s0 * 2)>})
    -> (tensor<?xf32> {tegula.name = "y", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1, s2] -> ((s0 + s2) * 2)>})
    attributes {tegula.symbols = ["n", "gone", "m", "total"],
                tegula.require = [["equal", affine_map<()[s0, s1, s2, s3] -> (s3, s0 + s2)>, "concat", "expected what both give"],
                                  ["equal", affine_map<()[s0, s1] -> (s1, 7)>, "add", "expected equal sizes"],
                                  ["equal", affine_map<()[s0, s1] -> (10, s1 + 3)>, "pad", "expected sizes that add up"]]} {
  %n = tile.size affine_map<()[s0, s1, s2] -> (s0 + s2)>
  %t = tile.size affine_map<()[s0, s1, s2] -> ((s0 + s2) * 2)>
  %y = tile.launch @repeat(%p) sizes(%n, %t) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

tile.kernel @repeat(%p: tensor<?xf32>, %n: index, %t: index) -> tensor<?xf32> dims [[0], [1]] {
  %e = tensor.empty(%t) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = arith.remui %i, %n : index
    %a = tensor.extract %p[%j] : tensor<?xf32>
    linalg.yield %a : f32
  } -> tensor<?xf32>
  tile.yield %y : tensor<?xf32>
}
