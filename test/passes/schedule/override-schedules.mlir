// A file of schedules replaces those of the kernels that it names, and takes one away by the word none.
// RUN: split-file %s %t
// RUN: tegula-opt %t/kernels.mlir --tegula-override-schedules=file=%t/schedules.txt | FileCheck %t/kernels.mlir
// RUN: tegula-opt %t/kernels.mlir --tegula-override-schedules=file=%t/schedules.txt | tegula-equiv %t/kernels.mlir - -O 2

//--- schedules.txt
// Comments and empty lines say nothing.

@replaced #sched.schedule<map, grid = [<0:4>], tile = [2], lanes = 2>
@removed none

//--- kernels.mlir
// CHECK-LABEL: tile.kernel @replaced
// CHECK-SAME: schedule(#sched.schedule<map, grid = [<0 : 4>], tile = [2], lanes = 2>)
tile.kernel @replaced(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, tile = [8], lanes = 8>) {
  tile.yield %x : tensor<8xf32>
}
// CHECK-LABEL: tile.kernel @removed(%{{.*}}: tensor<8xf32>) -> tensor<8xf32> {
tile.kernel @removed(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, tile = [8], lanes = 8>) {
  tile.yield %x : tensor<8xf32>
}
// CHECK-LABEL: tile.kernel @not_named
// CHECK-SAME: schedule(#sched.schedule<loops>)
tile.kernel @not_named(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<loops>) {
  tile.yield %x : tensor<8xf32>
}
