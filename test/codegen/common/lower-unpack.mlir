// Panels that no schedule took are read element by element, through the panel and column that hold it.
// RUN: tegula-opt %s --tegula-lower-unpack | FileCheck %s
// RUN: tegula-opt %s --tegula-lower-unpack | tegula-equiv %s -

// CHECK-LABEL: tile.kernel @reads_panels
// CHECK-NOT: tile.unpack
// CHECK: %[[W:.*]] = linalg.generic
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : tensor<2x8x16xf32>
// CHECK: -> tensor<8x20xf32>
// CHECK: tile.yield %[[W]]
tile.kernel @reads_panels(%p: tensor<2x8x16xf32>) -> tensor<8x20xf32> {
  %w = tile.unpack %p : tensor<2x8x16xf32> to tensor<8x20xf32>
  tile.yield %w : tensor<8x20xf32>
}
