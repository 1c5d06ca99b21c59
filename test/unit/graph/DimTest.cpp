// Sizes: equal polynomials are one object, divisions simplify, comparisons say what they do not know.
#include "tegula/dialects/graph/Dim.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace tegula::graph;

namespace {

class DimTest : public ::testing::Test {
protected:
  mlir::MLIRContext context;
  Dim b = Dim::symbol(0, &context), s = Dim::symbol(1, &context);

  std::string printed(mlir::Type type) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return text;
  }
  bool isAccepted(mlir::Type type) {
    mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
    return mlir::succeeded(
        checkSizes(type, [&] { return mlir::emitError(mlir::UnknownLoc::get(&context)); }));
  }
};

TEST_F(DimTest, NumbersComputeAsNumbers) {
  EXPECT_EQ(Dim(3) * 4 + 2, Dim(14));
  EXPECT_EQ(floorDiv(-1, 2), Dim(-1));
  EXPECT_EQ(ceilDiv(7, 2), Dim(4));
  EXPECT_EQ(modulo(7, 4), Dim(3));
  EXPECT_FALSE((Dim(INT64_MAX) + 1).isValid());
  EXPECT_FALSE((Dim(INT64_MAX) * 2 - INT64_MAX).isValid());
  EXPECT_FALSE(floorDiv(4, 0).isValid());
}

TEST_F(DimTest, EqualPolynomialsAreEqual) {
  EXPECT_EQ((b + 1) * (s + 2), b * s + s + b * 2 + 2);
  EXPECT_EQ(b * s, s * b);
  EXPECT_EQ(b + s - b, s);
  EXPECT_EQ(b - b, Dim(0));
  EXPECT_EQ((b * 12 * 64).text(), "s0*768");
}

TEST_F(DimTest, DivisionsSimplify) {
  EXPECT_EQ(floorDiv(s - 1, 2) + 1, floorDiv(s + 1, 2));
  EXPECT_EQ(floorDiv(floorDiv(s + 1, 2) + 1, 2), floorDiv(s + 3, 4));
  EXPECT_EQ(floorDiv(s * 6 + 3, 3), s * 2 + 1);
  EXPECT_EQ(floorDiv(s * 4 + 3, 6), floorDiv(s * 2 + 1, 3));
  EXPECT_EQ(floorDiv(b * s, s), b);
  EXPECT_EQ(modulo(s, 4) + floorDiv(s, 4) * 4, s);
  EXPECT_EQ(ceilDiv(s, 8), floorDiv(s + 7, 8));
  EXPECT_FALSE(floorDiv(s, s - 1).isValid());
}

TEST_F(DimTest, ExactDivisionFindsWhatIsLeft) {
  EXPECT_EQ(exactDiv(b * s * 768, b * 64), std::optional(s * 12));
  EXPECT_EQ(exactDiv((b + 1) * (s + 2), b + 1), std::optional(s + 2));
  EXPECT_EQ(exactDiv(b * s * 3, s * 2), std::nullopt);
  EXPECT_EQ(exactDiv(b + 1, s), std::nullopt);
  EXPECT_EQ(exactDiv(Dim(6), Dim(0)), std::nullopt);
}

TEST_F(DimTest, ComparisonsHaveThreeAnswers) {
  EXPECT_EQ(areEqual(b, b), std::optional(true));
  EXPECT_EQ(areEqual(b, b + 1), std::optional(false));
  EXPECT_EQ(areEqual(b + s, 1), std::optional(false));
  EXPECT_EQ(areEqual(b, 4), std::nullopt);
  EXPECT_EQ(areEqual(b, s), std::nullopt);
  EXPECT_TRUE(surelyLess(s - 1, s));
  EXPECT_TRUE(surelyAtMost(1, b * s));
  EXPECT_FALSE(surelyAtMost(b, s));
  EXPECT_EQ(modulo(s, 4).minimum(), std::optional<int64_t>(0));
  EXPECT_EQ(modulo(s, 4).maximum(), std::optional<int64_t>(3));
  EXPECT_EQ((floorDiv(s + 1, 2) * 2 - s).maximum(), std::optional<int64_t>(1));
  EXPECT_EQ(floorDiv(s + 1, 2).minimum(), std::optional<int64_t>(1));
}

