// The compiler as a library: one call takes an ONNX file to any stage of its compilation, so that tools need
// no MLIR of their own.
#pragma once

#include "tegula/support/Codes.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tegula {

/// A tensor in host memory: row-major, `dtype` as numpy names it (bfloat16 besides), bytes little-endian.
struct HostTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

/// What a compilation produces.
enum class Emit { Graph, Tile, Sched, Llvm, Asm, Ptx, Obj, Artifact };

/// What is known of a size that a run chooses.
struct SizeRange {
  int64_t lowest = 1, highest = INT64_MAX;
  std::vector<int64_t> hot; ///< sizes that get code of their own
};

struct CompileOptions {
  int optLevel = 2;                        ///< 0: the oracle, no fusion and no schedule; 2: everything
  std::string target = "native";           ///< native, x86-64-v3, x86-64-v4, a named CPU or GPU
  std::vector<std::string> moreTargets;    ///< further machines that the artifact is for
  std::map<std::string, int64_t> dims;     ///< symbolic dimension -> size
  std::map<std::string, SizeRange> ranges; ///< symbolic dimension that stays open -> its sizes
  std::map<std::string, std::vector<int64_t>> shapes; ///< input name -> shape
  std::map<std::string, HostTensor>
      bound; ///< inputs fixed to a value at compile time (they stay inputs, their run-time value is ignored)
  std::string precision = "fp32"; ///< what products may round float32 to: fp32 (nothing), tf32, bf16, fp16
  bool keepDenormals = false;     ///< else denormal constants are flushed and kernels run with FTZ and DAZ
  int threads = 0;                ///< compile threads, 0: as many as the process may use
  std::string schedFile;          ///< schedules that override the scheduler's, as --emit=sched prints them
  std::vector<std::string> operatorFiles;  ///< files that say what custom operators mean
  std::vector<std::string> insertedPasses; ///< "after-fuse:name{option=1}", in their order
  std::string stopAfter;        ///< phase after which to stop: import, graph, fuse, schedule, tile, codegen
  std::string saveTemps;        ///< folder for the IR after each phase
  bool verbose = false;         ///< print IR on internal errors
  bool explain = false;         ///< collect what the passes say of their decisions
  int64_t maxNodes = 1'000'000; ///< of a model, with functions inlined and loops unrolled
  int maxNesting = 100;         ///< of graphs and functions inside of each other
  /// Called when a phase begins, and with `total` above 0 while it compiles kernels; from any thread, but
  /// never from two at once.
  std::function<void(const std::string &phase, size_t done, size_t total)> progress;
};

/// One diagnostic. `node`, `op` and `opset` are empty or 0 where none is concerned.
struct Message {
  enum class Severity { Error, Warning, Note } severity = Severity::Error;
  std::string node, op;
  int64_t opset = 0;
  std::string text;
  std::string file = "";    ///< the file concerned, with its line, where it is not the model itself
  std::string listing = ""; ///< IR that explains the message, on lines of its own
  Code code = Code::None;   ///< of errors
  std::string domain = "";  ///< of `op`, where it is not ONNX's own
  std::vector<std::string> types = {}; ///< of the node's inputs: "float32 1x3"; "?" where not known
};

struct Timing {
  std::string name; ///< phase, or kernel symbol
  double seconds = 0;
};

/// Why a compiled model is as it is: what the passes say of their decisions, with the cost model's numbers.
/// All times are predicted. Bytes of levels are L1, L2, L3 and memory, towards the registers.
struct Explanation {
  struct Kernel {
    std::string name, schedule;          ///< schedule as text, "" for none
    std::vector<std::string> operations; ///< that share it: "conv 'name'"; empty where it was made on the way
    std::string anchor, bytesNotStored;  ///< bytes a number or a formula over open sizes
    double flops = 0, tensorBytes = 0, levelBytes[4] = {};
    int64_t cells = 1;
    double computeMicroseconds = 0, trafficMicroseconds = 0, microseconds = 0;
    std::string bound; ///< what takes longest: "multiply-adds", "memory", "launch", ...
    bool isOpen = false;
    int64_t considered = 0; ///< schedules that were compared
    std::string runnerUp, note;
    int64_t cycles = 0, runnerUpCycles = 0; ///< by which they were compared
  };
  /// One launch of a run. Launches stand in the order of an artifact's dispatches.
  struct Launch {
    size_t kernel = 0;
    int64_t steps = 1; ///< of the loops around it, which launch it once each; -1 where only a run tells
    std::vector<std::string> nodes;
    std::string sizes;                      ///< of the variant that it belongs to, "" for the general code
    std::vector<int64_t> after;             ///< launches whose results it reads
    std::vector<std::string> inputs;        ///< inputs of the model that it reads
    std::string flopsFormula, bytesFormula; ///< over open sizes, "" where all are known
  };
  /// A value that one kernel stores and another reads.
  struct Edge {
    std::string producer, producerOp, consumer, consumerOp, bytes, reason;
  };
  std::string target;
  int64_t cores = 0;
  double gigahertz = 0, peakFlops = 0, peakBytes[4] = {}; ///< a second, of all cores
  std::vector<Kernel> kernels;
  std::vector<Launch> launches;
  std::vector<Edge> edges;
};

struct CompileResult {
  Outcome outcome = Outcome::Ok;
  std::vector<Message> messages; ///< all of them, in the model's order
  std::vector<uint8_t> bytes;    ///< text for Graph, Tile, Sched, Llvm, Asm and Ptx
  std::vector<Timing> phases, kernels;
  std::vector<Explanation> explanations; ///< one a target, where they are asked for
  explicit operator bool() const { return outcome == Outcome::Ok; }
};

