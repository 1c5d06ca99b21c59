// Writes what kernels did in a run: adds up the counts of instructions by kernel and by kind of access.
#include "common/Counters.h"

#include "common/Files.h"
#include "common/Json.h"
#include "common/Report.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace tegula::tools {

namespace {

/// Lines of text that name instructions which ask for more than they need, for each kernel.
constexpr size_t mostLines = 4;

struct Shared {
  uint64_t requests = 0, wavefronts = 0, least = 0, bytes = 0;
  uint64_t conflicts() const { return wavefronts - least; }
  void add(const tgl_instruction_counts &one) {
    requests += one.shared_requests, wavefronts += one.shared_wavefronts;
    least += one.shared_least_wavefronts, bytes += one.shared_bytes;
  }
};

struct Global {
  uint64_t requests = 0, sectors = 0, least = 0, lines = 0, bytes = 0;
  void add(const tgl_instruction_counts &one) {
    requests += one.global_requests, sectors += one.global_sectors, least += one.global_least_sectors;
    lines += one.global_lines, bytes += one.global_bytes;
  }
};

/// All dispatches of one kernel.
struct Kernel {
  std::string name;
  std::vector<std::pair<int32_t, std::string>> dispatches; ///< with their nodes
  uint64_t launches = 0, blocks = 0, flops = 0, warps = 0;
  int32_t threads = 0;
  size_t sharedBytes = 0;
  std::map<std::string, uint64_t> instructions; ///< by work
  std::map<std::string, Shared> shared;         ///< by work
  std::map<std::string, Global> global;
  std::map<int32_t, tgl_instruction_counts> lines; ///< that access memory

  void add(const tgl_launch_counts &launch);
};

/// Adds the counts of `from`, which is the same instruction.
void accumulate(tgl_instruction_counts &to, const tgl_instruction_counts &from) {
  for (auto field :
       {&tgl_instruction_counts::warps, &tgl_instruction_counts::threads, &tgl_instruction_counts::flops,
        &tgl_instruction_counts::shared_requests, &tgl_instruction_counts::shared_wavefronts,
        &tgl_instruction_counts::shared_least_wavefronts, &tgl_instruction_counts::shared_bytes,
        &tgl_instruction_counts::global_requests, &tgl_instruction_counts::global_sectors,
        &tgl_instruction_counts::global_least_sectors, &tgl_instruction_counts::global_lines,
        &tgl_instruction_counts::global_bytes})
    to.*field += from.*field;
}

void Kernel::add(const tgl_launch_counts &launch) {
  launches += launch.launches, blocks += launch.blocks;
  threads = launch.threads, sharedBytes = launch.shared_bytes;
  for (size_t i = 0; i < launch.instruction_count; ++i) {
    const tgl_instruction_counts &one = launch.instructions[i];
    instructions[one.work] += one.warps;
    warps += one.warps;
    flops += one.flops;
    if (one.shared_requests)
      shared[one.work].add(one);
    if (one.global_requests)
      global[one.work].add(one);
    if (!one.shared_requests && !one.global_requests)
      continue;
    auto [known, isNew] = lines.try_emplace(one.line, one);
    if (!isNew)
      accumulate(known->second, one);
  }
}

Failure gather(const Session &session, std::vector<Kernel> &kernels) {
  std::span<const tgl_launch_counts> counted;
  if (Failure failure = session.counts(counted))
    return failure;
  for (const tgl_launch_counts &launch : counted) {
    DispatchNames names;
    if (Failure failure = session.describeDispatch(launch.dispatch, names))
      return failure;
    auto same = [&](const Kernel &kernel) { return kernel.name == names.kernel; };
    auto kernel = std::find_if(kernels.begin(), kernels.end(), same);
    if (kernel == kernels.end()) {
      kernels.emplace_back().name = names.kernel;
      kernel = kernels.end() - 1;
    }
    kernel->dispatches.emplace_back(launch.dispatch, names.nodes);
    kernel->add(launch);
  }
  return {};
}

/// "3.25", two digits behind the point.
std::string ratio(uint64_t of, uint64_t by) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", by ? double(of) / double(by) : 0);
  return text;
}

std::string number(uint64_t value) { return std::to_string(value); }
std::string counted(uint64_t value, const char *what) {
  return number(value) + " " + what + (value == 1 ? "" : "s");
}

/// "loads" of "load", "matrix loads" of "load matrix", as tables of profilers name them.
std::string accessName(const std::string &work) {
  static const std::map<std::string, std::string> names = {{"load", "loads"},
                                                           {"store", "stores"},
                                                           {"copy", "copies"},
                                                           {"load matrix", "matrix loads"},
                                                           {"store matrix", "matrix stores"},
                                                           {"atomic", "atomics"}};
  auto found = names.find(work);
  return found == names.end() ? work : found->second;
}

std::string sharedText(const Shared &counts) {
  return counted(counts.requests, "request") + ", " + counted(counts.wavefronts, "wavefront") +
         ", bank conflicts " + number(counts.conflicts());
}

std::string globalText(const Global &counts) {
  return counted(counts.requests, "request") + ", sectors per request " +
         ratio(counts.sectors, counts.requests) + " of least " + ratio(counts.least, counts.requests) +
         ", lines per request " + ratio(counts.lines, counts.requests) + ", " + counted(counts.bytes, "byte");
}

