// One kernel of each kind that the scheduler knows, for the fuzz target of schedules: what the fuse phase makes of a small network.
#map = affine_map<(d0, d1) -> (d1, d0)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0 + d3, d1 + d4, d5)>
#map4 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d4, d5, d2)>
#map5 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2)>
#map6 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map9 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map10 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map11 = affine_map<(d0, d1) -> (d0)>
module {
  func.func @main(%arg0: tensor<1x4x8x8xf32> {tegula.dtype = "float32", tegula.name = "x"}) -> (tensor<16x8xf32> {tegula.dtype = "float32", tegula.name = "y"}) {
    %0 = tile.view %arg0 : tensor<1x4x8x8xf32> to tensor<4x64xf32>
    %1 = tile.launch @map(%0) : (tensor<4x64xf32>) -> tensor<64x4xf32>
    %2 = tile.view %1 : tensor<64x4xf32> to tensor<1x8x8x4xf32>
    %3 = tile.launch @pad(%2) : (tensor<1x8x8x4xf32>) -> tensor<1x10x10x4xf32>
    %cst = arith.constant dense<5.000000e-01> : tensor<3x3x4x8xf32>
    %4 = tile.view %3 : tensor<1x10x10x4xf32> to tensor<10x10x4xf32>
    %5 = tile.launch @window(%4, %cst) : (tensor<10x10x4xf32>, tensor<3x3x4x8xf32>) -> tensor<8x8x8xf32>
    %6 = tile.launch @turn(%5) : (tensor<8x8x8xf32>) -> tensor<8x8x8xf32>
    %7 = tile.view %6 : tensor<8x8x8xf32> to tensor<1x8x8x8xf32>
    %8 = tile.view %7 : tensor<1x8x8x8xf32> to tensor<8x64xf32>
    %cst_0 = arith.constant dense<2.500000e-01> : tensor<64x16xf32>
    %9 = tile.launch @contract(%8, %cst_0) : (tensor<8x64xf32>, tensor<64x16xf32>) -> tensor<8x16xf32>
    %10 = tile.launch @rows(%9) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    %11 = tile.launch @last(%10) : (tensor<8x16xf32>) -> tensor<16x8xf32>
    return %11 : tensor<16x8xf32>
  }
  tile.kernel @map(%arg0: tensor<4x64xf32>) -> tensor<64x4xf32> attributes {tegula.nodes = ["x"]} {
    %0 = tensor.empty() : tensor<64x4xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<4x64xf32>) outs(%0 : tensor<64x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<64x4xf32>
    tile.yield %1 : tensor<64x4xf32>
  }
  tile.kernel @pad(%arg0: tensor<1x8x8x4xf32>) -> tensor<1x10x10x4xf32> attributes {tegula.nodes = ["Conv_0"]} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<1x10x10x4xf32>
    %1 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%0 : tensor<1x10x10x4xf32>) {
    ^bb0(%out: f32):
      %2 = linalg.index 0 : index
      %3 = linalg.index 1 : index
      %c1 = arith.constant 1 : index
      %4 = arith.subi %3, %c1 : index
      %c8 = arith.constant 8 : index
      %5 = arith.cmpi ult, %4, %c8 : index
      %c7 = arith.constant 7 : index
      %6 = arith.minsi %4, %c7 : index
      %c0 = arith.constant 0 : index
      %7 = arith.maxsi %6, %c0 : index
      %8 = linalg.index 2 : index
      %c1_0 = arith.constant 1 : index
      %9 = arith.subi %8, %c1_0 : index
      %c8_1 = arith.constant 8 : index
      %10 = arith.cmpi ult, %9, %c8_1 : index
      %11 = arith.andi %5, %10 : i1
      %c7_2 = arith.constant 7 : index
      %12 = arith.minsi %9, %c7_2 : index
      %c0_3 = arith.constant 0 : index
      %13 = arith.maxsi %12, %c0_3 : index
      %14 = linalg.index 3 : index
      %extracted = tensor.extract %arg0[%2, %7, %13, %14] : tensor<1x8x8x4xf32>
      %15 = arith.select %11, %extracted, %cst : f32
      linalg.yield %15 : f32
    } -> tensor<1x10x10x4xf32>
    tile.yield %1 : tensor<1x10x10x4xf32>
  }
  tile.kernel @window(%arg0: tensor<10x10x4xf32>, %arg1: tensor<3x3x4x8xf32>) -> tensor<8x8x8xf32> attributes {tegula.nodes = ["Conv_0", "Relu_1"]} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<8x8x8xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<8x8x8xf32>) -> tensor<8x8x8xf32>
    %2 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%arg0, %arg1 : tensor<10x10x4xf32>, tensor<3x3x4x8xf32>) outs(%1 : tensor<8x8x8xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %5 = arith.mulf %in, %in_0 : f32
      %6 = arith.addf %out, %5 : f32
      linalg.yield %6 : f32
    } -> tensor<8x8x8xf32>
    %3 = tensor.empty() : tensor<8x8x8xf32>
    %4 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<8x8x8xf32>) outs(%3 : tensor<8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst_0 = arith.constant 0.000000e+00 : f32
      %5 = arith.cmpf ugt, %in, %cst_0 : f32
      %6 = arith.select %5, %in, %cst_0 : f32
      linalg.yield %6 : f32
    } -> tensor<8x8x8xf32>
    tile.yield %4 : tensor<8x8x8xf32>
  }
  tile.kernel @turn(%arg0: tensor<8x8x8xf32>) -> tensor<8x8x8xf32> attributes {tegula.nodes = ["Transpose_2"]} {
    %0 = tensor.empty() : tensor<8x8x8xf32>
    %1 = linalg.generic {indexing_maps = [#map7, #map6], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<8x8x8xf32>) outs(%0 : tensor<8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8x8x8xf32>
    tile.yield %1 : tensor<8x8x8xf32>
  }
  tile.kernel @contract(%arg0: tensor<8x64xf32>, %arg1: tensor<64x16xf32>) -> tensor<8x16xf32> attributes {tegula.nodes = ["MatMul_4"]} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<8x16xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<8x16xf32>) -> tensor<8x16xf32>
    %2 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x64xf32>, tensor<64x16xf32>) outs(%1 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %3 = arith.mulf %in, %in_0 : f32
      %4 = arith.addf %out, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<8x16xf32>
    tile.yield %2 : tensor<8x16xf32>
  }
  tile.kernel @rows(%arg0: tensor<8x16xf32>) -> tensor<8x16xf32> attributes {tegula.nodes = ["Softmax_5"]} {
    %cst = arith.constant 0xFF800000 : f32
    %0 = tensor.empty() : tensor<8xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<8x16xf32>) outs(%1 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %10 = arith.maximumf %out, %in : f32
      linalg.yield %10 : f32
    } -> tensor<8xf32>
    %3 = tensor.empty() : tensor<8x16xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg0, %2 : tensor<8x16xf32>, tensor<8xf32>) outs(%3 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %10 = arith.subf %in, %in_1 : f32
      %11 = math.exp %10 : f32
      linalg.yield %11 : f32
    } -> tensor<8x16xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %5 = tensor.empty() : tensor<8xf32>
    %6 = linalg.fill ins(%cst_0 : f32) outs(%5 : tensor<8xf32>) -> tensor<8xf32>
    %7 = linalg.generic {indexing_maps = [#map1, #map11], iterator_types = ["parallel", "reduction"]} ins(%4 : tensor<8x16xf32>) outs(%6 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %10 = arith.addf %out, %in : f32
      linalg.yield %10 : f32
    } -> tensor<8xf32>
    %8 = tensor.empty() : tensor<8x16xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map11, #map1], iterator_types = ["parallel", "parallel"]} ins(%4, %7 : tensor<8x16xf32>, tensor<8xf32>) outs(%8 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %10 = arith.divf %in, %in_1 : f32
      linalg.yield %10 : f32
    } -> tensor<8x16xf32>
    tile.yield %9 : tensor<8x16xf32>
  }
  tile.kernel @last(%arg0: tensor<8x16xf32>) -> tensor<16x8xf32> attributes {tegula.nodes = ["Transpose_6"]} {
    %0 = tensor.empty() : tensor<16x8xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<8x16xf32>) outs(%0 : tensor<16x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<16x8xf32>
    tile.yield %1 : tensor<16x8xf32>
  }
}
