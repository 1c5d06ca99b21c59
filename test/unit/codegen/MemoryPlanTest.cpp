// Plans the memory of small host functions: what shares, what must not, and the bytes of packed weights.
#include "tegula/codegen/host/Host.h"
#include "tegula/dialects/tile/Tile.h"
#include "tegula/driver/Register.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace tegula::codegen::host;

namespace {

class MemoryPlanTest : public ::testing::Test {
protected:
  MemoryPlanTest() {
    mlir::DialectRegistry registry;
    tegula::driver::registerDialects(registry);
    context.appendDialectRegistry(registry);
  }

  /// Plans `body`, the inside of @main; kernels @k1 (one input) and @k2 (two) are declared for it.
  void plan(const std::string &signature, const std::string &body, int64_t scratch = 0,
            bool keepDenormals = false) {
    std::string text = R"(
      tile.kernel @k1(%x: tensor<64xf32>) -> tensor<64xf32> { tile.yield %x : tensor<64xf32> }
      tile.kernel @k2(%x: tensor<64xf32>, %y: tensor<64xf32>) -> tensor<64xf32> { tile.yield %x : tensor<64xf32> }
      tile.kernel @p(%x: tensor<2x2x2xf32>) -> tensor<64xf32> {
        %e = tensor.empty() : tensor<64xf32>
        tile.yield %e : tensor<64xf32>
      }
      tile.kernel @d(%x: tensor<?x64xf32>, %n: index) -> tensor<?x64xf32> dims [[0, -1], [0, -1]] {
        tile.yield %x : tensor<?x64xf32>
      }
      tile.kernel @r(%x: tensor<?x64xf32>, %n: index, %m: index) -> tensor<?x64xf32> dims [[0, -1], [1, -1]] {
        %e = tensor.empty(%m) : tensor<?x64xf32>
        tile.yield %e : tensor<?x64xf32>
      }
      func.func private @step(%h: tensor<64xf32>, %x: tensor<64xf32>) -> tensor<64xf32> {
        %a = tile.launch @k2(%h, %x) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
        %b = tile.launch @k1(%a) : (tensor<64xf32>) -> tensor<64xf32>
        return %b : tensor<64xf32>
      }
      func.func @main)" +
                       signature + "{" + body + "}";
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    llvm::StringMap<KernelNeeds> needs;
    if (scratch)
      needs["k1"].scratchBytes = mlir::AffineMap::getConstantMap(scratch, &context);
    auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
    WeightLayout layout(keepDenormals);
    std::vector<PlannedFunction> bodies;
    for (mlir::func::FuncOp body : bodiesOf(main)) {
      auto inner = planMemory(body, needs, layout, bodies);
      ASSERT_TRUE(mlir::succeeded(inner));
      bodies.emplace_back();
      bodies.back().function = body;
      bodies.back().plan = std::move(*inner);
    }
    auto planned = planMemory(main, needs, layout, bodies);
    ASSERT_TRUE(mlir::succeeded(planned));
    text = printPlan(main, *planned);
    printed = text;
    formula = arenaFormula(main, *planned);
    result = std::move(*planned);
    chunks = layout.takeChunks();
  }

