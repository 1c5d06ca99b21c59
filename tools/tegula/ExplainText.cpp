// An explanation of a compiled model for people at a terminal, and as JSON for scripts.
#include "Explained.h"

#include "common/Json.h"

#include <algorithm>
#include <cstdio>

namespace tegula::tools {

namespace {

std::string formatted(const char *format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// A number with the largest of `units` that leaves at least 1 of it.
std::string scaled(double value, double step, const std::vector<const char *> &units) {
  size_t unit = 0;
  for (; value >= step && unit + 1 < units.size(); ++unit)
    value /= step;
  return formatted(unit ? "%.1f " : "%.0f ", value) + units[unit];
}

constexpr const char *levelNames[] = {"L1", "L2", "L3", "memory"};
constexpr const char *levelKeys[] = {"l1", "l2", "l3", "memory"};

template <typename Names> std::string joined(const Names &names, size_t most) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < most; ++i)
    text += (i ? ", " : "") + printable(names[i]);
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

/// The numbers of the launches of each kernel.
std::vector<std::vector<size_t>> launchesByKernel(const Explanation &explanation) {
  std::vector<std::vector<size_t>> launches(explanation.kernels.size());
  for (size_t i = 0; i < explanation.launches.size(); ++i)
    launches[explanation.launches[i].kernel].push_back(i);
  return launches;
}

std::string headText(const Explained &explained) {
  const Explanation &all = explained.explanation;
  std::string text = printable(explained.model) + " for " + all.target + ": " + std::to_string(all.cores) +
                     " cores at " + formatted("%.2f GHz, at most ", all.gigahertz) + flopText(all.peakFlops) +
                     "/s and " + byteText(all.peakBytes[3]) + "/s from memory\n";
  text += std::to_string(all.launches.size()) + " launches of " + std::to_string(all.kernels.size()) +
          " kernels, predicted " + timeText(explained.predictedMicroseconds()) + " a run" + stepsText(all);
  bool isOpen = std::any_of(all.kernels.begin(), all.kernels.end(),
                            [](const Explanation::Kernel &kernel) { return kernel.isOpen; });
  text += isOpen ? ", where sizes are open with what the scheduler assumes (--dim NAME=N says them)\n" : "\n";
  if (const Measured *measured = explained.measured) {
    text += "measured: " + timeText(measured->runMicroseconds) + " a run, the median of " +
            std::to_string(measured->runs) + " on " + std::to_string(measured->threads) + " threads";
    if (measured->peakFlops > 0)
      text += "; this machine's roof now: " + flopText(measured->peakFlops) + "/s, " +
              byteText(measured->peakBytes) + "/s from memory";
    text += "\n";
  }
  return text;
}

/// What a kernel's launches took, where they were measured.
std::string measuredText(const Explained &explained, const std::vector<size_t> &launches) {
  double sum = 0, share = 0, times = 0;
  size_t count = 0;
  bool isKnown = true;
  for (size_t launch : launches)
    if (double time = explained.measuredMicroseconds(launch); time > 0) {
      sum += time;
      share += explained.roofShare(launch);
      times += timesOf(explained.explanation.launches[launch]);
      isKnown &= explained.explanation.launches[launch].steps >= 0;
      ++count;
    }
  if (!explained.measured)
    return "";
  if (!count)
    return "  measured: not run\n";
  std::string text = "  measured " +
                     (isKnown ? timeText(sum / times) + " each, " : timeText(sum) + " for all steps, ") +
                     formatted("%.1f %% of the run", 100 * sum / explained.measured->runMicroseconds);
  if (isKnown && explained.measured->peakFlops > 0)
    text += formatted(", %.0f %% of the roof", 100 * share / double(count));
  return text + "\n";
}

std::string decisionText(const Explanation::Kernel &kernel) {
  std::string text = "  schedule " + (kernel.schedule.empty() ? "none: plain loops" : kernel.schedule) + "\n";
  if (!kernel.runnerUp.empty()) {
    double more =
        kernel.cycles ? 100.0 * double(kernel.runnerUpCycles - kernel.cycles) / double(kernel.cycles) : 0;
    text += "  runner-up of " + std::to_string(kernel.considered) + " " + kernel.runnerUp + ": " +
            std::to_string(kernel.runnerUpCycles) + " cycles against " + std::to_string(kernel.cycles) +
            formatted(" (%+.1f %%)\n", more);
  } else if (!kernel.schedule.empty()) {
    text += kernel.considered ? "  no other schedule fits\n" : "  follows from sizes and the machine alone\n";
  }
  return kernel.note.empty() ? text : text + "  because " + kernel.note + "\n";
}

std::string kernelText(const Explained &explained, const Explanation::Kernel &kernel,
                       const std::vector<size_t> &launches) {
  const Explanation &all = explained.explanation;
  double times = 0;
  bool isKnown = true;
  for (size_t launch : launches) {
    times += timesOf(all.launches[launch]);
    isKnown &= all.launches[launch].steps >= 0;
  }
  double total = kernel.microseconds * times;
  std::string text = "\n" + kernel.name + ": predicted " + timeText(kernel.microseconds);
  if (!isKnown)
    text += " a step";
  else if (times != 1)
    text += ", launched " + formatted("%.0f", times) + " times: " + timeText(total);
  text += formatted(" (%.1f %% of all)", 100 * total / std::max(1e-9, explained.predictedMicroseconds())) +
          ", bound by " + kernel.bound + "\n";
  if (!kernel.operations.empty())
    text += "  holds " + joined(kernel.operations, 12) +
            (kernel.bytesNotStored == "0" ? "" : "; need not store " + kernel.bytesNotStored + " bytes") +
            "\n";
  for (size_t i = 0; i < launches.size() && i < 4; ++i)
    text += "  nodes " + joined(all.launches[launches[i]].nodes, 12) + "\n";
  if (launches.size() > 4)
    text += "  and " + std::to_string(launches.size() - 4) + " launches more\n";
  text += "  " + flopText(kernel.flops) + ", " + byteText(kernel.tensorBytes) + " of tensors; moved from";
  for (size_t level = 0; level < 4; ++level)
    text += std::string(level ? ", " : " ") + levelNames[level] + " " + byteText(kernel.levelBytes[level]);
  text += "\n  computing " + timeText(kernel.computeMicroseconds) + ", moving " +
          timeText(kernel.trafficMicroseconds) + ", in " + std::to_string(kernel.cells) + " cells\n";
  if (kernel.isOpen) {
    const Explanation::Launch *first = launches.empty() ? nullptr : &all.launches[launches.front()];
    text += first && !first->flopsFormula.empty() ? "  open: " + printable(first->flopsFormula) + " FLOP, " +
                                                        printable(first->bytesFormula) + " bytes\n"
                                                  : "  open: sizes are assumed\n";
  }
  return text + measuredText(explained, launches) + decisionText(kernel);
}

std::string nodeText(const std::string &node, const std::string &op) {
  return node.empty() ? op : printable(node) + " (" + op + ")";
}

std::string kernelJson(const Explanation::Kernel &kernel) {
  Json bytes('{');
  for (size_t level = 0; level < 4; ++level)
    bytes.add(levelKeys[level], kernel.levelBytes[level]);
  Json json('{');
  json.add("name", kernel.name)
      .strings("operations", kernel.operations)
      .add("anchor", kernel.anchor)
      .add("bytes_not_stored", kernel.bytesNotStored)
      .add("flops", kernel.flops)
      .add("tensor_bytes", kernel.tensorBytes)
      .raw("level_bytes", bytes.close())
      .add("cells", kernel.cells)
      .add("compute_us", kernel.computeMicroseconds)
      .add("traffic_us", kernel.trafficMicroseconds)
      .add("predicted_us", kernel.microseconds)
      .add("bound", kernel.bound)
      .add("open", kernel.isOpen)
      .add("schedule", kernel.schedule)
      .add("considered", kernel.considered)
      .add("cycles", kernel.cycles)
      .add("runner_up", kernel.runnerUp)
      .add("runner_up_cycles", kernel.runnerUpCycles)
      .add("note", kernel.note);
  return json.close();
}

std::string launchJson(const Explained &explained, size_t number) {
  const Explanation::Launch &launch = explained.explanation.launches[number];
  Json after('[');
  for (int64_t other : launch.after)
    after.add("", other);
  Json json('{');
  json.add("kernel", int64_t(launch.kernel))
      .add("steps", launch.steps)
      .strings("nodes", launch.nodes)
      .add("sizes", launch.sizes)
      .raw("after", after.close())
      .strings("inputs", launch.inputs)
      .add("flops_formula", launch.flopsFormula)
      .add("bytes_formula", launch.bytesFormula);
  if (explained.measured)
    json.add("measured_us", explained.measuredMicroseconds(number))
        .add("roof_share", explained.roofShare(number));
  return json.close();
}

} // namespace

std::string byteText(double bytes) { return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"}); }
std::string flopText(double flops) {
  return scaled(flops, 1000, {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"});
}
std::string timeText(double microseconds) {
  return microseconds < 1000  ? formatted("%.1f us", microseconds)
         : microseconds < 1e6 ? formatted("%.2f ms", microseconds / 1e3)
                              : formatted("%.2f s", microseconds / 1e6);
}

std::string stepsText(const Explanation &explanation) {
  bool isKnown = std::all_of(
      explanation.launches.begin(), explanation.launches.end(),
      [](const Explanation::Launch &launch) { return launch.steps >= 0 || !launch.sizes.empty(); });
  return isKnown ? "" : " with a step of each loop whose steps only a run tells";
}

double Explained::predictedMicroseconds() const {
  double sum = 0;
  for (const Explanation::Launch &launch : explanation.launches)
    if (launch.sizes.empty())
      sum += kernelOf(launch).microseconds * timesOf(launch);
  return sum;
}

double Explained::measuredMicroseconds(size_t launch) const {
  return measured && launch < measured->microseconds.size() ? measured->microseconds[launch] : 0;
}

double Explained::roofShare(size_t launch) const {
  double time = measuredMicroseconds(launch);
  if (time <= 0 || !measured || measured->peakFlops <= 0 || explanation.launches[launch].steps < 0)
    return 0;
  const Explanation::Kernel &kernel = kernelOf(explanation.launches[launch]);
  double atRoof = std::max(kernel.flops / measured->peakFlops, kernel.levelBytes[3] / measured->peakBytes);
  return atRoof * 1e6 * timesOf(explanation.launches[launch]) / time;
}

std::string explainAsText(const Explained &explained) {
  const Explanation &all = explained.explanation;
  std::string text = headText(explained);
  std::vector<std::vector<size_t>> launches = launchesByKernel(all);
  std::vector<size_t> order;
  for (size_t i = 0; i < all.kernels.size(); ++i)
    if (!launches[i].empty())
      order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return launches[a].front() < launches[b].front(); });
  for (size_t i : order)
    text += kernelText(explained, all.kernels[i], launches[i]);
  if (!all.edges.empty())
    text += "\nkept apart:\n";
  for (const Explanation::Edge &edge : all.edges)
    text += "  " + nodeText(edge.producer, edge.producerOp) + " -> " +
            nodeText(edge.consumer, edge.consumerOp) + ", " + printable(edge.bytes) +
            " bytes: " + printable(edge.reason) + "\n";
  return text;
}

std::string explainAsJson(const Explained &explained) {
  const Explanation &all = explained.explanation;
  Json peak('{'), kernels('['), launches('['), edges('[');
  for (size_t level = 0; level < 4; ++level)
    peak.add(levelKeys[level], all.peakBytes[level]);
  for (const Explanation::Kernel &kernel : all.kernels)
    kernels.raw("", kernelJson(kernel));
  for (size_t i = 0; i < all.launches.size(); ++i)
    launches.raw("", launchJson(explained, i));
  for (const Explanation::Edge &edge : all.edges)
    edges.raw("", Json('{')
                      .add("producer", edge.producer)
                      .add("producer_op", edge.producerOp)
                      .add("consumer", edge.consumer)
                      .add("consumer_op", edge.consumerOp)
                      .add("bytes", edge.bytes)
                      .add("reason", edge.reason)
                      .close());
  std::string measured = "null";
  if (const Measured *found = explained.measured)
    measured = Json('{')
                   .add("run_us", found->runMicroseconds)
                   .add("runs", found->runs)
                   .add("threads", found->threads)
                   .add("peak_flops", found->peakFlops)
                   .add("peak_bytes", found->peakBytes)
                   .close();
  Json json('{');
  json.add("model", explained.model)
      .add("target", all.target)
      .raw("machine", Json('{')
                          .add("cores", all.cores)
                          .add("gigahertz", all.gigahertz)
                          .add("peak_flops", all.peakFlops)
                          .raw("peak_bytes", peak.close())
                          .close())
      .add("predicted_us", explained.predictedMicroseconds())
      .raw("measured", measured)
      .raw("kernels", kernels.close())
      .raw("launches", launches.close())
      .raw("kept_apart", edges.close());
  return json.close() + "\n";
}

} // namespace tegula::tools
