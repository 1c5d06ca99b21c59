// A kernel takes its pointers from one array, as the code ABI says; its body keeps them apart and noalias.
// RUN: tegula-opt %s --tegula-wrap-kernel | FileCheck %s

// CHECK-LABEL: llvm.func internal @k.body
// CHECK-SAME: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-LABEL: llvm.func hidden @k
// CHECK-SAME: (%[[BUFFERS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: %[[IN:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[BUFFERS]][1]
// CHECK: %[[OUT:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.call @k.body(%[[IN]], %[[OUT]], %[[BEGIN]], %[[END]])
llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 2 : i64} {
  %v = llvm.load %in : !llvm.ptr -> f32
  llvm.store %v, %out : f32, !llvm.ptr
  llvm.return
}

// Functions that are no kernels are left alone.
// CHECK-LABEL: llvm.func @helper(
llvm.func @helper(%in: !llvm.ptr) {
  llvm.return
}
