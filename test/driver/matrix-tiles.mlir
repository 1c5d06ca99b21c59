// Products on matrix units with tiles that nobody would choose for them, in the emulator: several warps along rows and columns, more stages
// than steps, lines of every length in shared memory; sizes that no tile divides. Each is compared with -O0.
// RUN: rm -f %t.0
// RUN: echo '@matmul_0 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 128, columns = 128, depth = 16, threadRows = 8, threadColumns = 8, stages = 3, multiply = tf32>>' >> %t.0
// RUN: echo '@matmul_1 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 128, columns = 128, depth = 32, threadRows = 8, threadColumns = 8, stages = 3, multiply = fp16>>' >> %t.0
// RUN: echo '@matmul_2 #sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 64, columns = 64, depth = 16, threadRows = 2, threadColumns = 16, stages = 4, multiply = bf16>>' >> %t.0
// RUN: echo '@matmul_3 #sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 64, depth = 32, threadRows = 4, threadColumns = 8, stages = 2, multiply = tf32>>' >> %t.0
// RUN: tegula verify %s --device emulator --target sm_80 --precision tf32 --sched %t.0 | FileCheck %s
// RUN: rm -f %t.1
// RUN: echo '@matmul_0 #sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 64, columns = 128, depth = 16, threadRows = 8, threadColumns = 16, stages = 2, multiply = fp16>>' >> %t.1
// RUN: echo '@matmul_1 #sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 64, threadRows = 2, threadColumns = 8, stages = 4, multiply = fp16>>' >> %t.1
// RUN: echo '@matmul_2 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 128, columns = 64, depth = 32, threadRows = 4, threadColumns = 8, stages = 2, multiply = bf16>>' >> %t.1
// RUN: echo '@matmul_3 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 16, columns = 256, depth = 32, threadRows = 2, threadColumns = 8, stages = 2, multiply = fp16>>' >> %t.1
// RUN: tegula verify %s --device emulator --target sm_80 --precision fp16 --sched %t.1 | FileCheck %s
// RUN: rm -f %t.2
// RUN: echo '@matmul_0 #sched.schedule<contract, lanes = 4, block = <threads = 32, together = 32, rows = 32, columns = 32, depth = 32, threadRows = 4, threadColumns = 8, stages = 8, multiply = bf16>>' >> %t.2
// RUN: echo '@matmul_1 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 64, columns = 256, depth = 16, threadRows = 8, threadColumns = 8, stages = 3, multiply = fp16>>' >> %t.2
// RUN: echo '@matmul_2 #sched.schedule<contract, lanes = 4, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 128, threadRows = 2, threadColumns = 8, stages = 2, multiply = bf16>>' >> %t.2
// RUN: echo '@matmul_3 #sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 64, columns = 32, depth = 64, threadRows = 2, threadColumns = 8, stages = 2, multiply = bf16>>' >> %t.2
// RUN: tegula verify %s --device emulator --target sm_80 --precision bf16 --sched %t.2 | FileCheck %s
// RUN: rm -f %t.3
// RUN: echo '@matmul_0 #sched.schedule<contract, lanes = 4, block = <threads = 32, together = 32, rows = 64, columns = 32, depth = 8, threadRows = 8, threadColumns = 8, stages = 8, multiply = tf32>>' >> %t.3
// RUN: echo '@matmul_1 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 256, columns = 32, depth = 16, threadRows = 4, threadColumns = 8, stages = 2, multiply = fp16>>' >> %t.3
// RUN: echo '@matmul_2 #sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 32, columns = 128, depth = 64, threadRows = 2, threadColumns = 16, stages = 2, multiply = bf16>>' >> %t.3
// RUN: echo '@matmul_3 #sched.schedule<contract, lanes = 4, block = <threads = 32, together = 32, rows = 16, columns = 64, depth = 64, threadRows = 2, threadColumns = 16, stages = 3, multiply = tf32>>' >> %t.3
// RUN: tegula verify %s --device emulator --target sm_80 --precision tf32 --sched %t.3 | FileCheck %s
// More shared memory than code may declare.
// RUN: rm -f %t.4
// RUN: echo '@matmul_0 #sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 128, columns = 128, depth = 32, threadRows = 8, threadColumns = 16, stages = 3, multiply = tf32>>' >> %t.4
// RUN: echo '@matmul_1 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 256, columns = 128, depth = 64, threadRows = 8, threadColumns = 16, stages = 2, multiply = fp16>>' >> %t.4
// RUN: echo '@matmul_2 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 128, columns = 256, depth = 32, threadRows = 8, threadColumns = 16, stages = 3, multiply = bf16>>' >> %t.4
// RUN: echo '@matmul_3 #sched.schedule<contract, lanes = 4, block = <threads = 256, together = 256, rows = 128, columns = 128, depth = 32, threadRows = 8, threadColumns = 8, stages = 4, multiply = fp16>>' >> %t.4
// RUN: tegula verify %s --device emulator --target sm_80 --precision tf32 --sched %t.4 | FileCheck %s
// CHECK: verified against -O0: 4 outputs

func.func @main(%x: tensor<150x76xf32> {tegula.name = "x", tegula.dtype = "float32"}, %w: tensor<76x200xf32> {tegula.name = "w", tegula.dtype = "float32"},
                %h: tensor<139x72xf16> {tegula.name = "h", tegula.dtype = "float16"}, %v: tensor<72x168xf16> {tegula.name = "v", tegula.dtype = "float16"},
                %b: tensor<3x37x45xbf16> {tegula.name = "b", tegula.dtype = "bfloat16"}, %u: tensor<3x45x102xbf16> {tegula.name = "u", tegula.dtype = "bfloat16"},
                %l: tensor<33x21xf32> {tegula.name = "l", tegula.dtype = "float32"}, %r: tensor<21x101xf32> {tegula.name = "r", tegula.dtype = "float32"})
    -> (tensor<150x200xf32> {tegula.name = "y", tegula.dtype = "float32"}, tensor<139x168xf16> {tegula.name = "z", tegula.dtype = "float16"},
        tensor<3x37x102xbf16> {tegula.name = "a", tegula.dtype = "bfloat16"}, tensor<33x101xf32> {tegula.name = "o", tegula.dtype = "float32"}) {
  %y = graph.matmul %x, %w : (tensor<150x76xf32>, tensor<76x200xf32>) -> tensor<150x200xf32>
  %z = graph.matmul %h, %v : (tensor<139x72xf16>, tensor<72x168xf16>) -> tensor<139x168xf16>
  %a = graph.matmul %b, %u : (tensor<3x37x45xbf16>, tensor<3x45x102xbf16>) -> tensor<3x37x102xbf16>
  %o = graph.matmul %l, %r : (tensor<33x21xf32>, tensor<21x101xf32>) -> tensor<33x101xf32>
  return %y, %z, %a, %o : tensor<150x200xf32>, tensor<139x168xf16>, tensor<3x37x102xbf16>, tensor<33x101xf32>
}
