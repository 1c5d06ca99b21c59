// The verb inspect: what a model or an artifact says about itself, for people and (--json) for scripts.
#include "Inspected.h"
#include "Verb.h"

#include "common/Files.h"
#include "common/Json.h"
#include "common/Tensors.h"

#include <algorithm>
#include <cstdio>

namespace tegula::tools {

namespace {

struct Arguments {
  std::string model;
  CompileArguments compile;
  bool json = false, kernels = false, flops = false, peak = false;
};

std::string joined(const std::vector<std::string> &parts, const char *separator) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : separator) + printable(part);
  return text;
}

std::string dimsText(const ModelInfo::Value &value) {
  if (!value.ranked)
    return "of unknown rank";
  return value.dims.empty() ? "scalar" : joined(value.dims, "x");
}

std::string valuesJson(const std::vector<ModelInfo::Value> &values) {
  Json list('[');
  for (const ModelInfo::Value &value : values) {
    Json dims('[');
    for (const std::string &dim : value.dims) {
      bool number = !dim.empty() && (dim[0] != '0' || dim.size() == 1) &&
                    std::all_of(dim.begin(), dim.end(), [](unsigned char c) { return std::isdigit(c); });
      dims.raw("", number ? dim : jsonString(dim));
    }
    list.raw("", Json('{')
                     .add("name", value.name)
                     .add("dtype", value.dtype)
                     .raw("shape", value.ranked ? dims.close() : "null")
                     .close());
  }
  return list.close();
}

std::string portsJson(const std::vector<Port> &ports) {
  Json list('[');
  for (const Port &port : ports) {
    Json dims('[');
    for (size_t d = 0; d < port.shape.size(); ++d)
      dims.raw("", port.shape[d] < 0 ? jsonString(port.dimNames[d]) : std::to_string(port.shape[d]));
    list.raw("", Json('{')
                     .add("name", port.name)
                     .add("dtype", port.dtype)
                     .raw("shape", dims.close())
                     .add("bytes", int64_t(port.bytes))
                     .close());
  }
  return list.close();
}

/// What a model needs at run time, which only its compilation tells: as text, and as a field. Where it is not
/// known the text says why; a failure is the fault of the arguments.
Failure describePeak(const Arguments &arguments, TargetText &all);

/// What is known of a model without compiling it, and what only that tells.
struct OnnxTexts {
  ModelInfo info;
  std::vector<std::pair<int64_t, std::string>> histogram; ///< -count and operator, the most frequent first
  TargetText weights, flops, peak;
};

void printOnnxJson(const std::string &model, const OnnxTexts &texts) {
  const ModelInfo &info = texts.info;
  Json opsets('{'), operators('{');
  for (const auto &[domain, version] : info.opsets)
    opsets.add(domain.empty() ? "ai.onnx" : domain, version);
  for (const auto &[count, name] : texts.histogram)
    operators.add(name, -count);
  Json json('{');
  json.add("model", model)
      .add("producer", info.producer)
      .add("ir_version", info.irVersion)
      .raw("opsets", opsets.close());
  json.raw("inputs", valuesJson(info.inputs))
      .raw("outputs", valuesJson(info.outputs))
      .add("nodes", info.nodes)
      .add("parameters", info.parameters)
      .raw("weights", texts.weights.json);
  if (!texts.flops.json.empty())
    json.raw("work", texts.flops.json);
  if (!texts.peak.json.empty())
    json.raw("compiled", texts.peak.json);
  std::printf("%s\n", json.raw("operators", operators.close()).close().c_str());
}

void printOnnxText(const std::string &model, const OnnxTexts &texts) {
  const ModelInfo &info = texts.info;
  std::printf("%s: ONNX, IR version %lld%s%s\n", printable(model).c_str(),
              static_cast<long long>(info.irVersion), info.producer.empty() ? "" : ", by ",
              printable(info.producer).c_str());
  for (const auto &[domain, version] : info.opsets)
    std::printf("opset %s %lld\n", domain.empty() ? "ai.onnx" : printable(domain).c_str(),
                static_cast<long long>(version));
  for (const ModelInfo::Value &value : info.inputs)
    std::printf("input %s: %s %s\n", printable(value.name).c_str(), value.dtype.c_str(),
                dimsText(value).c_str());
  for (const ModelInfo::Value &value : info.outputs)
    std::printf("output %s: %s %s\n", printable(value.name).c_str(), value.dtype.c_str(),
                dimsText(value).c_str());
  std::printf("%lld parameters, %lld nodes\n", static_cast<long long>(info.parameters),
              static_cast<long long>(info.nodes));
  std::printf("%s%s%s", texts.weights.text.c_str(), texts.flops.text.c_str(), texts.peak.text.c_str());
  for (const auto &[count, name] : texts.histogram)
    std::printf("%6lld  %s\n", static_cast<long long>(-count), printable(name).c_str());
}

