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

// expected-error @+1 {{expected grid, loops, tile, lanes, unroll, pack or block, got 'width'}}
module attributes {test.a = #sched.schedule<map, width = 3>} {}

// -----

// expected-error @+1 {{expected a power of two of at most 1024 threads, got 96}}
module attributes {test.a = #sched.block<threads = 96, together = 32>} {}

// -----

// expected-error @+1 {{expected a power of two of at most 64 threads together, got 128}}
module attributes {test.a = #sched.block<threads = 64, together = 128>} {}

// -----

// expected-error @+1 {{expected tiles of powers of two of at most 1024, got 24}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 24, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2>} {}

// -----

// expected-error @+1 {{expected parts of 64 threads that make a tile of 64 x 32, got 4 x 4}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 64, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2>} {}

// -----

// expected-error @+1 {{expected a thread's columns and the depth to be multiples of 4, got 4 and 2}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 32, columns = 32, depth = 2, threadRows = 4, threadColumns = 4, stages = 2>} {}

// -----

// expected-error @+1 {{expected 2 to 8 stages, got 1}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 1>} {}

// -----

// expected-error @+1 {{expected rows, columns and depth with 'tf32'}}
module attributes {test.a = #sched.block<threads = 64, together = 32, multiply = tf32>} {}

// -----

// expected-error @+1 {{expected warps with multiples of 16 rows and 32 columns of the tile of 32 x 32, got 32 x 16}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2, multiply = tf32>} {}

// -----

// expected-error @+1 {{expected a depth of at least 16 with 'fp16', got 8}}
module attributes {test.a = #sched.block<threads = 32, together = 32, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 8, stages = 2, multiply = fp16>} {}

// -----

// expected-error @+1 {{expected at most 256 sums of a thread, got 32 x 16}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 256, columns = 128, depth = 8, threadRows = 32, threadColumns = 16, stages = 2>} {}

// -----

// expected-error @+1 {{expected a depth of at most 128, got 256}}
module attributes {test.a = #sched.block<threads = 64, together = 64, rows = 32, columns = 32, depth = 256, threadRows = 4, threadColumns = 4, stages = 2>} {}

// -----

// expected-error @+1 {{expected a block with rows and columns for contract, or one without for rows, got 'map'}}
module attributes {test.a = #sched.schedule<map, block = <threads = 128, together = 32>>} {}

// -----

// expected-error @+1 {{expected a block with rows and columns for contract, or one without for rows, got 'contract'}}
module attributes {test.a = #sched.schedule<contract, block = <threads = 128, together = 32>>} {}

// -----

// expected-error @+1 {{expected no grid, loops, tile or pack beside a block}}
module attributes {test.a = #sched.schedule<rows, tile = [1, 8], block = <threads = 128, together = 32>>} {}
