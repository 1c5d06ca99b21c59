// What an artifact holds, as plain data: the words that the compiler's writer and the runtime's reader share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::artifact {

/// Raised whenever the bytes change their meaning. Appending a manifest field does not raise it.
inline constexpr uint32_t formatVersion = 3;

/// Sections begin on page borders, so that a loader can map them.
inline constexpr uint64_t pageSize = 4096;

/// Dimensions that a tensor of an artifact may have.
inline constexpr size_t mostDims = 64;

/// Targets that an artifact may have.
inline constexpr size_t mostTargets = 16;

/// Combinations of sizes for which a target may have code of its own.
inline constexpr size_t mostVariants = 16;

/// More than any process can map.
inline constexpr uint64_t addressSpace = uint64_t(1) << 47;

/// Weights are checksummed in blocks of this many bytes, so that several threads can verify them.
inline constexpr uint64_t weightBlock = 1 << 20;

/// Element types; the numbers are those of tgl_dtype and stand in files.
enum class DType : uint8_t {
  Bool = 1,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  Float16,
  BFloat16,
  Float32,
  Float64
};

/// numpy's name ("float32"; "bfloat16" besides), nullptr for a number that is no type.
const char *dtypeName(DType dtype);
/// Bytes of one element, 0 for a number that is no type.
size_t dtypeSize(DType dtype);
std::optional<DType> parseDType(std::string_view name);

/// Stands for a size that the symbols decide.
inline constexpr int64_t unknownSize = -1;

struct TensorInfo {
  std::string name;
  DType dtype = DType::Float32;
  std::vector<int64_t> dims; ///< unknownSize where only a run tells
  /// Symbolic names, "" where the model gave a number; of an unknown size its symbol, or what is computed of
  /// symbols. Empty, or one a dimension.
  std::vector<std::string> dimNames;
  /// Of an input: which symbol an unknown size is, -1 for a known one. Empty, or one a dimension.
  std::vector<int32_t> dimSymbols = {};
};

/// A function the code image calls: the loader stores its address into the 8-byte slot at `slot`.
struct Import {
  std::string symbol;
  uint64_t slot = 0; ///< offset in the code image, a multiple of 8
};

/// What kernels are written in; the numbers stand in files.
enum class Language : uint8_t { X86 = 1, Ptx = 2 };

/// How a kernel that a device knows by its name is launched: ceil(cells / cellsPerBlock) blocks, which take
/// `buffers` addresses, then `sizes` numbers, then the number of cells.
struct LaunchInfo {
  uint32_t threads = 0; ///< of a block
  uint64_t cellsPerBlock = 0;
  uint32_t sharedBytes = 0; ///< of shared memory, beyond what the code declares
  uint32_t buffers = 0, sizes = 0;
};

struct KernelInfo {
  std::string name;
  std::vector<std::string> nodes; ///< names of the ONNX nodes it computes
  std::string schedule;           ///< its #sched as text, "" at -O0
  LaunchInfo launch = {};         ///< only in PTX
  uint64_t codeBytes = 0;         ///< of its code, or of its text where a device compiles it
};

/// One launch of a run. Its place in the list is the `dispatch` number that the code passes to
/// TglHost::launch.
struct DispatchInfo {
  uint32_t kernel = 0; ///< index in kernels
  int64_t cells = 0;   ///< unknownSize where the symbols decide
  std::vector<std::string> nodes;
  std::string cellsFormula = {}; ///< what an unknown number of cells is computed from, for people
};

/// What the sizes of a run must fulfil. Its place in the list is the number that the shapes function returns,
/// less one.
struct Check {
  std::string node; ///< the ONNX node that needs it, "" for the model as a whole
  std::string
      text; ///< what it expects; {0} and {1} stand for the two sizes: "expected equal sizes, got {0} and {1}"
};

/// A weight that one target reads in another order than the file has it, which others read: the loader cuts
/// `rows` rows of `columns` elements into panels of `width` columns and puts them one after the other. The
/// last panel begins `width` before the end, whatever it repeats.
struct PackInfo {
  uint64_t from = 0; ///< from the first weight of the artifact
  uint64_t to = 0;   ///< in the target's packed weights
  uint64_t rows = 0, columns = 0, width = 0;
  uint32_t elementBytes = 0;
};

