// How every tool says that its command line is wrong, and keeps its help short: CLI11's own ways differ from
// our messages.
#pragma once

#include "common/Report.h"

#include <CLI/CLI.hpp>

namespace tegula::tools {

/// The same check without a word in the help, which says already what is allowed.
template <typename Validator> Validator quiet(Validator validator) {
  validator.description("");
  return validator;
}

/// Prints help where it was asked for, else what is wrong; returns the exit code.
inline int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == int(CLI::ExitCodes::Success))
    return app.exit(error);
  std::fprintf(stderr, "%s: error: %s\n%s: note: --help lists what can be said\n", app.get_name().c_str(),
               error.what(), app.get_name().c_str());
  return int(Outcome::BadInput);
}

} // namespace tegula::tools
