// A model with symbolic sizes, written by hand, runs at any size, as the oracle and scheduled: scale rows, sum their squares, return a view too.
// RUN: tegula compile -O0 %s -o %t.tgl
// RUN: tegula inspect %t.tgl | FileCheck %s --check-prefix=FORMULA
// RUN: tegula run %t.tgl --dim batch=1 --dim seq=3 | FileCheck %s --check-prefix=SMALL
// RUN: tegula run %t.tgl --shape x:3x500x2 --output %t.npz
// RUN: tegula run %t.tgl --shape x:3x500x2 | FileCheck %s --check-prefix=LARGE
// RUN: tegula compile %s -o %t.O2.tgl
// RUN: tegula run %t.O2.tgl --dim batch=1 --dim seq=3 | FileCheck %s --check-prefix=SMALL
// RUN: tegula run %t.O2.tgl --shape x:3x500x2 --threads 2 --expect %t.npz | FileCheck %s --check-prefix=EQUAL
// RUN: tegula-run %t.tgl --dim batch=1 --dim=seq=3 | FileCheck %s --check-prefix=SMALL
// RUN: tegula bench %t.tgl --runs 2 --dim batch=8 --dim seq=20 | FileCheck %s --check-prefix=BENCH
// RUN: not tegula run %t.tgl --dim batch=2 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not tegula bench %t.tgl 2>&1 | FileCheck %s --check-prefix=MISSING-BOTH
// RUN: not tegula run %t.tgl --dim batch=2 --dim seq=513 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: not tegula run %t.tgl --dim batch=4000000000 --dim seq=4000000000 2>&1 | FileCheck %s --check-prefix=HUGE

// FORMULA: input x: float32 batchxseqx2
// FORMULA: output v: float32 batch*seqx2
// FORMULA: sizes chosen by a run: batch, seq
// FORMULA: peak = {{[0-9.]+}} KiB + 16 bytes*batch*seq
// SMALL: y: float32 1x3x2
// SMALL-SAME: = 2.57513 1.77074 1.43481 -1.67664 -0.562003 3.55338
// SMALL: s: float32 1x3
// SMALL-SAME: = 2.4417 1.21745 3.23558
// SMALL: v: float32 3x2
// SMALL-SAME: = 1.28757 0.885369 0.717403 -0.83832 -0.281002 1.77669
// LARGE: y: float32 3x500x2
// LARGE: s: float32 3x500
// LARGE: v: float32 1500x2
// EQUAL: y: equal within tolerance
// EQUAL: s: equal within tolerance
// EQUAL: v: equal within tolerance
// BENCH: median
// MISSING: error: the size 'seq' of input 'x' is not known: give its value, or --dim seq=N; the model's symbolic sizes are 'batch', 'seq'
// MISSING-BOTH: error: the size 'batch' of input 'x' is not known
// REFUSED: error: node 'window': expected at most 512 steps, got 513 and 512 (batch = 2, seq = 513)
// HUGE: error: expected sizes that can be addressed for input 'x'

#id = affine_map<(i, j, k) -> (i, j, k)>
#rows = affine_map<(i, j, k) -> (i, j)>

func.func @main(%x: tensor<?x?x2xf32> {tegula.name = "x", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (s0, s1, 2)>})
    -> (tensor<?x?x2xf32> {tegula.name = "y", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (s0, s1, 2)>},
        tensor<?x?xf32> {tegula.name = "s", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (s0, s1)>},
        tensor<?x2xf32> {tegula.name = "v", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (s0 * s1, 2)>})
    attributes {tegula.symbols = ["batch", "seq"],
                tegula.require = [["at_most", affine_map<()[s0, s1] -> (s1, 512)>, "window", "expected at most 512 steps"]]} {
  %b = tile.size affine_map<()[s0] -> (s0)>
  %n = tile.size affine_map<()[s0, s1] -> (s1)>
  %bn = tile.size affine_map<()[s0, s1] -> (s0 * s1)>
  %t = tile.launch @twice(%x) sizes(%b, %n) : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %y = tile.launch @twice(%t) sizes(%b, %n) : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %u = tile.launch @twice(%x) sizes(%b, %n) : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %s = tile.launch @sums(%u) sizes(%b, %n) : (tensor<?x?x2xf32>) -> tensor<?x?xf32>
  %v = tile.view %t sizes(%bn) : tensor<?x?x2xf32> to tensor<?x2xf32>
  return %y, %s, %v : tensor<?x?x2xf32>, tensor<?x?xf32>, tensor<?x2xf32>
}

tile.kernel @twice(%x: tensor<?x?x2xf32>, %b: index, %n: index) -> tensor<?x?x2xf32> dims [[0, 1, -1], [0, 1, -1]] {
  %e = tensor.empty(%b, %n) : tensor<?x?x2xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<?x?x2xf32>) outs(%e : tensor<?x?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %d = arith.addf %a, %a : f32
    linalg.yield %d : f32
  } -> tensor<?x?x2xf32>
  tile.yield %y : tensor<?x?x2xf32>
}

tile.kernel @sums(%x: tensor<?x?x2xf32>, %b: index, %n: index) -> tensor<?x?xf32> dims [[0, 1, -1], [0, 1]] {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%b, %n) : tensor<?x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %t = tensor.empty(%b, %n) : tensor<?x?x2xf32>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<?x?x2xf32>) outs(%t : tensor<?x?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %d = arith.mulf %a, %a : f32
    linalg.yield %d : f32
  } -> tensor<?x?x2xf32>
  %s = linalg.generic {indexing_maps = [#id, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q : tensor<?x?x2xf32>) outs(%f : tensor<?x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  tile.yield %s : tensor<?x?xf32>
}