/// Compiles the ONNX model at `path`. Never throws, never prints.
CompileResult compileModel(const std::string &path, Emit emit, const CompileOptions &options);

/// Compiles a module in MLIR text (any phase's output, recognised by the dialects in it). Never throws, never
/// prints.
CompileResult compileModule(const std::string &text, Emit emit, const CompileOptions &options);

/// How a search for a wrong pass runs what the compiler gives it, and judges values.
struct BisectHooks {
  /// Runs an artifact on values for its inputs, in their order; false with a reason. `naive`: it is code of
  /// -O0 for this CPU, whatever the target.
  std::function<bool(std::vector<uint8_t> &&artifact, bool naive, const std::vector<HostTensor> &inputs,
                     std::vector<HostTensor> &outputs, std::string &error)>
      run;
  /// Why one value is too far from the other, "" where it is not.
  std::function<std::string(const HostTensor &got, const HostTensor &expected)> differs;
  /// A value for an input that nobody gives, as tools seed them.
  std::function<HostTensor(const std::string &name, const std::string &dtype,
                           const std::vector<int64_t> &shape)>
      seeded;
};

/// What a search has found.
struct BisectResult {
  Outcome outcome = Outcome::Ok; ///< of the search itself
  std::vector<Message> messages;
  std::string kernel;             ///< the first that computes something else than at -O0; "" where none does
  std::vector<std::string> nodes; ///< that it computes
  std::string kernelDifference;
  std::string phase,
      pass;               ///< the first after which the IR computes something else; pass "" for a whole phase
  std::string difference; ///< between the IR before and after it
  std::string reproducer; ///< MLIR text that the pass breaks, "" where there is none
  std::string replay;     ///< the command that shows it, with FILE for the text's name
};

/// Compiles the model at `path` step by step, with all sizes those of `inputs`, and finds the first kernel
/// and the first pass that changes what it computes. Never throws, never prints.
BisectResult bisectModel(const std::string &path, const CompileOptions &options,
                         const std::vector<HostTensor> &inputs, const BisectHooks &hooks);

/// Loads a plug-in of passes (tegula/driver/Plugin.h) for the whole process; false with a reason where it
/// does not fit.
bool loadPassPlugin(const std::string &path, std::string &error);

/// Finds everything in the ONNX model at `path` that cannot be compiled, as far as that can be told without
/// compiling it and without reading large weights. The result has no bytes. Never throws, never prints.
CompileResult checkModel(const std::string &path, const CompileOptions &options);

/// What a model file says about itself, read without compiling it.
struct ModelInfo {
  struct Value {
    std::string name, dtype;       ///< dtype as in HostTensor; the ONNX word for other kinds of types
    std::vector<std::string> dims; ///< a number, a symbol's name, or "?"
    bool ranked = false;           ///< else `dims` says nothing
    /// The shape where every dimension is a number.
    std::optional<std::vector<int64_t>> staticShape() const;
  };
  std::string producer;
  int64_t irVersion = 0, nodes = 0,
          parameters = 0; ///< nodes of the main graph and all below it; elements of all weights
  std::vector<std::pair<std::string, int64_t>> opsets;
  std::vector<Value> inputs, outputs;       ///< in the model's order; inputs with a stored value left out
  std::map<std::string, int64_t> operators; ///< how often each operator occurs
};

/// Reads what an ONNX file says about itself; false with messages where it is no ONNX file.
bool inspectModel(const std::string &path, ModelInfo &info, std::vector<Message> &messages);

/// What a model file's weights are, and where they lie.
struct WeightsInfo {
  struct Type {
    int64_t tensors = 0, elements = 0, bytes = 0;
    int64_t denormals = 0; ///< numbers so small that --denormals=flush makes them zero
  };
  struct Tensor {
    std::string name, dtype;
    std::vector<int64_t> shape;
    int64_t bytes = 0;
    std::string file; ///< beside the model, "" for the model itself
  };
  struct File {
    std::string name;
    int64_t tensors = 0, bytes = 0;
    std::string problem; ///< why it cannot be read, "" where it can
  };
  std::map<std::string, Type> types; ///< by dtype
  std::vector<Tensor> largest;       ///< at most ten, the largest first
  std::vector<File> files;           ///< external data
};

/// Reads the weights of an ONNX file, their values only to count denormal ones; false with messages where it
/// is no ONNX file.
bool inspectWeights(const std::string &path, WeightsInfo &info, std::vector<Message> &messages);

/// Writes the ONNX model at `path` to the file `to`, with nodes that make one value everywhere in place of
/// all weights that no fold looks at. False with a reason on failure.
bool stripModel(const std::string &path, const std::string &to, std::string &error);

/// Reads a TensorProto file (.pb), as ONNX's own tests store their inputs and outputs; false with a reason on
/// failure.
bool readTensorProto(const std::string &path, HostTensor &tensor, std::string &error);

/// "22.1.8", "Release", the commit that this was built from ("" where that is not known), and what this build
/// can compile for.
std::string llvmVersion();
std::string buildType();
std::string gitRevision();
std::vector<std::string> supportedTargets();

/// The operators the importer knows: name, first and last opset, one sentence.
struct OperatorInfo {
  std::string domain, name;
  int since = 1, until = 0;
  std::string notes;
};
std::vector<OperatorInfo> supportedOperators();

} // namespace tegula