/// The values that a symbol may take.
struct SizeBounds {
  int64_t lowest = 1, highest = INT64_MAX;
  friend bool operator==(const SizeBounds &, const SizeBounds &) = default;
};

/// Code of a target for some sizes only; the host functions take it where a run has them. Its dispatches are
/// [firstDispatch, firstDispatch + dispatchCount) of the target's.
struct VariantInfo {
  std::vector<int64_t> sizes; ///< one a symbol, 0 where any will do
  uint32_t firstDispatch = 0, dispatchCount = 0;
  uint64_t arenaBytes = 0; ///< as the target's
  std::string arenaFormula;
  uint64_t mostArenaBytes = 0;
};

/// A buffer in the arena, for people.
struct BufferInfo {
  std::vector<std::string> nodes; ///< names of the ONNX nodes that write it
  int64_t bytes = 0;              ///< unknownSize where the symbols decide
  std::string bytesFormula = {};  ///< what they are computed from then
  uint32_t first = 0, last = 0;   ///< dispatches between which it is in use
  bool scratch = false;           ///< whether it is a kernel's own
};

/// Buffers that an artifact tells of, for each target.
inline constexpr size_t mostBuffers = 16;

/// A model compiled for one machine. Its code image holds the host functions, and the kernels too where they
/// are in the same language.
struct TargetInfo {
  std::string name; ///< e.g. "x86-64-v3", "sm_80"
  Language language = Language::X86;
  uint32_t architecture = 0;         ///< of PTX: 80 is for cards of compute capability 8.0 and up
  std::vector<std::string> features; ///< CPU features the image needs, in cpuid's words as Linux and LLVM
                                     ///< spell them: "avx2", "fma", "avx512f"
  bool keepDenormals = false;        ///< else runs flush denormals to zero
  uint64_t arenaBytes = 0; ///< scratch memory of a run; with symbols the part that no symbol changes
  uint64_t entry = 0;      ///< offset of the TglEntryFn in the code image
  std::vector<Import> imports;
  std::vector<KernelInfo> kernels;
  std::vector<DispatchInfo> dispatches;
  uint64_t shapes = 0; ///< offset of the TglShapesFn in the code image; only with symbols
  std::vector<Check> checks;
  std::string arenaFormula;                  ///< what the symbols add to arenaBytes, for people
  uint64_t mostArenaBytes = 0;               ///< what both come to at most, 0 where nothing bounds it
  uint64_t weightsBegin = 0, weightsEnd = 0; ///< the part of the weights that it reads
  std::vector<PackInfo> packs;
  uint64_t packedBytes = 0; ///< that they need
  /// Those that fix more sizes come first. The code for all sizes is described by the target itself, and has
  /// the dispatches in front of the first variant's.
  std::vector<VariantInfo> variants;
  /// The largest buffers of the code for all sizes that are in use at the dispatch where most memory is,
  /// largest first; sizes that symbols decide are taken to be middling.
  std::vector<BufferInfo> buffers;
  uint32_t peakDispatch = 0;
};

/// Everything of an artifact but its code and its weights.
struct Manifest {
  std::string producer;  ///< program and version, e.g. "tegula 0.1.0"
  std::string modelHash; ///< of the source model
  std::string flags;     ///< with which it was compiled
  std::vector<TensorInfo> inputs, outputs;
  std::vector<std::string> symbols;     ///< names of the sizes that a run chooses, each that of some input
  std::vector<SizeBounds> symbolBounds; ///< one a symbol, or empty where nothing bounds any
  std::vector<TargetInfo> targets;      ///< one at least
};

/// The functions that code may import: memcpy and its kin, libm, and the float conversions of compiler-rt.
bool isImportAllowed(std::string_view symbol);
/// All of them, sorted.
std::span<const std::string_view> allowedImports();

/// The CPU features an artifact may ask for, sorted.
std::span<const std::string_view> knownFeatures();

} // namespace tegula::artifact
