// Where the words of a command line come from: the shell, files of flags (@FILE), and configurations
// (--config FILE), because long lists of options belong into files.
#pragma once

#include "common/Report.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tegula::tools {

/// A word, and the place of the file that it stands in; "" for the command line itself.
struct Word {
  std::string text, place;
};

/// Replaces @FILE by the words in that file: separated by blanks and lines, quoted with ' or ", # begins a
/// comment. Such files do not name others.
Failure expandFiles(std::vector<Word> &words);

/// Adds what the configuration says for the verb `words[0]` behind it; where the command line gives an option
/// that takes one value, the configuration's is left out. Lines are those of TOML: `key = value` with the
/// long name of an option, under [VERB] or above all sections for every verb that has it.
Failure addConfig(const CLI::App &app, const std::string &path, std::vector<Word> &words);

/// The place of the word that made an error's text, "" where it is the command line.
std::string placeOf(const std::vector<Word> &words, const std::string &error);

} // namespace tegula::tools