TEST_F(DimTest, NumbersReplaceSymbols) {
  EXPECT_EQ((b * s + floorDiv(s, 2)).evaluate({2, 7}), std::optional<int64_t>(17));
  EXPECT_EQ((b * s).evaluate({2}), std::nullopt);
  EXPECT_EQ((b * s).substitute({s, s}), s * s);
  EXPECT_FALSE((b + 3).substitute({Dim::invalid()}).isValid());
  EXPECT_EQ((s + 3).substitute({Dim::invalid(), Dim(4)}), Dim(7));
}

TEST_F(DimTest, NamesStandForSymbols) {
  EXPECT_EQ((b * s * 2 + 1).text({"batch", "seq"}), "batch*seq*2+1");
  EXPECT_EQ(floorDiv(s - b, 2).text({"batch", "seq"}), "(batch+seq)/2-batch");
  EXPECT_EQ(shapeText({b, s + 1, 8}, {"batch", "seq"}), "batchx(seq+1)x8");
}

TEST_F(DimTest, TheSmallerOfTwoIsAnExpression) {
  EXPECT_EQ(least(b, b + 3), b);
  EXPECT_EQ(greatest(b, 1), b);
  for (int64_t size : {1, 7, 8, 9, 1'000'000}) {
    EXPECT_EQ(least(b, 8).evaluate({size, 1}), std::optional(std::min<int64_t>(size, 8)));
    EXPECT_EQ(greatest(b, s).evaluate({size, 8}), std::optional(std::max<int64_t>(size, 8)));
  }
}

TEST_F(DimTest, TypesCarryTheirSizes) {
  mlir::Type f32 = mlir::Float32Type::get(&context);
  Shape shape{b, floorDiv(s - 1, 2) + 1, b * s - 3, 8};
  mlir::RankedTensorType type = tensorType(shape, f32);
  EXPECT_EQ(shapeOf(type), shape);
  EXPECT_EQ(mlir::parseType(printed(type), &context), type);
  EXPECT_TRUE(isAccepted(type));
  EXPECT_EQ(printed(tensorType({2, 3}, f32)), "tensor<2x3xf32>");
  EXPECT_EQ(printed(tensorType({s, 3}, f32)), "tensor<?x3xf32, affine_map<()[s0, s1] -> (s1, 3)>>");
  for (const char *text :
       {"tensor<?xf32>", "tensor<?xf32, affine_map<()[s0] -> (s0, 1)>>",
        "tensor<?xf32, affine_map<()[s0, s1] -> (s0)>>", "tensor<?xf32, affine_map<(d0) -> (d0)>>",
        "tensor<2xf32, affine_map<()[s0] -> (s0)>>", "tensor<?xf32, 1 : i32>"})
    EXPECT_FALSE(isAccepted(mlir::parseType(text, &context))) << text;
}

/// Normal forms survive printing and parsing, whatever MLIR simplifies in between.
TEST_F(DimTest, NormalFormIsStable) {
  mlir::Type f32 = mlir::Float32Type::get(&context);
  for (Dim dim : {modulo(s, 4), modulo(b * s, 6) * 3, s - modulo(s, 2), floorDiv(b * s - 5, 3) * -2 + b * 7,
                  floorDiv(b, s) * 4 + floorDiv(s, 2) * floorDiv(s, 3), floorDiv(modulo(s, 8), 3),
                  (b - s) * (b - s) * (b + s), modulo(s + b, 32) + floorDiv(s, 32)}) {
    EXPECT_EQ(Dim(dim.expr(&context)), dim) << dim.text();
    mlir::RankedTensorType type = tensorType({dim}, f32);
    EXPECT_EQ(mlir::parseType(printed(type), &context), type) << dim.text();
    EXPECT_TRUE(isAccepted(type));
  }
}

TEST_F(DimTest, RequirementsAreKeptByTheFunction) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  writeSymbols(*module, {"batch", "seq"});
  writeRequirements(*module, {{Requirement::Kind::AtMost, s, 512, "slice", "expected at most {1}"}});
  EXPECT_EQ(readSymbols(*module)[1], "seq");
  llvm::SmallVector<Requirement> read = readRequirements(*module);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].lhs, s);
  EXPECT_EQ(read[0].rhs, Dim(512));
  EXPECT_EQ(read[0].kind, Requirement::Kind::AtMost);
  EXPECT_EQ(read[0].node, "slice");
}

} // namespace
