// Every value that one kernel stores and another reads is remarked upon with the reason, and every kernel with what it holds.
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels --remark-format=emitRemark --remarks-filter-missed=fuse --verify-diagnostics -o %t
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels --remark-format=emitRemark --remarks-filter-passed=fuse -o %t 2>&1 | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels=fuse=false --remark-format=emitRemark --remarks-filter-missed=fuse -o %t 2>&1 | FileCheck %s --check-prefix=ALONE

// CHECK: remark: [Passed] FormKernel | Category:fuse | Anchor=matmul, BytesNotStored=320, Kernel=matmul_0, Operations="matmul, add, sigmoid"
// ALONE: remark: [Missed] KeepApart | Category:fuse | Bytes=160, {{.*}}ConsumerOp=add, {{.*}}ProducerOp=matmul, Reason="every operation has a kernel of its own at -O0"
func.func @says_what_shares_a_kernel(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<5x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<5x4xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  %1 = graph.add %0, %b : (tensor<5x8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %2 = graph.sigmoid %1 : tensor<5x8xf32>
  return %2 : tensor<5x8xf32>
}

// -----

func.func @several_users(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %0 = graph.exp %x : tensor<8xf32>
  // expected-remark@+1 {{[Missed] KeepApart | Category:fuse | Bytes=32, Consumer=, ConsumerOp=neg, Producer=, ProducerOp=exp, Reason="several users: also read by abs, the model's results"}}
  %1 = graph.neg %0 : tensor<8xf32>
  // expected-remark@+1 {{Reason="several users: also read by neg, the model's results"}}
  %2 = graph.abs %0 : tensor<8xf32>
  return %0, %1, %2 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

func.func @one_anchor(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.matmul %x, %y : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.softmax %y {axis = 1} : tensor<4x4xf32>
  // expected-remark@+1 {{ProducerOp=softmax, Reason="a kernel has one anchor, here matmul, which weighs more (3 against 2)"}}
  %2 = graph.add %0, %1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// -----

func.func @equal_anchors(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.matmul %x, %y : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.matmul %y, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-remark@+1 {{Reason="a kernel has one anchor, here matmul, which comes later and weighs as much (3)"}}
  %2 = graph.add %0, %1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// -----

func.func @sizes_differ(%x: tensor<1x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = graph.exp %x : tensor<1x8xf32>
  // expected-remark@+1 {{Reason="sizes differ: 1x8 is read where the kernel computes 4x8"}}
  %1 = graph.add %0, %y : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

func.func @product_reads_often(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.exp %x : tensor<4x4xf32>
  // expected-remark@+1 {{Reason="a product or convolution reads each element many times, which would be computed as often"}}
  %1 = graph.matmul %0, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// -----

func.func @prologue_of_softmax(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.matmul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.mul %0, %half : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  // expected-remark@+1 {{ProducerOp=mul, Reason="it follows a product or convolution in that one's registers"}}
  %2 = graph.softmax %1 {axis = 1} : tensor<4x4xf32>
  // expected-remark@+1 {{ProducerOp=softmax, Reason="only elementwise operations are computed where softmax reads them"}}
  %3 = graph.softmax %2 {axis = 0} : tensor<4x4xf32>
  return %3 : tensor<4x4xf32>
}

// -----

// Open sizes come as formulas, nodes by their names.
#b = affine_map<()[s0] -> (s0, 2)>
#f = affine_map<()[s0] -> (s0 * 2)>
// CHECK: Anchor=none, BytesNotStored=0, Kernel=exp_0, Operations="exp 'first'"
func.func @through_a_view(%x: tensor<?x2xf32, #b>) -> tensor<?xf32, #f> attributes {tegula.symbols = ["batch"]} {
  %0 = graph.exp %x : tensor<?x2xf32, #b> loc("first")
  %1 = graph.reshape %0 : (tensor<?x2xf32, #b>) -> tensor<?xf32, #f>
  // expected-remark@+1 {{Bytes=batch*8, Consumer=, ConsumerOp=neg, Producer=first, ProducerOp=exp, Reason="reshape stands between, which is free where the value is stored"}}
  %2 = graph.neg %1 : tensor<?xf32, #f>
  return %2 : tensor<?xf32, #f>
}

// -----

#one = affine_map<()[s0] -> (1, s0)>
#all = affine_map<()[s0] -> (4, s0)>
func.func @open_sizes_differ(%x: tensor<1x?xf32, #one>, %y: tensor<4x?xf32, #all>) -> tensor<4x?xf32, #all> attributes {tegula.symbols = ["seq"]} {
  %0 = graph.exp %x : tensor<1x?xf32, #one>
  // expected-remark@+1 {{Reason="sizes differ: 1xseq is read where the kernel computes 4xseq"}}
  %1 = graph.add %0, %y : (tensor<1x?xf32, #one>, tensor<4x?xf32, #all>) -> tensor<4x?xf32, #all>
  return %1 : tensor<4x?xf32, #all>
}