  std::vector<float> weights(size_t chunk) {
    std::vector<char> bytes;
    EXPECT_TRUE(chunks[chunk].produce([&](const void *data, size_t size) {
      bytes.insert(bytes.end(), static_cast<const char *>(data), static_cast<const char *>(data) + size);
      return true;
    }));
    EXPECT_EQ(bytes.size(), chunks[chunk].size);
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  MemoryPlan result;
  std::vector<tegula::artifact::WeightChunk> chunks;
  std::string printed, formula;
};

TEST_F(MemoryPlanTest, ChainOfThreeSharesTwoBuffers) {
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", R"(
    %a = tile.launch @k1(%x) : (tensor<64xf32>) -> tensor<64xf32>
    %b = tile.launch @k1(%a) : (tensor<64xf32>) -> tensor<64xf32>
    %c = tile.launch @k1(%b) : (tensor<64xf32>) -> tensor<64xf32>
    %d = tile.launch @k1(%c) : (tensor<64xf32>) -> tensor<64xf32>
    return %d : tensor<64xf32>)");
  EXPECT_EQ(result.arenaBytes, 512);
  EXPECT_EQ(printed, "arena of 512 bytes\n"
                     "k1 input:0 arena:0\n"
                     "k1 arena:0 arena:256\n"
                     "k1 arena:256 arena:0\n"
                     "k1 arena:0 output:0\n");
}

TEST_F(MemoryPlanTest, ValueUsedLaterKeepsItsPlace) {
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", R"(
    %a = tile.launch @k1(%x) : (tensor<64xf32>) -> tensor<64xf32>
    %v = tile.view %a : tensor<64xf32> to tensor<8x8xf32>
    %b = tile.launch @k1(%x) : (tensor<64xf32>) -> tensor<64xf32>
    %c = tile.launch @k1(%b) : (tensor<64xf32>) -> tensor<64xf32>
    %w = tile.view %v : tensor<8x8xf32> to tensor<64xf32>
    %d = tile.launch @k2(%w, %c) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    return %d : tensor<64xf32>)");
  EXPECT_EQ(result.arenaBytes, 3 * 256);
}

TEST_F(MemoryPlanTest, ScratchLivesForOneLaunch) {
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", R"(
    %a = tile.launch @k1(%x) : (tensor<64xf32>) -> tensor<64xf32>
    %b = tile.launch @k1(%a) : (tensor<64xf32>) -> tensor<64xf32>
    return %b : tensor<64xf32>)",
       1000);
  EXPECT_EQ(result.arenaBytes, 1024 + 256);
}

