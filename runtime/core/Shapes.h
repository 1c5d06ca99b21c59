// The sizes of one context: what the caller set for the inputs, the symbols that follow, and the shapes of
// the outputs.
#pragma once

#include "Model.h"

namespace tegula::runtime {

/// Shapes change between runs, never in one. A model without symbols knows all of them from the start.
class Shapes {
public:
  void start(const Model &model, const Target &target);

  /// Notes an input's shape; `changed` says whether it was another one. Refuses what this input can never
  /// have.
  tgl_code set(size_t index, const int64_t *dims, int32_t rank, bool &changed, tgl_status *status);
  /// Whether every input has a shape and they agree on every symbol; else the status says which do not.
  tgl_code agree(tgl_status *status);
  /// Computes the outputs' shapes and the arena's size of shapes that agree.
  tgl_code resolve(tgl_status *status);
  /// Whether all that follows from the shapes is computed.
  bool resolved() const { return isResolved; }

  /// An input or output with its sizes of now; `bytes` is 0 and sizes are -1 where they are not known yet.
  const tgl_tensor_info &input(size_t index) const { return inputs[index].info; }
  const tgl_tensor_info &output(size_t index) const { return outputs[index].info; }
  bool inputKnown(size_t index) const { return inputs[index].known; }

  /// Says which check the sizes fail, at which node, with the two that do not fit.
  tgl_code refuse(int32_t check, int64_t first, int64_t second, tgl_status *status) const;

  const int64_t *symbolValues() const { return symbols.data(); }
  const std::vector<int64_t> &sizes() const { return symbols; }
  uint64_t arenaBytes() const { return arena; }

private:
  struct Tensor {
    std::vector<int64_t> dims;
    tgl_tensor_info info = {};
    bool known = false;
  };

  static void startTensors(const std::vector<TensorDescription> &described, std::vector<Tensor> &tensors);
  static bool measure(Tensor &tensor);
  tgl_code checkBounds(size_t index, const int64_t *dims, tgl_status *status) const;
  bool takeSizes(const std::vector<int64_t> &sizes);

  const Model *model = nullptr;
  const Target *target = nullptr;
  std::vector<Tensor> inputs, outputs;
  std::vector<int64_t> symbols, scratch;
  uint64_t arena = 0;
  bool isResolved = false;
};

} // namespace tegula::runtime
