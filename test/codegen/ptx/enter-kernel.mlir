// A kernel becomes an entry: buffers, scratch memory, sizes, cells; one thread a cell, and none beyond the last.
// RUN: tegula-opt %s --tegula-enter-kernel | FileCheck %s
// RUN: tegula-equiv %s %s --function runs_on_a_device -O 2 --target sm_80 --device emulator

// CHECK-LABEL: llvm.func ptx_kernelcc @one_thread_a_cell
// CHECK-SAME: (%[[IN:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias}, %[[OUT:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias}, %[[CELLS:.*]]: i64)
// CHECK: %[[READ:.*]] = llvm.addrspacecast %[[IN]]
// CHECK: %[[BLOCK32:.*]] = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ctaid.x"
// CHECK: %[[CELL:.*]] = llvm.add {{.*}} overflow<nsw, nuw>
// CHECK: %[[INSIDE:.*]] = llvm.icmp "ult" %[[CELL]], %[[CELLS]]
// CHECK: llvm.cond_br %[[INSIDE]], ^[[BODY:.*]], ^[[EXIT:.*]]
// CHECK: ^[[BODY]]:
// CHECK: llvm.getelementptr %[[READ]][%[[CELL]]]
// CHECK: ^[[EXIT]]:
// CHECK-NEXT: llvm.return
llvm.func @one_thread_a_cell(%in: !llvm.ptr, %out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 4 : i64} {
  %from = llvm.getelementptr %in[%begin] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %value = llvm.load %from : !llvm.ptr -> f32
  %to = llvm.getelementptr %out[%begin] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %value, %to : f32, !llvm.ptr
  llvm.return
}

// CHECK-LABEL: llvm.func ptx_kernelcc @scratch_before_sizes
// CHECK-SAME: (%{{.*}}: !llvm.ptr<1> {{{.*}}}, %[[SCRATCH:.*]]: !llvm.ptr<1> {{{.*}}}, %[[SIZE:.*]]: i64, %{{.*}}: i64)
// CHECK: %[[GENERIC:.*]] = llvm.addrspacecast %[[SCRATCH]]
// CHECK: llvm.store %[[SIZE]], %[[GENERIC]]
llvm.func @scratch_before_sizes(%out: !llvm.ptr, %size: i64, %begin: i64, %end: i64, %scratch: !llvm.ptr) attributes {tegula.cells = 4 : i64} {
  llvm.store %size, %scratch : i64, !llvm.ptr
  llvm.return
}

// Threads that pass registers to their neighbours' cells stay: without a cell of their own they compute the last one again.
// CHECK-LABEL: llvm.func ptx_kernelcc @several_cells_a_warp
// CHECK-SAME: %[[CELLS:[^:]*]]: i64)
// CHECK-SAME: passthrough = {{\[}}["nvvm.maxntid", "64"], ["nvvm.minctasm", "8"]]
// CHECK: %[[TOGETHER:.*]] = llvm.mlir.constant(8 : i64)
// CHECK-COUNT-2: llvm.udiv %{{.*}}, %[[TOGETHER]]
// CHECK: %[[MINE:.*]] = llvm.add
// CHECK: %[[LAST:.*]] = llvm.sub %[[CELLS]], %{{.*}}
// CHECK: %[[CELL:.*]] = llvm.intr.umin(%[[MINE]], %[[LAST]])
// CHECK: llvm.icmp "ult" %[[CELL]], %[[CELLS]]
llvm.func @several_cells_a_warp(%out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 4 : i64, tegula.group = array<i64: 64, 8>} {
  llvm.store %begin, %out : i64, !llvm.ptr
  llvm.return
}

// CHECK-LABEL: llvm.func ptx_kernelcc @a_warp_a_cell
// CHECK-NOT: umin
llvm.func @a_warp_a_cell(%out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 4 : i64, tegula.group = array<i64: 64, 32>} {
  llvm.store %begin, %out : i64, !llvm.ptr
  llvm.return
}

// CHECK-LABEL: llvm.func @not_a_kernel(%{{.*}}: !llvm.ptr)
llvm.func @not_a_kernel(%p: !llvm.ptr) {
  llvm.return
}

// A group computes one cell; of threads that need twice the registers, half as many run at once.
// CHECK-LABEL: llvm.func ptx_kernelcc @groups_with_many_registers
// CHECK-SAME: passthrough = {{.}}["nvvm.maxntid", "128"], ["nvvm.minctasm", "2"]]
// CHECK: %[[CELL:.*]] = llvm.zext
// CHECK-NOT: tid
// CHECK: llvm.icmp "ult" %[[CELL]]
llvm.func @groups_with_many_registers(%out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 4 : i64, tegula.group = array<i64: 128, 128, 65536, 2>} {
  llvm.store %begin, %out : i64, !llvm.ptr
  llvm.return
}

// Only two groups find shared memory: each may have the registers that others would have had.
// CHECK-LABEL: llvm.func ptx_kernelcc @groups_with_much_shared_memory
// CHECK-SAME: passthrough = {{.}}["nvvm.maxntid", "32"], ["nvvm.minctasm", "2"]]
llvm.func @groups_with_much_shared_memory(%out: !llvm.ptr, %begin: i64, %end: i64) attributes {tegula.cells = 4 : i64, tegula.group = array<i64: 32, 32, 81920, 1>} {
  llvm.store %begin, %out : i64, !llvm.ptr
  llvm.return
}

// The whole way of a kernel through an entry: its last block is not full.
#id = affine_map<(i) -> (i)>
tile.kernel @runs_on_a_device(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %e = tensor.empty() : tensor<1000xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<1000xf32>) outs(%e : tensor<1000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<1000xf32>
  tile.yield %y : tensor<1000xf32>
}
