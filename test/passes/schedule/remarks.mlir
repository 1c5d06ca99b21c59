// Every choice of a schedule is remarked upon, with the runner-up and both costs where costs decided.
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=znver3 --remark-format=emitRemark --remarks-filter=schedule -o %t 2>&1 | FileCheck %s
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=h100 --remark-format=emitRemark --remarks-filter=schedule -o %t 2>&1 | FileCheck %s --check-prefix=GPU
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=znver3 -o %t 2>&1 | count 0

#id = affine_map<(i, j) -> (i, j)>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// CHECK-DAG: remark: [Passed] ChooseSchedule | Category:schedule | Considered={{[1-9][0-9]*}}, Cycles={{[0-9]+}}, Kernel=product, RunnerUp="#sched.schedule<contract, {{[^"]*}}", RunnerUpCycles={{[0-9]+}}, Schedule="#sched.schedule<contract, {{[^"]*}}"
// GPU-DAG: Kernel=product, RunnerUp="#sched.schedule<contract, {{[^"]*}}block = {{[^"]*}}", RunnerUpCycles={{[0-9]+}}, Schedule="#sched.schedule<contract, {{[^"]*}}block
tile.kernel @product(%x: tensor<512x512xf32>, %w: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512x512xf32>) -> tensor<512x512xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<512x512xf32>, tensor<512x512xf32>) outs(%f : tensor<512x512xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<512x512xf32>
  tile.yield %y : tensor<512x512xf32>
}

// Where facts alone decide there is nothing to compare.
// CHECK-DAG: Considered=0, Kernel=elementwise, Schedule="#sched.schedule<map
tile.kernel @elementwise(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %e = tensor.empty() : tensor<64x256xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x256xf32>) outs(%e : tensor<64x256xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<64x256xf32>
  tile.yield %y : tensor<64x256xf32>
}

// A schedule that stands in the text is no choice.
// CHECK-NOT: Kernel=given
tile.kernel @given(%x: tensor<4x4xf32>) -> tensor<4x4xf32> schedule(#sched.schedule<map, tile = [1, 2]>) {
  tile.yield %x : tensor<4x4xf32>
}
