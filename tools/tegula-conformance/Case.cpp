// Judges one case in this process: a crash or a hang is for the caller, who runs it in a worker.
#include "Case.h"

#include "common/DataSets.h"
#include "common/Files.h"
#include "common/Tensors.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace tegula::tools {

namespace {

constexpr char mistrusted[] = "(old reference that the manifest does not trust)";

CaseResult failed(const std::string &reason) { return {Verdict::Failed, reason}; }

std::string firstError(const CompileResult &result) {
  for (const Message &message : result.messages)
    if (message.severity == Message::Severity::Error)
      return formatMessage("model.onnx", message);
  return "compilation failed without a message";
}

/// The operators that stand in a refusal, or its text where it is about none.
std::string unsupportedOperators(const CompileResult &result) {
  std::set<std::string> names;
  for (const Message &message : result.messages)
    if (message.severity == Message::Severity::Error && !message.op.empty())
      names.insert(message.op);
  if (names.empty())
    return "(" + firstError(result) + ")";
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : " ") + name;
  return text;
}

/// Shapes, axes, sizes and the like are small tensors that a model may need at compile time; what they are
/// for does not matter.
bool mayBeNeededAtCompileTime(const HostTensor &tensor) { return tensor.shape.size() <= 1; }

/// Compiles plainly, and with small inputs fixed to their values where that is refused.
CompileResult compileWithInputs(const std::string &path, CompileOptions options, const ModelInfo &info,
                                const TensorMap &inputs) {
  completeShapes(info, inputs, options.shapes);
  CompileResult result = compileModel(path, Emit::Artifact, options);
  if (result.outcome != Outcome::Unsupported)
    return result;
  for (const auto &[name, tensor] : inputs)
    if (mayBeNeededAtCompileTime(tensor))
      options.bound[name] = tensor;
  return options.bound.empty() ? result : compileModel(path, Emit::Artifact, options);
}

/// Reads what can be read of a data set; a value of a type that tools do not know is only an error if the
/// compiler accepts it.
std::string readSet(const std::string &folder, const ModelInfo &info, DataSet &set) {
  Failure failure = readDataSet(folder, info, set);
  return failure.text;
}

CaseResult runDataSet(const Case &test, const ModelInfo &info, const std::string &folder,
                      const CompileOptions &options, const std::string &device, int threads) {
  DataSet set;
  std::string unreadable = readSet(folder, info, set);
  CompileResult compiled = compileWithInputs(test.folder + "/model.onnx", options, info, set.inputs);
  if (compiled.outcome == Outcome::Unsupported)
    return {Verdict::Skipped, unsupportedOperators(compiled)};
  if (!compiled)
    return failed(firstError(compiled));
  if (!unreadable.empty())
    return failed(unreadable);
  std::unique_ptr<Session> session;
  std::vector<HostTensor> values;
  Failure failure = Session::openBytes(std::move(compiled.bytes), threads, session, device);
  if (!failure)
    failure = gatherInputs(*session, set.inputs, values);
  if (!failure)
    failure = session->bind(values);
  if (failure && !test.trusted)
    return {Verdict::Skipped, mistrusted};
  if (!failure)
    failure = session->run();
  if (failure)
    return failed(failure.text);
  std::vector<HostTensor> results = session->results();
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string &name = session->outputs()[i].name;
    auto expected = set.expected.find(name);
    if (expected == set.expected.end())
      return failed("output '" + name + "' has no reference");
    if (!test.comparable) { // every value counts as itself: type and shape remain
      results[i].bytes = results[i].bytes.size() == expected->second.bytes.size() ? expected->second.bytes
                                                                                  : results[i].bytes;
    }
    std::string mismatch = firstMismatch(results[i], expected->second, test.rtol, test.atol);
    if (!mismatch.empty() && !test.trusted)
      return {Verdict::Skipped, mistrusted};
    if (!mismatch.empty())
      return failed(set.name + ", output '" + name + "': " + mismatch);
  }
  if (results.size() != info.outputs.size())
    return failed("expected " + std::to_string(info.outputs.size()) + " outputs, got " +
                  std::to_string(results.size()));
  return {Verdict::Passed, ""};
}

} // namespace

bool readManifest(const std::string &folder, std::vector<Case> &cases, std::string &error) {
  std::ifstream file(folder + "/manifest.tsv");
  std::string line;
  if (!std::getline(file, line)) {
    error = folder + "/manifest.tsv: cannot read";
    return false;
  }
  auto split = [](const std::string &text) {
    std::vector<std::string> fields;
    std::stringstream stream(text);
    for (std::string field; std::getline(stream, field, '\t');)
      fields.push_back(field);
    return fields;
  };
  std::vector<std::string> header = split(line);
  auto column = [&](const char *name) {
    return size_t(std::find(header.begin(), header.end(), name) - header.begin());
  };
  size_t folderAt = column("folder"), testAt = column("test"), rtolAt = column("rtol"),
         atolAt = column("atol"), flagsAt = column("flags"), setAt = column("set"),
         agreedAt = column("ort_capi");
  if (folderAt >= header.size() || testAt >= header.size()) {
    error = folder + "/manifest.tsv: expected columns 'folder' and 'test'";
    return false;
  }
  while (std::getline(file, line)) {
    std::vector<std::string> fields = split(line);
    if (fields.size() <= std::max(folderAt, testAt))
      continue;
    Case test;
    test.name = fields[folderAt] + "/" + fields[testAt];
    test.folder = folder + "/" + test.name;
    if (rtolAt < fields.size() && !fields[rtolAt].empty())
      test.rtol = std::strtod(fields[rtolAt].c_str(), nullptr);
    if (atolAt < fields.size() && !fields[atolAt].empty())
      test.atol = std::strtod(fields[atolAt].c_str(), nullptr);
    if (flagsAt < fields.size())
      test.comparable = ("," + fields[flagsAt] + ",").find(",random,") == std::string::npos;
    // "Some carry upstream data bugs fixed later: trust those with ort_capi=pass", says the collection of its
    // old releases.
    if (setAt < fields.size() && fields[setAt] == "historic" && agreedAt < fields.size())
      test.trusted = fields[agreedAt] == "pass";
    cases.push_back(std::move(test));
  }
  return true;
}

CaseResult runCase(const Case &test, const CompileOptions &options, const std::string &device, int threads) {
  ModelInfo info;
  std::vector<Message> messages;
  std::string path = test.folder + "/model.onnx";
  if (!inspectModel(path, info, messages))
    return failed(messages.empty() ? "cannot read the model" : formatMessage("model.onnx", messages[0]));
  std::vector<std::string> folders = dataSetFolders(path);
  if (folders.empty())
    return failed("no test_data_set_N beside the model");
  for (const std::string &folder : folders)
    if (CaseResult result = runDataSet(test, info, folder, options, device, threads);
        result.verdict != Verdict::Passed)
      return result;
  return {Verdict::Passed, ""};
}

} // namespace tegula::tools
