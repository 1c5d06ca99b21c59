// The command line of tegula-run, parsed by hand because the tool is to stay small.
#include "Arguments.h"

#include "common/Crash.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace tegula::tools {

const char *const usageText =
    R"(Runs a model that tegula has compiled; needs the runtime only.

  tegula-run MODEL.tgl [OPTIONS]

  --input NAME=@FILE.npy   an input's value; @FILE.npz gives several by name; others are seeded
  --dim NAME=N             a symbolic size, for inputs without a value; --shape NAME:1x3x224x224 an input's shape
  --output FILE.npz        write the outputs by name (.npy for one); without it a summary is printed
  --expect FILE.npz        compare with these by name; exit code 3 where they differ
  --rtol X, --atol X       tolerance of --expect: |got - expected| <= atol + rtol * |expected| (1e-5, 1e-6)
  --device NAME            cpu (default), cuda:N, or emulator, which executes a card's code on the CPU
  --threads N              threads; 0 (default): all that the process may use
  --profile FILE.json      write when each thread worked on which kernel, in one more run, for trace viewers
  --bench SECONDS          run again and again, then print the latency
  --max-memory SIZE        512M, 2G: end with exit code 4 beyond so much memory; --max-time SECONDS after so long
  --version                the version of tegula
  --help                   this text
)";

namespace {

bool parseNumber(std::string_view text, double low, double high, double &value) {
  char *end;
  std::string copy(text);
  value = std::strtod(copy.c_str(), &end);
  return !copy.empty() && *end == 0 && value >= low && value <= high;
}

Failure badValue(std::string_view option, std::string_view value) {
  return {Code::InvalidOptionValue,
          "--" + std::string(option) + ": unexpected value '" + std::string(value) + "'"};
}

/// Sets the option that takes a value; false where there is none of that name.
bool setOption(std::string_view option, std::string_view value, RunArguments &arguments, Failure &failure) {
  double number = 0;
  auto parse = [&](double high) {
    if (!parseNumber(value, 0, high, number))
      failure = badValue(option, value);
    return number;
  };
  if (option == "input")
    arguments.inputs.emplace_back(value);
  else if (option == "dim")
    failure = parseDim(std::string(value), arguments.sizes);
  else if (option == "shape")
    failure = parseShape(std::string(value), arguments.sizes);
  else if (option == "output")
    arguments.output = value;
  else if (option == "expect")
    arguments.expect = value;
  else if (option == "profile")
    arguments.profile = value;
  else if (option == "device")
    arguments.device = value;
  else if (option == "rtol")
    arguments.rtol = parse(1e300);
  else if (option == "atol")
    arguments.atol = parse(1e300);
  else if (option == "bench")
    arguments.benchSeconds = parse(1e6);
  else if (option == "max-time")
    arguments.mostSeconds = parse(1e9);
  else if (option == "max-memory") {
    if (!parseBytes(std::string(value), arguments.mostBytes))
      failure = badValue(option, value);
  } else if (option == "threads") {
    auto [end, error] = std::from_chars(value.begin(), value.end(), arguments.threads);
    if (error != std::errc() || end != value.end() || arguments.threads < 0)
      failure = badValue(option, value);
  } else
    return false;
  return true;
}

} // namespace

Failure parseArguments(int argc, char **argv, RunArguments &arguments) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "-h")
      word = "--help";
    if (!word.starts_with("-")) {
      if (!arguments.model.empty())
        return {Code::UnknownOption, "expected one model, got '" + std::string(word) + "' too"};
      arguments.model = word;
      continue;
    }
    if (!word.starts_with("--"))
      return {Code::UnknownOption, "unknown option " + std::string(word) + "; --help lists all"};
    word.remove_prefix(2);
    if (word == "help" || word == "version") {
      (word == "help" ? arguments.help : arguments.version) = true;
      continue;
    }
    size_t equals = word.find('=');
    std::string_view option = word.substr(0, equals), value;
    bool hasValue = equals != word.npos || i + 1 < argc;
    if (equals != word.npos)
      value = word.substr(equals + 1);
    else if (hasValue)
      value = argv[++i];
    Failure failure;
    if (!setOption(option, value, arguments, failure))
      return {Code::UnknownOption, "unknown option --" + std::string(option) + "; --help lists all"};
    if (!hasValue)
      return {Code::MissingArgument, "--" + std::string(option) + ": expected a value"};
    if (value.empty())
      return {Code::InvalidOptionValue, "--" + std::string(option) + ": expected a value, got ''"};
    if (failure)
      return failure;
  }
  if (arguments.model.empty() && !arguments.help && !arguments.version)
    return {Code::MissingArgument, "expected a model; --help says more"};
  return {};
}

} // namespace tegula::tools
