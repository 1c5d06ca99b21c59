// The machine code of the test model, assembled by whatever compiler builds the test.
#include "TestModel.h"

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

// The image is copied out of this program and must therefore not refer to anything outside itself.
asm(R"(
  .pushsection .text
  .balign 64
tegulaTestImage:
tegulaTestSlot:                     # the loader puts the address of expf here
  .quad 0

scale:                              # out[i] = in[i] * weights[i] for i in [rsi, rdx)
  movq 0(%rdi), %rax
  movq 8(%rdi), %rcx
  movq 16(%rdi), %r8
1:cmpq %rdx, %rsi
  jge 2f
  movss (%rax,%rsi,4), %xmm0
  mulss (%rcx,%rsi,4), %xmm0
  movss %xmm0, (%r8,%rsi,4)
  incq %rsi
  jmp 1b
2:ret

exponential:                        # in place: out[i] = expf(out[i])
  pushq %rbx
  pushq %r12
  pushq %r13
  movq 16(%rdi), %rbx
  movq %rsi, %r12
  movq %rdx, %r13
1:cmpq %r13, %r12
  jge 2f
  movss (%rbx,%r12,4), %xmm0
  callq *tegulaTestSlot(%rip)
  movss %xmm0, (%rbx,%r12,4)
  incq %r12
  jmp 1b
2:popq %r13
  popq %r12
  popq %rbx
  ret

tegulaTestEntry:                    # rdi host, rsi inputs, rdx outputs, rcx weights, r8 arena
  pushq %rbx
  pushq %r12
  subq $8, %rsp
  movq %rdi, %rbx
  movq %r8, %r12
  movq (%rsi), %rax
  movq %rax, (%r12)
  movq %rcx, 8(%r12)
  movq (%rdx), %rax
  movq %rax, 16(%r12)
  leaq scale(%rip), %rsi
  movq %r12, %rdx
  movl $1000, %ecx
  xorl %r8d, %r8d
  callq *(%rbx)
  movq %rbx, %rdi
  leaq exponential(%rip), %rsi
  movq %r12, %rdx
  movl $1000, %ecx
  movl $1, %r8d
  callq *(%rbx)
  movq (%r12), %rax                 # fails with the second dispatch where the first input is 12345
  xorl %ecx, %ecx
  cmpl $0x4640e400, (%rax)
  sete %cl
  leal (%rcx,%rcx), %eax
  addq $8, %rsp
  popq %r12
  popq %rbx
  ret

tegulaTestSymbolicEntry:            # r9 symbols: one size n, of the two grids and of the arena's 64 + 8 n bytes
  pushq %rbx
  pushq %r12
  pushq %r13
  movq %rdi, %rbx
  movq %r8, %r12
  movq (%r9), %r13
  movb $1, 63(%r12,%r13,8)
  movq (%rsi), %rax
  movq %rax, (%r12)
  movq %rcx, 8(%r12)
  movq (%rdx), %rax
  movq %rax, 16(%r12)
  leaq scale(%rip), %rsi
  movq %r12, %rdx
  movq %r13, %rcx
  xorl %r8d, %r8d
  callq *(%rbx)
  movq %rbx, %rdi
  leaq exponential(%rip), %rsi
  movq %r12, %rdx
  movq %r13, %rcx
  movl $1, %r8d
  callq *(%rbx)
  xorl %eax, %eax
  popq %r13
  popq %r12
  popq %rbx
  ret

tegulaTestShapes:                   # rdi symbols, rsi dims, rdx arena: refuses n > 1000
  movq (%rdi), %rax
  movq %rax, (%rsi)
  movq $1000, 8(%rsi)
  leaq 64(,%rax,8), %rcx
  movq %rcx, (%rdx)
  cmpq $1000, %rax
  setg %al
  movzbl %al, %eax
  ret
tegulaTestImageEnd:
  .popsection
)");

extern "C" const uint8_t tegulaTestImage[], tegulaTestEntry[], tegulaTestSymbolicEntry[], tegulaTestShapes[],
    tegulaTestImageEnd[];

namespace tegula::runtime::test {

using namespace artifact;

float weightOf(int64_t i) { return 0.001f * float(i % 7); }

ArtifactContents makeModelContents() {
  ArtifactContents contents;
  Manifest &m = contents.manifest;
  m.producer = "test";
  m.targets.resize(1);
  TargetInfo &t = m.targets[0];
  t.name = "x86-64";
  t.features = {"sse3"};
  m.inputs = {{"x", DType::Float32, {10, 100}, {"batch", ""}}};
  m.outputs = {{"y", DType::Float32, {modelSize}, {}}};
  m.targets[0].arenaBytes = 64;
  m.targets[0].entry = uint64_t(tegulaTestEntry - tegulaTestImage);
  m.targets[0].imports = {{"expf", 0}};
  m.targets[0].kernels = {{"scale", {"mul"}, ""}, {"exponential", {"exp"}, "#sched"}};
  m.targets[0].dispatches = {{0, modelSize, {"mul"}}, {1, modelSize, {"exp"}}};
  contents.code = {{std::vector<uint8_t>(tegulaTestImage, tegulaTestImageEnd)}};
  contents.weights = {{0, modelSize * sizeof(float), [](const ByteSink &sink) {
                         for (int64_t i = 0; i < modelSize; ++i)
                           if (float w = weightOf(i); !sink(&w, sizeof(w)))
                             return false;
                         return true;
                       }}};
  return contents;
}

ArtifactContents makeSymbolicContents() {
  ArtifactContents contents = makeModelContents();
  Manifest &m = contents.manifest;
  m.symbols = {"n"};
  m.inputs = {{"x", DType::Float32, {unknownSize}, {"n"}, {0}},
              {"z", DType::Int8, {unknownSize, 2}, {"n", ""}, {0, -1}}};
  m.outputs = {{"y", DType::Float32, {unknownSize}, {"n"}, {}}};
  m.targets[0].entry = uint64_t(tegulaTestSymbolicEntry - tegulaTestImage);
  m.targets[0].shapes = uint64_t(tegulaTestShapes - tegulaTestImage);
  m.targets[0].checks = {{"mul", "expected at most {1} rows, got {0}"}};
  m.targets[0].arenaFormula = "8 B*n";
  for (DispatchInfo &dispatch : m.targets[0].dispatches)
    dispatch.cells = unknownSize, dispatch.cellsFormula = "n";
  return contents;
}

static std::vector<uint8_t> written(const ArtifactContents &contents) {
  std::vector<uint8_t> bytes;
  std::string error;
  EXPECT_TRUE(writeArtifact(contents, bytes, error)) << error;
  return bytes;
}

std::vector<uint8_t> makeModel() { return written(makeModelContents()); }
std::vector<uint8_t> makeSymbolicModel() { return written(makeSymbolicContents()); }

PageAligned::PageAligned(const std::vector<uint8_t> &source)
    : begin(static_cast<uint8_t *>(std::aligned_alloc(pageSize, source.size()))), bytes(source.size()) {
  std::memcpy(begin, source.data(), bytes);
}

PageAligned::~PageAligned() { std::free(begin); }

} // namespace tegula::runtime::test
