// Links small objects and runs the image, because a wrong relocation shows nowhere else.
#include "tegula/codegen/cpu/Codegen.h"
#include "tegula/driver/Register.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>

using namespace tegula::codegen::cpu;

namespace {

/// The object of a module in the LLVM dialect.
std::string objectOf(llvm::StringRef text) {
  mlir::DialectRegistry registry;
  tegula::driver::registerDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  auto object = emitModule(*module, Output::Object, CpuCodegenOptions());
  EXPECT_TRUE(bool(object));
  return object ? *object : std::string();
}

bool importsExp(llvm::StringRef name) { return name == "expf"; }

std::string errorOf(llvm::ArrayRef<std::string> objects, llvm::StringRef entry) {
  auto image = linkImage(objects, {entry}, importsExp);
  return image ? "" : llvm::toString(image.takeError());
}

/// An image in executable memory, with its imports filled in.
class Loaded {
public:
  explicit Loaded(const Image &image) : size(image.bytes.size()) {
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory, image.bytes.data(), size);
    for (const Image::Import &import : image.imports) {
      float (*function)(float) = std::exp;
      std::memcpy(static_cast<char *>(memory) + import.slot, &function, sizeof(function));
    }
    mprotect(memory, size, PROT_READ | PROT_EXEC);
  }
  ~Loaded() { munmap(memory, size); }
  float call(uint64_t entry, float x) {
    return reinterpret_cast<float (*)(float)>(static_cast<char *>(memory) + entry)(x);
  }

private:
  void *memory;
  size_t size;
};

constexpr const char *caller = R"(
  llvm.func hidden @twice(f32) -> f32 attributes {dso_local}
  llvm.func @expf(f32) -> f32
  llvm.func hidden @entry(%x: f32) -> f32 attributes {dso_local} {
    %a = llvm.call @twice(%x) : (f32) -> f32
    %b = llvm.call @expf(%a) : (f32) -> f32
    llvm.return %b : f32
  })";

constexpr const char *callee = R"(
  llvm.mlir.global private constant @table(dense<[2.0, 3.0]> : tensor<2xf32>) : !llvm.array<2 x f32>
  llvm.func hidden @twice(%x: f32) -> f32 attributes {dso_local} {
    %t = llvm.mlir.addressof @table : !llvm.ptr
    %f = llvm.load volatile %t : !llvm.ptr -> f32
    %y = llvm.fmul %x, %f : f32
    llvm.return %y : f32
  })";

TEST(LinkImage, RunsAcrossObjectsConstantsAndImports) {
  auto image = linkImage({objectOf(caller), objectOf(callee)}, {"entry"}, importsExp);
  ASSERT_TRUE(bool(image));
  ASSERT_EQ(image->imports.size(), 1u);
  EXPECT_EQ(image->imports[0].symbol, "expf");
  EXPECT_EQ(image->imports[0].slot % 8, 0u);
  EXPECT_FLOAT_EQ(Loaded(*image).call(image->entries[0], 0.5f), std::exp(1.0f));
}

TEST(LinkImage, SameObjectsGiveSameBytes) {
  std::string a = objectOf(caller), b = objectOf(callee);
  auto first = linkImage({a, b}, {"entry"}, importsExp), second = linkImage({a, b}, {"entry"}, importsExp);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->bytes, second->bytes);
}

TEST(LinkImage, NamesWhatTheRuntimeDoesNotOffer) {
  EXPECT_NE(errorOf({objectOf(caller)}, "entry").find("compiled code needs 'twice'"), std::string::npos);
}

TEST(LinkImage, NamesTheMissingEntry) {
  EXPECT_EQ(errorOf({objectOf(callee)}, "entry"), "no object defines the entry 'entry'");
}

TEST(LinkImage, RefusesTwoDefinitions) {
  EXPECT_EQ(errorOf({objectOf(callee), objectOf(callee)}, "twice"), "two objects define 'twice'");
}

TEST(LinkImage, RefusesWritableData) {
  std::string object = objectOf(R"(
    llvm.mlir.global external @state(1.0 : f32) : f32
    llvm.func hidden @entry() attributes {dso_local} { llvm.return })");
  EXPECT_NE(errorOf({object}, "entry").find("neither code nor constant data"), std::string::npos);
}

TEST(LinkImage, RefusesWhatIsNoObject) { EXPECT_NE(errorOf({"not an object"}, "entry"), ""); }

} // namespace
