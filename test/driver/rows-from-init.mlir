// A reduction along the lanes that does not start from a neutral element counts it once, however many lanes and chunks there are.
// RUN: tegula verify %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @main(%x: tensor<4x64xf32> {tegula.name = "x", tegula.dtype = "float32"}) -> (tensor<4xf32> {tegula.name = "s", tegula.dtype = "float32"}) {
  %s = tile.launch @sum(%x) : (tensor<4x64xf32>) -> tensor<4xf32>
  return %s : tensor<4xf32>
}
tile.kernel @sum(%x: tensor<4x64xf32>) -> tensor<4xf32> {
  %c = arith.constant 100.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x64xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %b, %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  tile.yield %s : tensor<4xf32>
}