/// The instructions that cost most beyond what they need.
std::string worstLines(const Kernel &kernel) {
  std::vector<const tgl_instruction_counts *> found;
  auto excess = [](const tgl_instruction_counts &one) {
    return one.shared_wavefronts - one.shared_least_wavefronts + one.global_sectors -
           one.global_least_sectors;
  };
  for (const auto &[line, counts] : kernel.lines)
    if (excess(counts))
      found.push_back(&counts);
  std::sort(found.begin(), found.end(), [&](const auto *a, const auto *b) {
    return std::pair(excess(*b), a->line) < std::pair(excess(*a), b->line);
  });
  std::string text;
  for (size_t i = 0; i < std::min(found.size(), mostLines); ++i) {
    Shared shared;
    Global global;
    shared.add(*found[i]), global.add(*found[i]);
    text += "  line " + number(uint64_t(found[i]->line)) + " '" + found[i]->text + "': ";
    text += (shared.requests ? "shared: " + sharedText(shared) : "") +
            (shared.requests && global.requests ? "; " : "") +
            (global.requests ? "global: " + globalText(global) : "") + "\n";
  }
  return text;
}

std::string textOf(const Kernel &kernel) {
  std::string text = kernel.name + ": " + kernel.dispatches.front().second;
  if (kernel.dispatches.size() > 1)
    text += ", and " + counted(kernel.dispatches.size() - 1, "other");
  text += "\n  " + number(kernel.launches) + (kernel.launches == 1 ? " launch" : " launches") + " of " +
          counted(kernel.blocks / kernel.launches, "block") + " of " +
          counted(uint64_t(kernel.threads), "thread") + ", " + counted(kernel.sharedBytes, "shared byte") +
          " each\n";
  for (const auto &[work, counts] : kernel.shared)
    text += "  shared " + accessName(work) + ": " + sharedText(counts) + "\n";
  for (const auto &[work, counts] : kernel.global)
    text += "  global " + accessName(work) + ": " + globalText(counts) + "\n";
  std::vector<std::pair<std::string, uint64_t>> byCount(kernel.instructions.begin(),
                                                        kernel.instructions.end());
  std::sort(byCount.begin(), byCount.end(), [](const auto &a, const auto &b) {
    return std::pair(b.second, a.first) < std::pair(a.second, b.first);
  });
  text += "  warp instructions: " + number(kernel.warps);
  for (size_t i = 0; i < byCount.size(); ++i)
    text += (i ? ", " : ": ") + byCount[i].first + " " + number(byCount[i].second);
  return text + "; " + counted(kernel.flops, "flop") + "\n" + worstLines(kernel);
}

std::string totalText(const std::vector<Kernel> &kernels) {
  Shared shared;
  Global global;
  for (const Kernel &kernel : kernels)
    for (const auto &[line, counts] : kernel.lines)
      shared.add(counts), global.add(counts);
  return "all kernels: bank conflicts " + number(shared.conflicts()) + " in " +
         counted(shared.wavefronts, "wavefront") + ", excess sectors " +
         number(global.sectors - global.least) + " in " + counted(global.sectors, "sector") + "\n";
}

Json jsonOf(const Shared &counts) {
  Json json('{');
  json.add("requests", int64_t(counts.requests))
      .add("wavefronts", int64_t(counts.wavefronts))
      .add("least_wavefronts", int64_t(counts.least))
      .add("bank_conflicts", int64_t(counts.conflicts()))
      .add("bytes", int64_t(counts.bytes));
  return json;
}

Json jsonOf(const Global &counts) {
  Json json('{');
  json.add("requests", int64_t(counts.requests))
      .add("sectors", int64_t(counts.sectors))
      .add("least_sectors", int64_t(counts.least))
      .add("lines", int64_t(counts.lines))
      .add("bytes", int64_t(counts.bytes));
  return json;
}

template <class Counts> std::string jsonOf(const std::map<std::string, Counts> &byWork) {
  Json json('{');
  for (const auto &[work, counts] : byWork)
    json.raw(work, jsonOf(counts).close());
  return json.close();
}

std::string jsonOf(const tgl_instruction_counts &line) {
  Json json('{');
  json.add("line", int64_t(line.line))
      .add("text", line.text)
      .add("work", line.work)
      .add("warps", int64_t(line.warps))
      .add("threads", int64_t(line.threads));
  Shared shared;
  Global global;
  shared.add(line), global.add(line);
  if (shared.requests)
    json.raw("shared", jsonOf(shared).close());
  if (global.requests)
    json.raw("global", jsonOf(global).close());
  return json.close();
}

std::string jsonOf(const Kernel &kernel) {
  Json dispatches('['), instructions('{'), lines('[');
  for (const auto &[number, nodes] : kernel.dispatches)
    dispatches.raw("", Json('{').add("dispatch", int64_t(number)).add("nodes", nodes).close());
  for (const auto &[work, count] : kernel.instructions)
    instructions.add(work, int64_t(count));
  for (const auto &[number, counts] : kernel.lines)
    lines.raw("", jsonOf(counts));
  return Json('{')
      .add("name", kernel.name)
      .raw("dispatches", dispatches.close())
      .add("launches", int64_t(kernel.launches))
      .add("blocks", int64_t(kernel.blocks))
      .add("threads", int64_t(kernel.threads))
      .add("shared_bytes", int64_t(kernel.sharedBytes))
      .add("flops", int64_t(kernel.flops))
      .raw("instructions", instructions.close())
      .raw("shared", jsonOf(kernel.shared))
      .raw("global", jsonOf(kernel.global))
      .raw("lines", lines.close())
      .close();
}

} // namespace

Failure writeCounters(const Session &session, const std::string &path) {
  std::vector<Kernel> kernels;
  if (Failure failure = gather(session, kernels))
    return failure;
  std::string text;
  if (hasExtension(path, ".json")) {
    Json list('[');
    for (const Kernel &kernel : kernels)
      list.raw("", jsonOf(kernel));
    text = Json('{').raw("kernels", list.close()).close() + "\n";
  } else {
    for (const Kernel &kernel : kernels)
      text += textOf(kernel);
    text += totalText(kernels);
  }
  return writeFile(path, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

} // namespace tegula::tools
