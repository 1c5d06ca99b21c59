// What inspect says of an ONNX model's weights and work.
#include "Explained.h"
#include "Inspected.h"

#include "common/Json.h"
#include "common/Tensors.h"

namespace tegula::tools {

TargetText describeWeights(const std::string &path) {
  WeightsInfo info;
  std::vector<Message> ignored; // who describes the model says them
  inspectWeights(path, info, ignored);
  TargetText all;
  Json types('{'), largest('['), files('[');
  for (const auto &[dtype, type] : info.types) {
    types.raw(dtype, Json('{')
                         .add("tensors", type.tensors)
                         .add("elements", type.elements)
                         .add("bytes", type.bytes)
                         .add("denormals", type.denormals)
                         .close());
    all.text += "weights " + dtype + ": " + std::to_string(type.tensors) + " tensors, " +
                std::to_string(type.elements) + " elements, " + byteText(double(type.bytes)) +
                (type.denormals ? ", " + std::to_string(type.denormals) + " denormal" : "") + "\n";
  }
  for (size_t i = 0; i < info.largest.size(); ++i) {
    const WeightsInfo::Tensor &tensor = info.largest[i];
    Json shape('[');
    for (int64_t size : tensor.shape)
      shape.add("", size);
    largest.raw("", Json('{')
                        .add("name", tensor.name)
                        .add("dtype", tensor.dtype)
                        .raw("shape", shape.close())
                        .add("bytes", tensor.bytes)
                        .add("file", tensor.file)
                        .close());
    constexpr size_t shown = 3;
    if (i < shown)
      all.text += "  " + printable(tensor.name) + ": " + tensor.dtype + " " + shapeText(tensor.shape) + ", " +
                  byteText(double(tensor.bytes)) + "\n";
  }
  for (const WeightsInfo::File &file : info.files) {
    files.raw("", Json('{')
                      .add("name", file.name)
                      .add("tensors", file.tensors)
                      .add("bytes", file.bytes)
                      .add("problem", file.problem)
                      .close());
    all.text += "external data " + printable(file.name) + ": " + std::to_string(file.tensors) + " tensors, " +
                byteText(double(file.bytes)) +
                (file.problem.empty() ? "" : "; not readable: " + printable(file.problem)) + "\n";
  }
  all.json = Json('{')
                 .raw("types", types.close())
                 .raw("largest", largest.close())
                 .raw("external_files", files.close())
                 .close();
  return all;
}

Failure describeFlops(const std::string &path, const CompileArguments &arguments, TargetText &all) {
  CompileArguments naive = arguments;
  naive.optLevel = 0; // operations as the model has them
  naive.explain = naive.general = true;
  CompileOptions options;
  Failure failure = naive.convert(options);
  CompileResult result;
  if (!failure && !(result = compileModel(path, Emit::Sched, options)))
    failure = result.messages.empty() ? Failure(Code::Internal, "")
                                      : Failure(result.messages.front().code, result.messages.front().text);
  if (failure || result.explanations.empty()) {
    all.text = "operations not known: " + printable(failure.text) + "\n";
    all.json = Json('{').add("error", failure.text).close();
    return outcomeOf(failure.code) == Outcome::BadInput ? failure : Failure();
  }
  const Explanation &explanation = result.explanations.front();
  double flops = 0;
  bool isOpen = false;
  for (const Explanation::Launch &launch : explanation.launches) {
    if (!launch.sizes.empty()) // of a variant, which runs instead
      continue;
    flops += explanation.kernels[launch.kernel].flops * timesOf(launch);
    isOpen |= explanation.kernels[launch.kernel].isOpen;
  }
  all.text =
      flopText(flops) + " a run" + stepsText(explanation) +
      (isOpen ? ", where sizes are open with what the scheduler assumes (--dim NAME=N says them)" : "") +
      "\n";
  all.json = Json('{').add("flops", flops).add("open", isOpen).close();
  return {};
}

} // namespace tegula::tools