int inspectOnnx(const Arguments &arguments) {
  if (Failure failure = checkReadable(arguments.model))
    return reportFailure(arguments.model, failure);
  OnnxTexts texts;
  std::vector<Message> messages;
  bool ok = inspectModel(arguments.model, texts.info, messages);
  printMessages(arguments.model, messages);
  if (!ok)
    return int(outcomeOf(messages.front().code));
  texts.weights = describeWeights(arguments.model);
  bool isSpecific = arguments.compile.isSpecific();
  if (arguments.flops)
    if (Failure failure = describeFlops(arguments.model, arguments.compile, texts.flops);
        failure && isSpecific)
      return reportFailure(arguments.model, failure);
  if (arguments.peak || (isSpecific && !arguments.flops))
    if (Failure failure = describePeak(arguments, texts.peak); failure && isSpecific)
      return reportFailure(arguments.model, failure);
  for (const auto &[name, count] : texts.info.operators)
    texts.histogram.emplace_back(-count, name);
  std::sort(texts.histogram.begin(), texts.histogram.end());
  (arguments.json ? printOnnxJson : printOnnxText)(arguments.model, texts);
  return 0;
}

/// "12.4 MiB", "3.1 KiB", "512 bytes".
std::string bytesText(size_t bytes) {
  char text[32];
  if (bytes < 1000)
    std::snprintf(text, sizeof text, "%zu bytes", bytes);
  else if (bytes < 1000 * 1024)
    std::snprintf(text, sizeof text, "%.1f KiB", double(bytes) / 1024);
  else
    std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / (1 << 20));
  return text;
}

struct Model {
  tgl_model *model = nullptr;
  ~Model() { tgl_model_free(model); }
};

/// The devices that a language's code may run on.
std::vector<const char *> devicesOf(const tgl_target_info &target) {
  return std::string(target.language) == "ptx" ? std::vector<const char *>{"cuda:0", "emulator"}
                                               : std::vector<const char *>{"cpu"};
}

/// For each device whether it would run this target here, or why not.
TargetText verdicts(const tgl_model *model, int32_t index, const tgl_target_info &target) {
  TargetText all;
  Json json('{');
  for (const char *device : devicesOf(target)) {
    tgl_status status{};
    std::string verdict = "picked";
    if (tgl_model_check_target(model, index, device, &status) != TGL_OK) {
      verdict = status.text;
    } else if (int32_t best = tgl_model_find_target(model, device, &status); best != index) {
      tgl_target_info other{};
      tgl_model_target(model, best, &other, &status);
      verdict = std::string("runs too, but target ") + other.name + " asks more of it";
    }
    json.add(device, verdict);
    all.text += std::string("  ") + device + ": " + printable(verdict) + "\n";
  }
  all.json = json.close();
  return all;
}

/// "12.4 MiB + 0.9 KiB*seq, at most 14.2 MiB": what stays, what the sizes add, what that comes to at most.
std::string peakText(size_t fixedBytes, const char *formula, size_t mostArena, size_t arena) {
  std::string text = bytesText(fixedBytes + arena);
  if (formula[0])
    text += " + " + printable(formula);
  if (formula[0] && mostArena)
    text += ", at most " + bytesText(fixedBytes + mostArena);
  return text;
}

