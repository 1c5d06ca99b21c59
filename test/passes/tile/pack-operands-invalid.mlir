// Schedules that ask for panels a kernel cannot have.
// RUN: tegula-opt %s --tegula-pack-operands --split-input-file --verify-diagnostics

// expected-error @+1 {{expected the schedule to pack one of the kernel's 1 inputs, got number 4}}
tile.kernel @k(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, pack = [<4:8>]>) {
  tile.yield %x : tensor<8xf32>
}

// -----

// expected-error @+1 {{expected a panel width of at most the operand's last dimension, got 16}}
tile.kernel @k(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, pack = [<0:16>]>) {
  tile.yield %x : tensor<8xf32>
}
