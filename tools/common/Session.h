// A compiled model that runs: the runtime's C API with owned memory, for tools that would otherwise each
// repeat its calls.
#pragma once

#include "common/Report.h"
#include "tegula/Tegula.h"
#include "tegula/runtime.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tegula::tools {

struct Port {
  std::string name, dtype;
  std::vector<int64_t> shape; ///< -1 where the sizes of a run decide and are not chosen yet
  std::vector<std::string>
      dimNames; ///< of each dimension, or what it is computed from; "" for a plain number
  size_t bytes = 0;

  /// "1x3x224x224", with the names of unknown sizes; "scalar".
  std::string shapeText() const;
};

/// What the runtime says of a call; no failure where it is TGL_OK.
Failure fromStatus(const tgl_status &status);

/// What every thread did in one run, by the time at which it began; nanoseconds of a steady clock.
struct TracedRun {
  int64_t begin = 0, end = 0;
  std::vector<tgl_event> events;
  size_t missed = 0; ///< events that there was no room for
};

/// A kernel, and the ONNX nodes that one of its dispatches computes.
struct DispatchNames {
  std::string kernel, nodes;
};

/// The inputs and outputs of a loaded model.
Failure describePorts(const tgl_model *model, std::vector<Port> &inputs, std::vector<Port> &outputs);

class Session {
public:
  /// Maps an artifact file, to be run on a device as tegula/runtime.h names them.
  static Failure openFile(const std::string &path, int threads, std::unique_ptr<Session> &session,
                          const std::string &device = "cpu");
  /// Takes an artifact's bytes; copies them where the runtime could not use them in place.
  static Failure openBytes(std::vector<uint8_t> &&bytes, int threads, std::unique_ptr<Session> &session,
                           const std::string &device = "cpu");
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  const std::vector<Port> &inputs() const { return inputPorts; }
  const std::vector<Port> &outputs() const { return outputPorts; }
  /// The inputs as the model declares them, whatever shapes are chosen.
  const std::vector<Port> &declaredInputs() const { return declaredPorts; }
  /// Whether the inputs' shapes choose sizes of the model.
  bool isSymbolic() const { return symbolic; }
  int threads() const;
  std::string device() const;
  /// How long the device's kernels took in the last run by its own clock, 0 where it has none.
  int64_t deviceNanoseconds() const;

  /// Copies values into the inputs, one for each; every type and shape must fit. Their shapes choose the
  /// model's symbolic sizes: `inputs()` and `outputs()` are known afterwards. Also binds the outputs.
  Failure bind(const std::vector<HostTensor> &values);
  /// Runs once with what is bound.
  Failure run();
  /// The same, and how long each dispatch of the target took; 0 for those of other variants.
  Failure runProfiled(std::vector<int64_t> &nanoseconds);
  /// Runs `runs` times and tells what every thread did in each; one that makes more events than expected, as
  /// loops do, is run again.
  Failure runTraced(int runs, std::vector<TracedRun> &traced);
  /// From now on counts what kernels do; a failure where the device cannot.
  Failure startCounting();
  /// What has been counted so far; valid until the next run.
  Failure counts(std::span<const tgl_launch_counts> &counted) const;
  Failure describeDispatch(int32_t dispatch, DispatchNames &names) const;
  /// Whether the code that runs here needs vectors of 64 bytes.
  bool usesWideVectors() const;
  /// Copies of the outputs of the last run.
  std::vector<HostTensor> results() const;

private:
  Session() = default;
  Failure start(int threads, const std::string &device);
  Failure chooseShapes(const std::vector<HostTensor> &values);

  tgl_model *model = nullptr;
  tgl_context *context = nullptr;
  std::vector<uint8_t> held;
  void *image = nullptr;
  size_t imageSize = 0;
  bool symbolic = false;
  std::vector<Port> inputPorts, outputPorts, declaredPorts;
  std::vector<void *> outputData;
};

} // namespace tegula::tools