/// The variants of a target, with what each adds; empty where the code is for all sizes alike.
Failure describeVariants(const tgl_model *model, int32_t index, const tgl_target_info &target,
                         TargetText &all) {
  Json list('[');
  size_t fixedBytes = target.weight_bytes + target.packed_bytes + target.code_bytes;
  for (int32_t i = 0; i < target.variant_count; ++i) {
    tgl_status status{};
    tgl_variant_info variant{};
    if (tgl_model_variant(model, index, i, &variant, &status) != TGL_OK)
      return fromStatus(status);
    list.raw("", Json('{')
                     .add("sizes", variant.sizes)
                     .add("kernels", int64_t(variant.kernel_count))
                     .add("first_dispatch", int64_t(variant.first_dispatch))
                     .add("dispatches", int64_t(variant.dispatch_count))
                     .add("arena_bytes", int64_t(variant.arena_bytes))
                     .add("arena_formula", variant.arena_formula)
                     .add("most_arena_bytes", int64_t(variant.most_arena_bytes))
                     .add("code_bytes", int64_t(variant.code_bytes))
                     .close());
    if (target.variant_count == 1)
      continue;
    char line[256];
    std::snprintf(line, sizeof line,
                  ": %d kernels in %d dispatches, code %zu bytes, peak = ", variant.kernel_count,
                  variant.dispatch_count, variant.code_bytes);
    all.text += "  for " + printable(i ? variant.sizes : "all other sizes") + line +
                peakText(fixedBytes, variant.arena_formula, variant.most_arena_bytes, variant.arena_bytes) +
                "\n";
  }
  all.json = list.close();
  return {};
}

Failure describeDispatches(const tgl_model *model, int32_t index, const tgl_target_info &target,
                           TargetText &all) {
  Json list('[');
  for (int32_t i = 0; i < target.dispatch_count; ++i) {
    tgl_status status{};
    tgl_dispatch_info dispatch{};
    if (tgl_model_dispatch(model, index, i, &dispatch, &status) != TGL_OK)
      return fromStatus(status);
    std::string cells = dispatch.cells < 0 ? dispatch.cells_formula : std::to_string(dispatch.cells);
    list.raw("", Json('{')
                     .add("kernel", dispatch.kernel)
                     .raw("cells", dispatch.cells < 0 ? jsonString(cells) : cells)
                     .add("nodes", dispatch.nodes)
                     .add("schedule", dispatch.schedule)
                     .close());
    all.text += "  " +
                printable(std::string(dispatch.kernel) + ": " + cells + " cells, nodes " + dispatch.nodes) +
                "\n";
  }
  all.json = list.close();
  return {};
}

/// What fills the arena where it is fullest.
Failure describeBuffers(const tgl_model *model, int32_t index, const tgl_target_info &target,
                        TargetText &all) {
  Json list('[');
  for (int32_t i = 0; i < target.buffer_count; ++i) {
    tgl_status status{};
    tgl_buffer_info buffer{};
    if (tgl_model_buffer(model, index, i, &buffer, &status) != TGL_OK)
      return fromStatus(status);
    std::string bytes = buffer.bytes < 0 ? buffer.bytes_formula : std::to_string(buffer.bytes);
    list.raw("", Json('{')
                     .add("nodes", buffer.nodes)
                     .raw("bytes", buffer.bytes < 0 ? jsonString(bytes) : bytes)
                     .add("first_dispatch", int64_t(buffer.first))
                     .add("last_dispatch", int64_t(buffer.last))
                     .add("scratch", bool(buffer.is_scratch))
                     .close());
    all.text += "    " + printable(bytes) + " bytes: " + (buffer.is_scratch ? "scratch of " : "") +
                printable(buffer.nodes) + ", dispatches " + std::to_string(buffer.first) + " to " +
                std::to_string(buffer.last) + "\n";
  }
  if (target.buffer_count)
    all.text =
        "  most memory is in use at dispatch " + std::to_string(target.peak_dispatch) + ":\n" + all.text;
  all.json = list.close();
  return {};
}

/// The parts of the file.
TargetText describeSections(const tgl_model *model, const tgl_model_info &info) {
  TargetText all;
  Json list('[');
  for (int32_t i = 0; i < info.section_count; ++i) {
    tgl_section_info section{};
    if (tgl_model_section(model, i, &section, nullptr) != TGL_OK)
      continue;
    Json json('{');
    json.add("name", section.name).add("bytes", int64_t(section.bytes));
    if (section.target >= 0)
      json.add("target", int64_t(section.target));
    list.raw("", json.close());
    all.text += std::string(i ? ", " : "sections: ") + section.name +
                (section.target > 0 ? " " + std::to_string(section.target) : "") + " " +
                std::to_string(section.bytes);
  }
  all.text += " bytes\n";
  all.json = list.close();
  return all;
}

