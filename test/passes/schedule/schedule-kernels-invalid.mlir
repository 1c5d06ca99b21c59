// A machine without a description is refused by name, and so is a precision that nothing computes in.
// RUN: not tegula-opt %s --tegula-schedule-kernels=machine=abacus 2>&1 | FileCheck %s --check-prefix=MACHINE
// MACHINE: error: expected a machine that is known, got 'abacus'
// RUN: not tegula-opt %s --tegula-schedule-kernels="machine=sm_80 precision=fma" 2>&1 | FileCheck %s --check-prefix=PRECISION
// PRECISION: error: expected fp32, tf32, bf16 or fp16, got 'fma'
module {
}
