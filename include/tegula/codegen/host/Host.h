// The host function as the driver sees it: where every buffer lies, what the weights section holds, and the
// code that launches kernels.
#pragma once

#include "tegula/artifact/Writer.h"
#include "tegula/codegen/host/Weights.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace tegula::codegen::host {

/// What a launch of a kernel needs, over the kernel's sizes.
struct KernelNeeds {
  mlir::AffineMap cells;        ///< of its grid; null for one
  mlir::AffineMap scratchBytes; ///< of a buffer behind its outputs; null for none
  bool isApart = false;         ///< a device holds it: launches say its dispatch's number and no address
};

/// Where a value lies during a run.
struct Place {
  enum class Kind { Input, Output, Weights, Packed, Arena, Slot, Pointer } kind = Kind::Arena;
  int64_t index =
      0; ///< of the input, output, slot or pointer, or the offset in weights, packed weights or arena
  graph::Dim within = 0; ///< offset in the slot
};

/// Buffers begin on multiples of this many bytes.
inline constexpr int64_t bufferAlignment = 64;

/// The buffers that a loop has besides those of its operands and results.
struct LoopPlan {
  /// Of each carried tensor the two that steps write in turn; nothing where its history holds it.
  llvm::SmallVector<std::optional<std::pair<Place, Place>>> carried;
  std::optional<Place> going; ///< the byte that says whether another step follows
  std::optional<Place> arena; ///< of the body
};

/// Every buffer of a run, decided at compile time. The arena's part of static size comes first; slots, whose
/// sizes follow from the model's symbols, lie behind it one after the other.
struct MemoryPlan {
  /// Holds groups of buffers that are never in use at the same time, and is as large as the largest of them.
  struct Slot {
    llvm::SmallVector<graph::Dim> sizes;
    llvm::SmallVector<graph::Dim> words; ///< the same without rounding, for people
  };

  /// A buffer in the arena, for people.
  struct Buffer {
    mlir::Operation *owner = nullptr; ///< the launch or loop that it is for
    graph::Dim bytes = 0;
    int64_t first = 0, last = 0; ///< moments between which it is in use: a launch is one, and so is a loop
    bool scratch = false;
  };

  llvm::DenseMap<mlir::Value, Place> places;        ///< of every tensor of @main, views included
  llvm::DenseMap<mlir::Operation *, Place> scratch; ///< of a launch's scratch memory
  llvm::DenseMap<mlir::Operation *, LoopPlan> loops;
  int64_t numPointers = 0; ///< places that a run finds: of carried tensors, one each
  int64_t arenaBytes = 0;  ///< of the static part
  std::vector<Slot> slots;
  std::vector<Buffer> buffers; ///< in the order of their first launches
  bool hasBranches = false;    ///< buffers may belong to branches that a run does not take
};

/// Lets every symbol of `main` be the size of an input, and every unknown size of an input a symbol, in
/// bodies of its loops too. Call it before the functions below.
mlir::LogicalResult settleSymbols(mlir::func::FuncOp main);

/// A function of the module and its plan: @main, a variant of it for some sizes (graph::readFixed), or the
/// body of a loop.
struct PlannedFunction {
  mlir::func::FuncOp function;
  MemoryPlan plan;
  std::vector<PlannedFunction> bodies = {}; ///< of all loops in it, inner ones first
};

/// The functions that the loops of `function` run, and those of loops in them, inner ones first.
llvm::SmallVector<mlir::func::FuncOp> bodiesOf(mlir::func::FuncOp function);
/// The body of one loop and those of loops in it, inner ones first.
llvm::SmallVector<mlir::func::FuncOp> bodiesOf(tile::LoopOp loop);

/// Places every value of `main`, whose results are distinct launch results (see CopyResults), constants in
/// `weights`. `bodies` are those of its loops.
mlir::FailureOr<MemoryPlan> planMemory(mlir::func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels,
                                       WeightLayout &weights, llvm::ArrayRef<PlannedFunction> bodies = {});

/// The plan as text, one line a value, for --emit and tests.
std::string printPlan(mlir::func::FuncOp main, const MemoryPlan &plan);

inline constexpr llvm::StringLiteral entryName = "tegula.entry";

inline constexpr llvm::StringLiteral shapesName = "tegula.shapes";

/// A module with the entry function of CodeAbi.h in the LLVM dialect, and with the shapes function where the
/// model has symbols; kernels are external symbols of it. `functions` begins with @main; of its variants the
/// first that is for the sizes of a run is taken. Launches are numbered through all of them, those of bodies
/// behind those of the function whose loops they are. `checks` receives what the shapes functions check.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> lowerHost(llvm::ArrayRef<PlannedFunction> functions,
                                                             const llvm::StringMap<KernelNeeds> &kernels,
                                                             std::vector<artifact::Check> &checks);

/// How many cells a launch has.
graph::Dim cellsOf(tile::LaunchOp launch, const KernelNeeds &needs);

/// What the symbols add to the arena, in words: "0.9 KiB*batch*seq"; empty where nothing.
std::string arenaFormula(mlir::func::FuncOp main, const MemoryPlan &plan);

/// The bytes of the largest arena that the symbols' bounds allow; nothing where they bound none.
std::optional<int64_t> mostArenaBytes(mlir::func::FuncOp main, const MemoryPlan &plan);

/// The sizes of an argument or result of @main, from its type and its tegula.dims.
graph::Shape interfaceShape(mlir::Type type, mlir::DictionaryAttr attributes);

} // namespace tegula::codegen::host
