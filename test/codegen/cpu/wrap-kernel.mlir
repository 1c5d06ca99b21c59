// A kernel takes its buffers out of one array, as CodeAbi.h says.
// RUN: tegula-opt %s --tegula-wrap-kernel | FileCheck %s
// RUN: tegula-equiv %s %s --function runs_on_threads -O 2 --threads 2

// CHECK: llvm.func internal @k.body(%{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr {llvm.noalias})
// CHECK: llvm.func hidden @k(%[[BUFFERS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: %[[S0:.*]] = llvm.getelementptr %[[BUFFERS]][0]
// CHECK: %[[IN:.*]] = llvm.load %[[S0]]
// CHECK: %[[S1:.*]] = llvm.getelementptr %[[BUFFERS]][1]
// CHECK: %[[OUT:.*]] = llvm.load %[[S1]]
// CHECK: %[[S2:.*]] = llvm.getelementptr %[[BUFFERS]][2]
// CHECK: %[[SCRATCH:.*]] = llvm.load %[[S2]]
// CHECK: llvm.call @k.body(%[[IN]], %[[OUT]], %[[BEGIN]], %[[END]], %[[SCRATCH]])
llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) attributes {tegula.cells = 1 : i64} {
  llvm.return
}

// CHECK: llvm.func @expf(f32) -> f32
llvm.func @expf(f32) -> f32

// Sizes come from the array behind the last buffer.
// CHECK: llvm.func hidden @sized(%[[BUFFERS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: %[[S2:.*]] = llvm.getelementptr %[[BUFFERS]][2] {{.*}} !llvm.ptr
// CHECK: %[[SIZES:.*]] = llvm.load %[[S2]]
// CHECK: %[[IN:.*]] = llvm.load
// CHECK: %[[AT0:.*]] = llvm.getelementptr %[[SIZES]][0] {{.*}} i64
// CHECK: %[[N:.*]] = llvm.load %[[AT0]]
// CHECK: %[[AT1:.*]] = llvm.getelementptr %[[SIZES]][1] {{.*}} i64
// CHECK: %[[M:.*]] = llvm.load %[[AT1]]
// CHECK: %[[SCRATCH:.*]] = llvm.load
// CHECK: llvm.call @sized.body(%[[IN]], %[[N]], %[[M]], %[[BEGIN]], %[[END]], %[[SCRATCH]])
llvm.func @sized(%in: !llvm.ptr, %n: i64, %m: i64, %begin: i64, %end: i64, %scratch: !llvm.ptr) attributes {tegula.cells = affine_map<()[s0, s1] -> (s0)>} {
  llvm.return
}

// The whole way of a kernel through its interface, by ranges of cells.
#id = affine_map<(i) -> (i)>
tile.kernel @runs_on_threads(%x: tensor<100000xf32>) -> tensor<100000xf32> {
  %e = tensor.empty() : tensor<100000xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<100000xf32>) outs(%e : tensor<100000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<100000xf32>
  tile.yield %y : tensor<100000xf32>
}
