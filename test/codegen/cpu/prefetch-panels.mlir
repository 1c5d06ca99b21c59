// A little of the next panel is fetched in each round that reads the present one.
// RUN: tegula-opt %s --tegula-prefetch-panels=near-bytes=4096 --canonicalize --cse | FileCheck %s
// RUN: tegula-opt %s --tegula-prefetch-panels=near-bytes=4096 | tegula-equiv %s -

#tile = affine_map<(d0) -> (d0 + 1)>

// Two tiles read each of 8 panels: each fetches half of every row, the first the rows' first 8 * 64 elements.
// CHECK-LABEL: func.func @two_tiles_share_a_panel
// CHECK: scf.for %[[PANEL:.*]] = %arg2
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2
// CHECK-DAG: %[[AFTER:.*]] = arith.addi %[[PANEL]], %c1
// CHECK-DAG: %[[NEXT:.*]] = arith.minui %[[AFTER]], %c7
// CHECK: scf.for %[[K:.*]] = %c0 to %c64 step %c2
// CHECK: %[[PART:.*]] = arith.muli %[[K]], %c8
// CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[PART]]
// CHECK: memref.prefetch %arg0[%[[NEXT]], %c0, %[[AT]]], read, locality<2>, data : memref<8x64x16xf32>
// CHECK: vector.transfer_read %arg0[%[[PANEL]], %[[K]], %c0]
// CHECK-NOT: memref.prefetch
func.func @two_tiles_share_a_panel(%packed: memref<8x64x16xf32>, %out: memref<2x128xf32>, %begin: index, %end: index) attributes {tegula.cells = 8 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %pad = arith.constant 0.0 : f32
  scf.for %panel = %begin to %end step %c1 {
    %column = arith.muli %panel, %c16 : index
    scf.for %tile = %c0 to %c2 step %c1 {
      %sum = scf.for %k = %c0 to %c64 step %c2 iter_args(%acc = %zero) -> (vector<16xf32>) {
        %a = vector.transfer_read %packed[%panel, %k, %c0], %pad {in_bounds = [true]} : memref<8x64x16xf32>, vector<16xf32>
        %s = arith.addf %acc, %a : vector<16xf32>
        %k1 = affine.apply #tile(%k)
        %b = vector.transfer_read %packed[%panel, %k1, %c0], %pad {in_bounds = [true]} : memref<8x64x16xf32>, vector<16xf32>
        %t = arith.addf %s, %b : vector<16xf32>
        scf.yield %t : vector<16xf32>
      }
      vector.transfer_write %sum, %out[%tile, %column] {in_bounds = [true]} : vector<16xf32>, memref<2x128xf32>
    }
  }
  return
}

// The rounds are counted while running where only a size tells them.
// CHECK-LABEL: func.func @an_unknown_number_of_tiles
// CHECK: scf.for %{{.*}} = %c0 to %arg2
// CHECK: arith.ceildivui %c16, %arg2
// CHECK: memref.prefetch
func.func @an_unknown_number_of_tiles(%packed: memref<8x64x16xf32>, %out: memref<?x128xf32>, %rows: index, %begin: index, %end: index) attributes {tegula.cells = 8 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %pad = arith.constant 0.0 : f32
  scf.for %panel = %begin to %end step %c1 {
    %column = arith.muli %panel, %c16 : index
    scf.for %row = %c0 to %rows step %c1 {
      %sum = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %zero) -> (vector<16xf32>) {
        %a = vector.transfer_read %packed[%panel, %k, %c0], %pad {in_bounds = [true]} : memref<8x64x16xf32>, vector<16xf32>
        %s = arith.addf %acc, %a : vector<16xf32>
        scf.yield %s : vector<16xf32>
      }
      vector.transfer_write %sum, %out[%row, %column] {in_bounds = [true]} : vector<16xf32>, memref<?x128xf32>
    }
  }
  return
}

// A sum in two parts walks the panel outside of the tiles: the rounds are counted inside of both.
// CHECK-LABEL: func.func @a_sum_in_parts
// CHECK: scf.for %[[PART:.*]] = %c0 to %c64 step %c32
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2
// CHECK: arith.subi %c2, %[[TILE]]
// CHECK: scf.for %{{.*}} = %c0 to %c32
// CHECK: memref.prefetch
func.func @a_sum_in_parts(%packed: memref<8x64x16xf32>, %out: memref<2x128xf32>, %begin: index, %end: index) attributes {tegula.cells = 8 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %pad = arith.constant 0.0 : f32
  scf.for %panel = %begin to %end step %c1 {
    %column = arith.muli %panel, %c16 : index
    scf.for %part = %c0 to %c64 step %c32 {
      scf.for %tile = %c0 to %c2 step %c1 {
        %sum = scf.for %k = %c0 to %c32 step %c1 iter_args(%acc = %zero) -> (vector<16xf32>) {
          %at = arith.addi %part, %k : index
          %a = vector.transfer_read %packed[%panel, %at, %c0], %pad {in_bounds = [true]} : memref<8x64x16xf32>, vector<16xf32>
          %s = arith.addf %acc, %a : vector<16xf32>
          scf.yield %s : vector<16xf32>
        }
        vector.transfer_write %sum, %out[%tile, %column] {in_bounds = [true]} : vector<16xf32>, memref<2x128xf32>
      }
    }
  }
  return
}

// Nothing waits for a panel that only one tile reads, nor for a buffer that stays near.
// CHECK-LABEL: func.func @one_tile_a_panel
// CHECK-NOT: memref.prefetch
func.func @one_tile_a_panel(%packed: memref<8x64x16xf32>, %small: memref<2x8x16xf32>, %out: memref<128xf32>, %begin: index, %end: index) attributes {tegula.cells = 2 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %pad = arith.constant 0.0 : f32
  scf.for %panel = %begin to %end step %c1 {
    %column = arith.muli %panel, %c16 : index
    %sum = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %zero) -> (vector<16xf32>) {
      %a = vector.transfer_read %packed[%panel, %k, %c0], %pad {in_bounds = [true]} : memref<8x64x16xf32>, vector<16xf32>
      %s = arith.addf %acc, %a : vector<16xf32>
      scf.yield %s : vector<16xf32>
    }
    vector.transfer_write %sum, %out[%column] {in_bounds = [true]} : vector<16xf32>, memref<128xf32>
    scf.for %again = %c0 to %c2 step %c1 {
      %near = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (vector<16xf32>) {
        %a = vector.transfer_read %small[%panel, %k, %c0], %pad {in_bounds = [true]} : memref<2x8x16xf32>, vector<16xf32>
        %s = arith.addf %acc, %a : vector<16xf32>
        scf.yield %s : vector<16xf32>
      }
      vector.transfer_write %near, %out[%column] {in_bounds = [true]} : vector<16xf32>, memref<128xf32>
    }
  }
  return
}
