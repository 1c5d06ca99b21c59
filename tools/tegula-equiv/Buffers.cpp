// Lowers a function on buffers by the steps that nothing can be executed without, places its code in memory
// and calls it. The function is first wrapped into one that takes nothing but addresses, as CodeAbi.h says.
#include "Buffers.h"

#include "common/Tensors.h"
#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/cpu/Codegen.h"
#include "tegula/codegen/cpu/Passes.h"
#include "tegula/driver/Register.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstring>

using namespace mlir;

namespace tegula::tools {

namespace {

constexpr int64_t unknownSize = 4;

/// One piece of memory that the wrapper is given.
struct Piece {
  std::string name, dtype;
  int64_t elements = 0;
};

/// numpy's name of an element type; signless integers count as signed.
std::string dtypeOf(Type type) {
  std::string bits = type.isIndex() ? "64" : std::to_string(type.getIntOrFloatBitWidth());
  return type.isInteger(1) ? "bool"
         : type.isBF16()   ? "bfloat16"
                           : (isa<FloatType>(type) ? "float" : "int") + bits;
}

/// Builds the wrapper @entry around @main: an argument of memory for each argument and result.
class Wrapper {
public:
  Wrapper(func::FuncOp main) : main(main), builder(main) {}

  std::vector<Piece> arguments, results;

  LogicalResult build() {
    if (main.isDeclaration() || !main.getBody().hasOneBlock())
      return main.emitError("expected a function of one block");
    entry = func::FuncOp::create(builder, main.getLoc(), "entry", builder.getFunctionType({}, {}));
    entry->setAttr(codegen::cellsAttr, builder.getI64IntegerAttr(1));
    entry.addEntryBlock();
    builder.setInsertionPointToStart(&entry.front());
    IRMapping map;
    for (BlockArgument argument : main.getArguments()) {
      Value value = valueFor(argument);
      if (!value)
        return main.emitError("expected buffers with known strides, vectors and numbers, got ")
               << argument.getType();
      map.map(argument, value);
    }
    for (Operation &op : main.front().without_terminator())
      builder.clone(op, map);
    for (Value result : main.front().getTerminator()->getOperands()) {
      if (isa<ShapedType>(result.getType()) && !isa<VectorType>(result.getType()))
        return main.emitError("expected results that are vectors and numbers, got ") << result.getType();
      Value place = addPiece(results, "result", result.getType(), 1);
      memref::StoreOp::create(builder, main.getLoc(), map.lookupOrDefault(result), place, zero());
    }
    func::ReturnOp::create(builder, main.getLoc());
    for (StringRef range : {"begin", "end"}) // which the interface asks for
      (void)entry.insertArgument(entry.getNumArguments(), builder.getIndexType(), {},
                                 NameLoc::get(builder.getStringAttr(range)));
    main.erase();
    return success();
  }

private:
  Value zero() { return arith::ConstantIndexOp::create(builder, main.getLoc(), 0); }

  Value addPiece(std::vector<Piece> &pieces, StringRef what, Type element, int64_t count) {
    auto vector = dyn_cast<VectorType>(element);
    pieces.push_back({what.str() + std::to_string(pieces.size()), dtypeOf(getElementTypeOrSelf(element)),
                      count * (vector ? vector.getNumElements() : 1)});
    unsigned index = entry.getNumArguments();
    (void)entry.insertArgument(index, MemRefType::get({count}, element), {}, main.getLoc());
    return entry.getArgument(index);
  }

  /// What stands for one of @main's arguments; null where its type is none that can be given.
  Value valueFor(BlockArgument argument) {
    if (auto buffer = dyn_cast<MemRefType>(argument.getType()))
      return bufferFor(buffer);
    if (argument.getType().isIndex())
      return arith::ConstantIndexOp::create(builder, main.getLoc(), indexFor(argument));
    if (!isa<VectorType, IntegerType, FloatType>(argument.getType()))
      return {};
    Value place = addPiece(arguments, "arg", argument.getType(), 1);
    return memref::LoadOp::create(builder, main.getLoc(), place, zero());
  }

  Value bufferFor(MemRefType type) {
    SmallVector<int64_t> sizes(type.getShape()), strides;
    for (int64_t &size : sizes)
      size = ShapedType::isDynamic(size) ? unknownSize : size;
    MemRefType known = MemRefType::get(sizes, type.getElementType(), type.getLayout(), type.getMemorySpace());
    int64_t offset = 0, count = 1;
    if (failed(known.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) ||
        llvm::any_of(strides, ShapedType::isDynamic))
      return {};
    for (auto [size, stride] : llvm::zip_equal(sizes, strides))
      count += (size - 1) * stride;
    Value piece = addPiece(arguments, "arg", type.getElementType(), offset + count);
    Value buffer =
        memref::ReinterpretCastOp::create(builder, main.getLoc(), known, piece, offset, sizes, strides);
    return known == type ? buffer : memref::CastOp::create(builder, main.getLoc(), type, buffer);
  }

