// Knows which options look at which kinds of files.
#include "Effects.h"

#include "common/Files.h"

namespace tegula::tools {

namespace {

enum Kind { Model = 1, Text = 2, Artifact = 4 };

struct Rule {
  const char *option;
  int kinds; ///< of files that it has an effect on
};

/// Options that are not listed look at all files, or judge for themselves (--dim, --shape).
constexpr Rule rules[] = {
    // compiling
    {"--optimize", Model | Text},
    {"--target", Model | Text},
    {"--denormals", Model | Text},
    {"--precision", Model | Text},
    {"--sched", Model | Text},
    {"--load-pass-plugin", Model | Text},
    {"--insert-pass", Model | Text},
    {"--save-temps", Model | Text},
    // importing
    {"--bind", Model},
    {"--kernel", Model},
    {"--max-nodes", Model},
    {"--max-nesting", Model},
    // inspecting
    {"--flops", Model},
    {"--peak", Model},
    {"--kernels", Artifact},
};

Kind kindOf(const std::string &file) {
  return hasExtension(file, ".tgl") ? Artifact : hasExtension(file, ".mlir") || file == "-" ? Text : Model;
}

const char *reasonOf(Kind kind) {
  return kind == Artifact ? "an artifact, which is compiled already"
         : kind == Text   ? "MLIR text, which is imported already"
                          : "a model; it describes artifacts";
}

/// The file that the verb works on; "" where it has none.
std::string fileOf(const CLI::App &verb) {
  for (const char *place : {"MODEL", "--serve"})
    if (const CLI::Option *option = verb.get_option_no_throw(place); option && option->count() > 0)
      return option->results().front();
  return "";
}

} // namespace

Failure checkEffects(const CLI::App &verb, const std::vector<Word> &words, std::string &file) {
  file = fileOf(verb);
  auto given = [&](const char *name) -> const CLI::Option * {
    const CLI::Option *option = verb.get_option_no_throw(name);
    return option && option->count() > 0 ? option : nullptr;
  };
  for (const Rule &rule : rules)
    if (const CLI::Option *option = file.empty() ? nullptr : given(rule.option);
        option && !(rule.kinds & kindOf(file)) && isGiven(words, *option))
      return {Code::OptionWithoutEffect,
              std::string("expected no ") + rule.option + " with " + reasonOf(kindOf(file))};
  const CLI::Option *level = given("--optimize");
  const CLI::Option *schedules = given("--sched");
  if (level && level->results().front() == "0" && schedules && isGiven(words, *schedules))
    return {Code::OptionWithoutEffect, "expected no --sched with -O 0, where kernels have no schedules"};
  return {};
}

} // namespace tegula::tools
