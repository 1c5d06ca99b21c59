// The verb check: all that a model has and tegula does not compile, at once and within a second, because
// whoever exports a model wants the whole list.
#include "Verb.h"

#include "common/Files.h"
#include "common/Json.h"
#include "common/Usage.h"
#include "tegula/support/CodePages.h"

#include <cstdio>
#include <set>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model;
  bool json = false;
};

const char *remedyOf(Code code) {
  for (const CodePage &page : codePages)
    if (page.code == code)
      return page.remedy;
  return "";
}

std::string problemsJson(const CompileResult &result) {
  Json list('[');
  for (const Message &message : result.messages) {
    Json types('[');
    for (const std::string &type : message.types)
      types.raw("", jsonString(type));
    bool isError = message.severity == Message::Severity::Error;
    list.raw("", Json('{')
                     .add("severity", isError ? "error" : "warning")
                     .add("code", isError ? codeText(message.code) : "")
                     .add("node", message.node)
                     .add("op", message.op)
                     .add("domain", message.domain)
                     .add("opset", message.opset)
                     .raw("inputs", types.close())
                     .add("text", message.text)
                     .add("remedy", remedyOf(message.code))
                     .close());
  }
  return list.close();
}

/// "3 problems: 2 x E0301, 1 x E0305".
std::string summary(const CompileResult &result) {
  std::map<Code, int> counts;
  int total = 0;
  for (const Message &message : result.messages)
    if (message.severity == Message::Severity::Error)
      ++counts[message.code], ++total;
  std::string text;
  for (const auto &[code, count] : counts)
    text += (text.empty() ? ": " : ", ") + std::to_string(count) + " x " + codeText(code);
  return std::to_string(total) + (total == 1 ? " problem" : " problems") + text;
}

void printProblems(const std::string &file, const CompileResult &result) {
  std::set<Code> codes;
  std::string rest;
  size_t shown = countShown(result.messages, rest);
  for (const Message &message : result.messages) {
    if (message.severity == Message::Severity::Error)
      codes.insert(message.code);
    if (shown == 0)
      continue;
    --shown;
    std::printf("%s\n", formatMessage(file, message).c_str());
    std::string types;
    for (const std::string &type : message.types)
      types += (types.empty() ? "" : ", ") + printable(type);
    if (!types.empty())
      std::printf("  inputs: %s\n", types.c_str());
  }
  if (!rest.empty())
    std::printf("%s\n", formatMessage(file, {Message::Severity::Note, "", "", 0, rest}).c_str());
  for (Code code : codes)
    std::printf("%s: what to do: %s\n", codeText(code).c_str(), remedyOf(code));
  std::printf("%s: %s\n", printable(file).c_str(), result ? "can be compiled" : summary(result).c_str());
}

int check(const Arguments &arguments) {
  CompileOptions options;
  Failure failure = arguments.compile.convert(options);
  if (failure)
    return reportFailure("tegula check", failure);
  if ((failure = checkReadable(arguments.model)))
    return reportFailure(arguments.model, failure);
  options.threads = 1; // nothing is compiled
  CompileResult result = checkModel(arguments.model, options);
  if (arguments.json)
    std::printf("%s\n", Json('{')
                            .add("model", arguments.model)
                            .raw("ok", result ? "true" : "false")
                            .add("exit", int64_t(result.outcome))
                            .raw("problems", problemsJson(result))
                            .close()
                            .c_str());
  else
    printProblems(arguments.model, result);
  return int(result.outcome);
}

} // namespace

void addCheck(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("check", "List everything in a model that cannot be compiled (.onnx)");
  verb->add_option("MODEL", arguments->model, "The model")->required();
  verb->add_flag("--json", arguments->json, "Print one JSON object for scripts");
  arguments->compile.addModelOptions(*verb);
  verb->add_option("--target", arguments->compile.targets, "As for compile")
      ->type_name("TARGET")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  verb->callback([&action, arguments] { action = [arguments] { return check(*arguments); }; });
}

} // namespace tegula::tools
