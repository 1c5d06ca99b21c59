// How every tool says that its command line is wrong, and keeps its help short: CLI11's own ways differ from
// our messages.
#pragma once

#include "common/Report.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace tegula::tools {

/// A finite number of at least `low`. CLI11's own checks say more in the help and less in the error.
inline CLI::Validator atLeast(double low) {
  auto check = [low](std::string &text) -> std::string {
    char *end = nullptr;
    double value = std::strtod(text.c_str(), &end);
    bool isWritten = !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '.');
    if (isWritten && !*end && std::isfinite(value) && value >= low)
      return "";
    char least[32];
    std::snprintf(least, sizeof least, "%g", low);
    return std::string("expected a number of at least ") + least + ", got '" + text + "'";
  };
  return CLI::Validator(check, "");
}

/// A whole number from `low` to `high`, as all options have it that count something.
inline CLI::Validator within(long low, long high) {
  auto check = [=](std::string &text) -> std::string {
    char *end = nullptr;
    long value = std::strtol(text.c_str(), &end, 10);
    if (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) && !*end && value >= low &&
        value <= high)
      return "";
    return "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ", got '" +
           text + "'";
  };
  return CLI::Validator(check, "");
}

/// One of a few words.
inline CLI::Validator oneOf(std::vector<std::string> words) {
  auto check = [words = std::move(words)](std::string &text) -> std::string {
    std::string all;
    for (size_t i = 0; i < words.size(); ++i) {
      if (text == words[i])
        return "";
      all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    }
    return "expected " + all + ", got '" + text + "'";
  };
  return CLI::Validator(check, "");
}

/// What CLI11 found wrong.
inline Code codeOf(const CLI::ParseError &error) {
  switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
  case CLI::ExitCodes::ExtrasError:
    return Code::UnknownOption;
  case CLI::ExitCodes::RequiredError:
  case CLI::ExitCodes::ArgumentMismatch:
    return Code::MissingArgument;
  case CLI::ExitCodes::ConversionError:
  case CLI::ExitCodes::ValidationError:
  case CLI::ExitCodes::InvalidError:
    return Code::InvalidOptionValue;
  case CLI::ExitCodes::ExcludesError:
    return Code::ContradictingOptions;
  case CLI::ExitCodes::ConfigError:
  case CLI::ExitCodes::FileError:
    return Code::InvalidConfig;
  default:
    return Code::Usage;
  }
}

/// Prints what is wrong with a command line, and returns the exit code.
inline int reportUsage(const std::string &tool, const Failure &failure, const std::string &place) {
  Message message{Message::Severity::Error, "", "", 0, failure.text, place, "", failure.code};
  printMessages(tool, {message, {Message::Severity::Note, "", "", 0, "--help lists what can be said"}});
  return int(outcomeOf(failure.code));
}

/// Prints help where it was asked for, else what is wrong; returns the exit code.
inline int reportUsage(const CLI::App &app, const CLI::ParseError &error, const std::string &place = "") {
  if (error.get_exit_code() == int(CLI::ExitCodes::Success)) {
    std::ostringstream out;
    app.exit(error, out, out); // help or versions
    std::fputs(out.str().c_str(), stdout);
    return finishOutput(app.get_name().c_str(), 0);
  }
  return reportUsage(app.get_name(), {codeOf(error), error.what()}, place);
}

} // namespace tegula::tools