Failure describeTarget(const tgl_model *model, const tgl_model_info &info, int32_t index, bool kernels,
                       TargetText &all) {
  tgl_status status{};
  tgl_target_info target{};
  if (tgl_model_target(model, index, &target, &status) != TGL_OK)
    return fromStatus(status);
  TargetText here = verdicts(model, index, target), dispatches, variants, buffers;
  if (Failure failure = describeVariants(model, index, target, variants))
    return failure;
  if (Failure failure = describeBuffers(model, index, target, buffers))
    return failure;
  if (Failure failure = describeDispatches(model, index, target, dispatches))
    return failure;
  all.json = Json('{')
                 .add("target", target.name)
                 .add("language", target.language)
                 .add("features", target.features)
                 .raw("keeps_denormals", target.keeps_denormals ? "true" : "false")
                 .add("kernels", int64_t(target.kernel_count))
                 .add("arena_bytes", int64_t(target.arena_bytes))
                 .add("arena_formula", target.arena_formula)
                 .add("most_arena_bytes", int64_t(target.most_arena_bytes))
                 .add("weight_bytes", int64_t(target.weight_bytes))
                 .add("packed_bytes", int64_t(target.packed_bytes))
                 .add("code_bytes", int64_t(target.code_bytes))
                 .add("kernel_bytes", int64_t(target.kernel_bytes))
                 .raw("devices", here.json)
                 .add("peak_dispatch", int64_t(target.peak_dispatch))
                 .raw("buffers", buffers.json)
                 .raw("variants", variants.json)
                 .raw("dispatches", dispatches.json)
                 .close();
  char line[256];
  all.text = std::string("target ") + printable(target.name) + ", needs " +
             (target.features[0] ? printable(target.features) : "nothing special") + "\n" + here.text;
  std::snprintf(
      line, sizeof line,
      "  code %zu bytes, kernels apart %zu bytes, weights %zu bytes; arena %zu bytes; denormals %s\n",
      target.code_bytes, target.kernel_bytes, target.weight_bytes, target.arena_bytes,
      target.keeps_denormals ? "kept" : "flushed");
  all.text += line;
  if (target.packed_bytes)
    all.text += "  of them packed by the loader: " + std::to_string(target.packed_bytes) + " bytes\n";
  if (info.symbols[0])
    all.text += "  peak = " +
                peakText(target.weight_bytes + target.packed_bytes + target.code_bytes, target.arena_formula,
                         target.most_arena_bytes, target.arena_bytes) +
                "\n";
  std::snprintf(line, sizeof line, "  %d kernels in %d dispatches\n", target.kernel_count,
                target.dispatch_count);
  all.text += line + variants.text + buffers.text + (kernels ? dispatches.text : "");
  return {};
}

Failure describePeak(const Arguments &arguments, TargetText &all) {
  CompileOptions options;
  Failure failure = arguments.compile.convert(options);
  CompileResult result;
  if (!failure && !(result = compileModel(arguments.model, Emit::Artifact, options)))
    failure = {result.messages.front().code, result.messages.front().text};
  Model artifact;
  tgl_status status{};
  TargetText variants;
  tgl_target_info target{};
  if (!failure &&
      (tgl_model_load_memory(result.bytes.data(), result.bytes.size(), &artifact.model, &status) ||
       tgl_model_target(artifact.model, 0, &target, &status)))
    failure = {Code::Internal, status.text};
  if (!failure)
    failure = describeVariants(artifact.model, 0, target, variants);
  if (failure) {
    all.text = "peak not known: " + printable(failure.text) + "\n";
    all.json = Json('{').add("error", failure.text).close();
    return outcomeOf(failure.code) == Outcome::BadInput ? failure : Failure();
  }
  size_t fixedBytes = target.weight_bytes + target.packed_bytes + target.code_bytes;
  all.text = "compiled for " + printable(target.name) + ": peak = " +
             peakText(fixedBytes, target.arena_formula, target.most_arena_bytes, target.arena_bytes) + "\n" +
             variants.text;
  all.json = Json('{')
                 .add("target", target.name)
                 .add("weight_bytes", int64_t(target.weight_bytes))
                 .add("packed_bytes", int64_t(target.packed_bytes))
                 .add("code_bytes", int64_t(target.code_bytes))
                 .raw("variants", variants.json)
                 .close();
  return {};
}

/// The sizes that a run chooses, with what they may be.
using SymbolText = TargetText;

