// Every form of a schedule, printed and read back: the same text stands in files of schedules.
// RUN: tegula-opt %s | tegula-opt | FileCheck %s

// CHECK-LABEL: tile.kernel @everything
// CHECK-SAME: schedule(#sched.schedule<contract, grid = [<1 : 168>], loops = [<2 : 16>, <1 : 6>], tile = [1, 6, 16], lanes = 8, unroll = 4, pack = [<1 : 16>]>)
tile.kernel @everything(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<contract, grid = [<1:168>], loops = [<2:16>, <1:6>], tile = [1, 6, 16], lanes = 8, unroll = 4, pack = [<1:16>]>) {
  tile.yield %x : tensor<8xf32>
}

// CHECK-LABEL: tile.kernel @algorithm_only
// CHECK-SAME: schedule(#sched.schedule<loops>)
tile.kernel @algorithm_only(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<loops>) {
  tile.yield %x : tensor<8xf32>
}

// Lanes and unrolling of one are what a schedule means without them.
// CHECK-LABEL: tile.kernel @defaults
// CHECK-SAME: schedule(#sched.schedule<rows, tile = [4]>)
tile.kernel @defaults(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<rows, tile = [4], lanes = 1, unroll = 1>) {
  tile.yield %x : tensor<8xf32>
}

// CHECK: note = #sched.schedule<window, lanes = 16>
// CHECK-SAME: other = #sched.level<2 : 64>
module attributes {test.note = #sched.schedule<window, lanes = 16>, test.other = #sched.level<2:64>, test.third = #sched.schedule<map>} {
}