TEST_F(MemoryPlanTest, SymbolicBuffersOfOneUnitShareLikeStaticOnes) {
  plan(R"((%x: tensor<?x64xf32> {tegula.dims = affine_map<()[s0] -> (s0, 64)>})
       -> (tensor<?x64xf32> {tegula.dims = affine_map<()[s0] -> (s0, 64)>}) attributes {tegula.symbols = ["n"]})",
       R"(
    %n = tile.size affine_map<()[s0] -> (s0)>
    %a = tile.launch @d(%x) sizes(%n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %b = tile.launch @d(%a) sizes(%n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %c = tile.launch @d(%b) sizes(%n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %d = tile.launch @d(%c) sizes(%n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    return %d : tensor<?x64xf32>)");
  EXPECT_EQ(printed, "arena of 0 bytes\n"
                     "slot 0 of s0*512 bytes\n"
                     "d input:0 slot:0\n"
                     "d slot:0 slot:0+s0*256\n"
                     "d slot:0+s0*256 slot:0\n"
                     "d slot:0 output:0\n");
  EXPECT_EQ(formula, "512 bytes*n");
}

TEST_F(MemoryPlanTest, SymbolicBuffersOfOtherUnitsShareWhereTheyNeverMeet) {
  plan(R"((%x: tensor<?x64xf32> {tegula.dims = affine_map<()[s0] -> (s0, 64)>})
       -> (tensor<?x64xf32> {tegula.dims = affine_map<()[s0] -> (s0, 64)>}) attributes {tegula.symbols = ["n", "m"]})",
       R"(
    %n = tile.size affine_map<()[s0] -> (s0)>
    %m = tile.size affine_map<()[s0, s1] -> (s1 * 3)>
    %l = tile.size affine_map<()[s0] -> (s0 + 1)>
    %a = tile.launch @r(%x) sizes(%n, %m) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %b = tile.launch @r(%a) sizes(%m, %l) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %c = tile.launch @r(%b) sizes(%l, %n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %d = tile.launch @d(%c) sizes(%n) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    return %d : tensor<?x64xf32>)");
  // %a is gone before %c is made; %b meets both.
  EXPECT_EQ(formula, "max(768 bytes*m, 256 bytes*n) + 256 bytes*(n+1)");
}

TEST_F(MemoryPlanTest, LoopsAlternateBetweenBuffersAndHoldTheirBodysArena) {
  plan("(%x: tensor<9x64xf32>, %h: tensor<64xf32>) -> tensor<64xf32>", R"(
    %n = tile.size affine_map<() -> (9)>
    %i = tile.launch @k1(%h) : (tensor<64xf32>) -> tensor<64xf32>
    %l = tile.loop @step count(%n) carried(%i) scanned(%x) : (index, tensor<64xf32>, tensor<9x64xf32>) -> tensor<64xf32>
    %r = tile.launch @k1(%l) : (tensor<64xf32>) -> tensor<64xf32>
    %s = tile.launch @k1(%r) : (tensor<64xf32>) -> tensor<64xf32>
    return %s : tensor<64xf32>)");
  // Without a step the loop gives what it was given: %i lives until %l has been read. The arena of the body
  // is free before %r is made.
  EXPECT_EQ(printed, "arena of 1024 bytes\n"
                     "step pointer:0 even arena:256 odd arena:512 arena arena:768\n"
                     "k1 input:1 arena:0\n"
                     "k1 pointer:0 arena:768\n"
                     "k1 arena:768 output:0\n");
}

TEST_F(MemoryPlanTest, HistoriesHoldWhatIsCarried) {
  plan("(%x: tensor<9x64xf32>, %h: tensor<64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>)", R"(
    %n = tile.size affine_map<() -> (9)>
    %l:2 = tile.loop @step count(%n) carried(%h) scanned(%x) {histories = array<i64: 0>} : (index, tensor<64xf32>, tensor<9x64xf32>) -> (tensor<64xf32>, tensor<9x64xf32>)
    %r = tile.launch @k1(%l#0) : (tensor<64xf32>) -> tensor<64xf32>
    return %r, %l#1 : tensor<64xf32>, tensor<9x64xf32>)");
  EXPECT_EQ(printed, "arena of 256 bytes\n"
                     "step pointer:0 output:1 arena arena:0\n"
                     "k1 pointer:0 output:0\n");
}

TEST_F(MemoryPlanTest, EqualConstantsAreStoredOnce) {
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", R"(
    %c = arith.constant dense<3.0> : tensor<64xf32>
    %d = arith.constant dense<3.0> : tensor<8x8xf32>
    %v = tile.view %d : tensor<8x8xf32> to tensor<64xf32>
    %a = tile.launch @k2(%c, %v) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    return %a : tensor<64xf32>)");
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(weights(0), std::vector<float>(64, 3.0f));
}

TEST_F(MemoryPlanTest, PanelsOverlapWhereTheyDoNotFit) {
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", R"(
    %c = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
    %p = tile.pack %c : tensor<2x3xf32> to tensor<2x2x2xf32>
    %a = tile.launch @p(%p) : (tensor<2x2x2xf32>) -> tensor<64xf32>
    return %a : tensor<64xf32>)");
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(weights(0), (std::vector<float>{1, 2, 4, 5, 2, 3, 5, 6}));
}

TEST_F(MemoryPlanTest, DenormalsAreFlushedUnlessKept) {
  const char *body = R"(
    %c = arith.constant dense<[[[1.0e-40, -1.0e-40], [1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]> : tensor<2x2x2xf32>
    %a = tile.launch @p(%c) : (tensor<2x2x2xf32>) -> tensor<64xf32>
    return %a : tensor<64xf32>)";
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", body);
  EXPECT_EQ(weights(0)[0], 0.0f);
  EXPECT_TRUE(std::signbit(weights(0)[1]));
  EXPECT_EQ(weights(0)[1], 0.0f);
  plan("(%x: tensor<64xf32>) -> tensor<64xf32>", body, 0, /*keepDenormals=*/true);
  EXPECT_EQ(weights(0)[0], 1.0e-40f);
}

} // namespace
