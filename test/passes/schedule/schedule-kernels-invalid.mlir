// A machine without a description is refused by name.
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=abacus --verify-diagnostics

// expected-error @+1 {{expected a machine that is known, got 'abacus'}}
module {
}