SymbolText describeSymbols(const tgl_model *model, const tgl_model_info &info) {
  std::string symbols;
  tgl_status status{};
  Json bounds('[');
  for (int32_t i = 0; i < info.symbol_count; ++i) {
    tgl_symbol_info symbol{};
    tgl_model_symbol(model, i, &symbol, &status);
    bounds.raw("", Json('{')
                       .add("name", symbol.name)
                       .add("lowest", symbol.lowest)
                       .raw("highest", symbol.highest == INT64_MAX ? "null" : std::to_string(symbol.highest))
                       .close());
    symbols += (i ? ", " : "") + printable(symbol.name);
    if (symbol.lowest > 1 || symbol.highest < INT64_MAX)
      symbols += " from " + std::to_string(symbol.lowest) +
                 (symbol.highest < INT64_MAX ? " to " + std::to_string(symbol.highest) : "");
  }
  return {symbols, bounds.close()};
}

int inspectArtifact(const Arguments &arguments) {
  if (Failure failure = arguments.compile.check(arguments.model))
    return reportFailure(arguments.model, failure);
  Model artifact;
  tgl_status status{};
  if (tgl_model_load_file(arguments.model.c_str(), &artifact.model, &status) != TGL_OK)
    return reportFailure(arguments.model, fromStatus(status));
  std::vector<Port> inputs, outputs;
  if (Failure failure = describePorts(artifact.model, inputs, outputs))
    return reportFailure(arguments.model, failure);
  tgl_model_info info{};
  tgl_model_describe(artifact.model, &info);
  std::string texts;
  Json targets('[');
  for (int32_t i = 0; i < info.target_count; ++i) {
    TargetText target;
    if (Failure failure = describeTarget(artifact.model, info, i, arguments.kernels, target))
      return reportFailure(arguments.model, failure);
    texts += target.text;
    targets.raw("", target.json);
  }
  SymbolText symbols = describeSymbols(artifact.model, info);
  TargetText sections = describeSections(artifact.model, info);
  if (arguments.json) {
    Json json('{');
    json.add("artifact", arguments.model)
        .add("producer", info.producer)
        .add("flags", info.flags)
        .add("model_hash", info.model_hash)
        .raw("inputs", portsJson(inputs))
        .raw("outputs", portsJson(outputs))
        .add("symbols", info.symbols)
        .raw("sizes", symbols.json)
        .add("weight_bytes", int64_t(info.weight_bytes))
        .raw("sections", sections.json);
    std::printf("%s\n", json.raw("targets", targets.close()).close().c_str());
    return 0;
  }
  std::printf("%s: artifact by %s\nflags %s\nsource %s\n", printable(arguments.model).c_str(),
              printable(info.producer).c_str(), printable(info.flags).c_str(),
              printable(info.model_hash).c_str());
  for (const Port &port : inputs)
    std::printf("input %s: %s %s\n", printable(port.name).c_str(), port.dtype.c_str(),
                printable(port.shapeText()).c_str());
  for (const Port &port : outputs)
    std::printf("output %s: %s %s\n", printable(port.name).c_str(), port.dtype.c_str(),
                printable(port.shapeText()).c_str());
  if (info.symbols[0])
    std::printf("sizes chosen by a run: %s\n", symbols.text.c_str());
  std::printf("weights %zu bytes\n%s%s", info.weight_bytes, sections.text.c_str(), texts.c_str());
  return 0;
}

} // namespace

void addInspect(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("inspect", "Describe a model (.onnx) or an artifact (.tgl)");
  verb->add_option("MODEL", arguments->model, "The model or artifact")->required();
  verb->add_flag("--json", arguments->json, "As one JSON object");
  arguments->compile.addModelOptions(*verb);
  verb->add_option("--target", arguments->compile.targets, "What a model's peak is computed for (native)")
      ->type_name("NAME")
      ->expected(1);
  verb->add_flag("--flops", arguments->flops,
                 "Import a model, and count the floating-point operations of a run");
  verb->add_flag("--peak", arguments->peak, "Compile a model, and say how much memory a run needs");
  verb->add_flag("--kernels", arguments->kernels,
                 "List an artifact's dispatches, each with its kernel and ONNX nodes");
  verb->callback([&action, arguments] {
    action = [arguments] {
      return hasExtension(arguments->model, ".tgl") ? inspectArtifact(*arguments) : inspectOnnx(*arguments);
    };
  });
}

} // namespace tegula::tools
