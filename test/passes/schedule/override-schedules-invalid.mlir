// Mistakes in a file of schedules are reported with their lines, all of them.
// RUN: split-file %s %t
// RUN: not tegula-opt %t/kernels.mlir --tegula-override-schedules=file=%t/schedules.txt 2>&1 | FileCheck %s
// RUN: not tegula-opt %t/kernels.mlir --tegula-override-schedules=file=%t/missing.txt 2>&1 | FileCheck %s --check-prefix=MISSING

// CHECK: schedules.txt:1:1: error: expected a line that starts with @kernel
// CHECK: schedules.txt:2:1: error: expected the name of a kernel, got 'nobody'
// CHECK: schedules.txt:3:1: error: expected a #sched.schedule or none, got '42 : i32'
// MISSING: expected a readable file of schedules, got '{{.*}}missing.txt': No such file or directory

//--- schedules.txt
relu none
@nobody none
@relu 42 : i32

//--- kernels.mlir
tile.kernel @relu(%x: tensor<8xf32>) -> tensor<8xf32> {
  tile.yield %x : tensor<8xf32>
}
