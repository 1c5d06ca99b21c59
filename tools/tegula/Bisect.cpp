// Searches for the pass that makes a compiled model wrong: the compiler takes the steps, this runs and judges
// them.
#include "Bisect.h"

#include "common/Files.h"
#include "common/Session.h"
#include "common/Tensors.h"

#include <cstdio>

namespace tegula::tools {

namespace {

/// Of tegula-equiv.
constexpr double usualTolerance = 1e-5;

BisectHooks hooksFor(const Bisection &search) {
  BisectHooks hooks;
  hooks.run = [&](std::vector<uint8_t> &&artifact, bool naive, const std::vector<HostTensor> &inputs,
                  std::vector<HostTensor> &outputs, std::string &error) {
    std::unique_ptr<Session> session;
    Failure failure =
        Session::openBytes(std::move(artifact), search.threads, session, naive ? "cpu" : search.device);
    if (!failure)
      failure = session->bind(inputs);
    if (!failure)
      failure = session->run();
    if (!failure)
      outputs = session->results();
    error = failure.text;
    return !failure;
  };
  hooks.differs = [&](const HostTensor &got, const HostTensor &expected) -> std::string {
    Difference difference = relativeDifference(got, expected);
    if (difference.comparable && difference.error <= search.allowed(got.dtype))
      return "";
    char error[48];
    std::snprintf(error, sizeof error, "error %.3g ", difference.error);
    return error + difference.reason;
  };
  hooks.seeded = seededTensor;
  return hooks;
}

std::string withFile(std::string text, const std::string &file) {
  const std::string word = "FILE";
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + file.size()))
    text.replace(at, word.size(), file);
  return text;
}

} // namespace

int bisect(const std::string &model, const CompileOptions &options, const std::vector<HostTensor> &inputs,
           const Bisection &search) {
  if (!hasExtension(model, ".onnx"))
    return reportFailure(model, {Code::WrongKindOfFile, "expected an .onnx file to bisect"});
  BisectResult found = bisectModel(model, options, inputs, hooksFor(search));
  printMessages(model, found.messages);
  if (found.outcome != Outcome::Ok)
    return int(found.outcome);
  if (found.phase.empty()) {
    std::printf("with the sizes of this run fixed, every kernel alone computes what it does at -O0\n");
    return int(Outcome::VerificationFailed);
  }
  if (!found.kernel.empty()) {
    std::string nodes;
    for (const std::string &node : found.nodes)
      nodes += (nodes.empty() ? "" : ", ") + printable(node);
    std::printf("first wrong kernel: %s, which computes %s: %s\n", found.kernel.c_str(),
                nodes.empty() ? "no node" : nodes.c_str(), found.kernelDifference.c_str());
  }
  std::printf("guilty: %s%sthe %s phase: %s\n", found.pass.c_str(), found.pass.empty() ? "" : " of ",
              found.phase.c_str(), found.difference.c_str());
  if (found.reproducer.empty())
    return int(Outcome::VerificationFailed);
  std::string replay = withFile(found.replay, search.reproducer);
  const std::string optimizer = "tegula-opt ";
  if (replay.starts_with(optimizer))
    for (const std::string &plugin : search.plugins)
      replay.insert(optimizer.size(), "--load-pass-plugin=" + plugin + " ");
  if (double allowed = search.allowed("float32"); allowed != usualTolerance) {
    char text[48];
    std::snprintf(text, sizeof text, " --tolerance %g", allowed);
    replay += text;
  }
  std::string text = "// " + replay + "\n" + found.reproducer;
  if (Failure failure =
          writeFile(search.reproducer, {reinterpret_cast<const uint8_t *>(text.data()), text.size()}))
    return reportFailure(search.reproducer, failure);
  std::printf("replay: %s\n", replay.c_str());
  return int(Outcome::VerificationFailed);
}

} // namespace tegula::tools
