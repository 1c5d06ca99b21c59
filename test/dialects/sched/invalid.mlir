// Every message of the sched dialect's verifiers.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a positive block size, got 0}}
module attributes {test.a = #sched.level<1:0>} {}

// -----

// expected-error @+1 {{expected tile sizes of at least 0, got -4}}
module attributes {test.a = #sched.schedule<map, tile = [8, -4]>} {}

// -----

// expected-error @+1 {{expected a dimension below 2, got 2}}
module attributes {test.a = #sched.schedule<map, grid = [<2:16>], tile = [8, 8]>} {}

// -----

// expected-error @+1 {{expected lanes to be a power of two of at most 64, got 12}}
module attributes {test.a = #sched.schedule<map, lanes = 12>} {}

// -----

// expected-error @+1 {{expected lanes to be a power of two of at most 64, got 4294967296}}
module attributes {test.a = #sched.schedule<map, lanes = 4294967296>} {}

// -----

// expected-error @+1 {{expected an unroll factor of 1 to 64, got 0}}
module attributes {test.a = #sched.schedule<map, unroll = 0>} {}

// -----

// expected-error @+1 {{expected an unroll factor of 1 to 64, got 65}}
module attributes {test.a = #sched.schedule<map, unroll = 65>} {}

// -----

// expected-error @+1 {{expected map, contract, window, rows or loops, got 'fast'}}
module attributes {test.a = #sched.schedule<fast>} {}

// -----

// expected-error @+1 {{expected grid, loops, tile, lanes, unroll or pack, got 'width'}}
module attributes {test.a = #sched.schedule<map, width = 3>} {}
