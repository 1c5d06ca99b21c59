// The main loop of a product on matrix units, for each precision and for models that are 16 bits wide themselves: copies a few steps
// ahead, one barrier, fragments by ldmatrix, and nothing else between the instructions that multiply.
// RUN: tegula compile %s --target sm_80 --precision tf32 --emit=ptx | FileCheck %s --check-prefix=TF32
// RUN: tegula compile %s --target sm_80 --precision fp16 --emit=ptx | FileCheck %s --check-prefix=FP16
// RUN: tegula compile %s --target sm_80 --precision bf16 --emit=ptx | FileCheck %s --check-prefix=BF16
// RUN: tegula compile %s --target sm_80 --emit=ptx | FileCheck %s --check-prefix=FP32

// What was permitted stands in the schedule of each kernel that makes use of it.
// RUN: tegula compile %s --target h100 --precision tf32 --emit=sched | FileCheck %s --check-prefix=SCHED
// SCHED: @matmul_0 #sched.schedule<contract, {{.*}}multiply = tf32>>
// SCHED: @matmul_1 #sched.schedule<contract, {{.*}}multiply = fp16>>
// SCHED: @matmul_2 #sched.schedule<contract, {{.*}}multiply = bf16>>

// float32, three times over.
// Shared memory comes from the launch: more than code may declare.
// TF32: .extern .shared .align 16 .b8 matmul_0_data0[];
// TF32: .entry matmul_0
// TF32: .minnctapersm 1
// TF32: cp.async.wait_group 1;
// TF32-NEXT: bar.sync 0;
// TF32-COUNT-12: cp.async.cg.shared.global {{.*}}, 16,
// TF32-NEXT: cp.async.commit_group;
// TF32-NOT: cp.async
// TF32: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// TF32: cvt.rna.tf32.f32
// TF32: ld.shared.v4.b32
// TF32-COUNT-32: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// TF32: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// TF32-COUNT-96: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// TF32-NOT: mma.sync
// TF32-NOT: fma.rn
// TF32: bra
// TF32: st.global.v4
// TF32: .entry matmul_1

// FP16: .entry matmul_0
// FP16: bar.sync 0;
// FP16-NOT: bar.sync
// FP16: cp.async.commit_group;
// FP16: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// FP16: cvt.rn.f16x2.f32
// FP16: ld.shared.v4.b32
// FP16-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// FP16: bra

// BF16: .entry matmul_0
// BF16: bar.sync 0;
// BF16-NOT: bar.sync
// BF16: cp.async.commit_group;
// BF16: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// BF16: cvt.rn.bf16x2.f32
// BF16: ld.shared.v4.b32
// BF16-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// BF16: bra

// Strict: the threads' own multiply-adds. Narrow models need no permission, and nothing is rounded on the way.
// FP32: .entry matmul_0
// FP32-NOT: mma.sync
// FP32: fma.rn.f32
// FP32: .entry matmul_1
// FP32: bar.sync 0;
// FP32-COUNT-12: cp.async.cg.shared.global {{.*}}, 16,
// FP32: cp.async.commit_group;
// FP32-NOT: cvt
// FP32: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// FP32: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// FP32-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// FP32: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// FP32-COUNT-96: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// FP32-NOT: mma.sync
// FP32: bra
// FP32: .entry matmul_2
// FP32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

// What an artifact may round is written down in it; CPUs make no use of the permission.
// RUN: tegula compile %s --target sm_80 --target x86-64-v3 --precision bf16 -o %t.tgl
// RUN: tegula inspect %t.tgl | FileCheck %s --check-prefix=FLAGS
// FLAGS: flags {{.*}}--precision=bf16
// RUN: tegula compile %s --target x86-64-v3 --precision bf16 --emit=sched | FileCheck %s --check-prefix=CPU
// CPU: @matmul_0
// CPU-NOT: multiply
// RUN: not tegula compile %s --precision half 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: expected fp32, tf32, bf16 or fp16

func.func @main(%x: tensor<4096x1024xf32> {tegula.name = "x", tegula.dtype = "float32"}, %w: tensor<1024x4096xf32> {tegula.name = "w", tegula.dtype = "float32"},
                %h: tensor<4096x1024xf16> {tegula.name = "h", tegula.dtype = "float16"}, %v: tensor<1024x4096xf16> {tegula.name = "v", tegula.dtype = "float16"},
                %b: tensor<4096x1024xbf16> {tegula.name = "b", tegula.dtype = "bfloat16"}, %u: tensor<1024x4096xbf16> {tegula.name = "u", tegula.dtype = "bfloat16"})
    -> (tensor<4096x4096xf32> {tegula.name = "y", tegula.dtype = "float32"}, tensor<4096x4096xf16> {tegula.name = "z", tegula.dtype = "float16"},
        tensor<4096x4096xbf16> {tegula.name = "a", tegula.dtype = "bfloat16"}) {
  %y = graph.matmul %x, %w : (tensor<4096x1024xf32>, tensor<1024x4096xf32>) -> tensor<4096x4096xf32>
  %z = graph.matmul %h, %v : (tensor<4096x1024xf16>, tensor<1024x4096xf16>) -> tensor<4096x4096xf16>
  %a = graph.matmul %b, %u : (tensor<4096x1024xbf16>, tensor<1024x4096xbf16>) -> tensor<4096x4096xbf16>
  return %y, %z, %a : tensor<4096x4096xf32>, tensor<4096x4096xf16>, tensor<4096x4096xbf16>
}