  int64_t indexFor(BlockArgument argument) {
    auto all = llvm::to_vector(llvm::make_filter_range(
        main.getArguments(), [](BlockArgument other) { return other.getType().isIndex(); }));
    Attribute cells = main->getAttr(codegen::cellsAttr);
    if (!cells || all.size() < 2 || (argument != all.back() && argument != all[all.size() - 2]))
      return unknownSize;
    if (argument != all.back())
      return 0;
    if (auto number = dyn_cast<IntegerAttr>(cells))
      return number.getInt();
    AffineMap map = cast<AffineMapAttr>(cells).getValue();
    SmallVector<Attribute> sizes(map.getNumInputs(), builder.getIndexAttr(unknownSize)), count;
    return succeeded(map.constantFold(sizes, count)) ? cast<IntegerAttr>(count.front()).getInt() : 0;
  }

  func::FuncOp main, entry;
  OpBuilder builder;
};

/// The steps without which nothing runs; no pass of ours that could be under test is among the first ones.
LogicalResult lower(ModuleOp module) {
  module.walk([](memref::CopyOp copy) { // copies of strided buffers would need a library
    OpBuilder builder(copy);
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
  PassManager pm(module.getContext());
  codegen::populateLoopPipeline(pm, codegen::Expansion::None);
  pm.addPass(createConvertMathToLibmPass());
  codegen::populateLlvmPipeline(pm);
  pm.addPass(codegen::cpu::createWrapKernel());
  return pm.run(module);
}

/// Executable memory, given back at the end.
class LoadedCode {
public:
  ~LoadedCode() {
    if (memory != MAP_FAILED)
      munmap(memory, size);
  }

  Failure load(ModuleOp module) {
    llvm::Expected<std::string> object =
        codegen::cpu::emitModule(module, codegen::cpu::Output::Object, codegen::cpu::CpuCodegenOptions());
    if (!object)
      return {Code::Internal, llvm::toString(object.takeError())};
    auto image = codegen::cpu::linkImage({*object}, {"entry"}, [](StringRef) { return true; });
    if (!image)
      return {Code::Internal, llvm::toString(image.takeError())};
    size = image->bytes.size();
    for (const codegen::cpu::Image::Import &import : image->imports) {
      void *address = dlsym(RTLD_DEFAULT, import.symbol.c_str());
      if (!address)
        return {Code::Internal, "expected a function '" + import.symbol + "' in this process"};
      std::memcpy(&image->bytes[import.slot], &address, sizeof(address));
    }
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return {Code::OutOfMemory, "expected memory for " + std::to_string(size) + " bytes of code"};
    std::memcpy(memory, image->bytes.data(), size);
    if (mprotect(memory, size, PROT_READ | PROT_EXEC))
      return {Code::OutOfMemory, "expected memory that may be executed"};
    entry = image->entries.front();
    return {};
  }

  void call(void *const *buffers) {
    auto function =
        reinterpret_cast<void (*)(void *const *, int64_t, int64_t)>(static_cast<char *>(memory) + entry);
    function(buffers, 0, 1);
  }

private:
  void *memory = MAP_FAILED;
  size_t size = 0;
  uint64_t entry = 0;
};

/// Fills memory with seeded values; results, which are written before they are read, with zeros.
void fill(const std::vector<Piece> &pieces, bool isResult, std::vector<HostTensor> &memory) {
  for (const Piece &piece : pieces) {
    memory.push_back(seededTensor(piece.name, piece.dtype, {piece.elements}));
    if (isResult)
      std::fill(memory.back().bytes.begin(), memory.back().bytes.end(), 0);
  }
}

/// Runs loaded code on memory that lies as vector code expects it, and copies what is left there.
void execute(LoadedCode &code, Memory &memory) {
  constexpr size_t alignment = 64;
  std::vector<std::unique_ptr<void, decltype(&std::free)>> owned;
  std::vector<void *> buffers;
  auto all = llvm::concat<HostTensor>(memory.arguments, memory.results);
  for (HostTensor &tensor : all) {
    void *place = std::aligned_alloc(alignment, llvm::alignTo(tensor.bytes.size() + 1, alignment));
    owned.emplace_back(place, &std::free);
    std::memcpy(place, tensor.bytes.data(), tensor.bytes.size());
    buffers.push_back(place);
  }
  buffers.resize(buffers.size() + 2); // no sizes and no scratch memory
  code.call(buffers.data());
  size_t index = 0;
  for (HostTensor &tensor : all)
    std::memcpy(tensor.bytes.data(), buffers[index++], tensor.bytes.size());
}

} // namespace

Failure runOnBuffers(const std::string &text, Memory &memory) {
  DialectRegistry registry;
  driver::registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string errors;
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    llvm::raw_string_ostream(errors) << (errors.empty() ? "" : "; ") << diagnostic;
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  func::FuncOp main = module ? module->lookupSymbol<func::FuncOp>("main") : func::FuncOp();
  if (!main)
    return {Code::InvalidText, "expected a function: " + errors};
  Wrapper wrapper(main);
  if (failed(wrapper.build()))
    return {Code::InvalidText, errors};
  if (failed(lower(*module)))
    return {Code::Internal, "lowering failed: " + errors};
  LoadedCode code;
  if (Failure failure = code.load(*module))
    return failure;
  fill(wrapper.arguments, false, memory.arguments);
  fill(wrapper.results, true, memory.results);
  execute(code, memory);
  return {};
}

} // namespace tegula::tools
