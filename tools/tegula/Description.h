// The command line as it describes itself, in all the forms that people read or press tab in: help, manual
// pages and completions come from the same declarations of options, so that none can be forgotten.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace tegula::tools {

/// Help of about twenty lines with --help, and everything with --help-all.
std::shared_ptr<CLI::FormatterBase> makeFormatter();

/// The options of a verb, or of the program, that are neither positional nor for help.
std::vector<const CLI::Option *> optionsOf(const CLI::App &verb);

/// The words that an option takes, "text|json"; empty where it takes others.
std::vector<std::string> choicesOf(const CLI::Option &option);

/// The manual page of a verb, or of the program, for man(1).
std::string manualPage(const CLI::App &app, const CLI::App *verb, const std::string &version);

std::string bashCompletion(const CLI::App &app, const std::vector<std::string> &topics);
std::string zshCompletion(const CLI::App &app, const std::vector<std::string> &topics);

} // namespace tegula::tools
