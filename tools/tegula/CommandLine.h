// Where the words of a command line come from: the shell, files of flags (@FILE), and configurations
// (--config FILE), because long lists of options belong into files.
#pragma once

#include "common/Words.h"

#include <string>
#include <vector>

namespace tegula::tools {

/// Replaces @FILE by the words in that file: separated by blanks and lines, quoted with ' or ", # begins a
/// comment. Such files do not name others.
Failure expandFiles(std::vector<Word> &words);

/// Makes the first word the verb: `tegula model.onnx` means compile, and options of all verbs may stand in
/// front. The first word that is no option and no verb is a model.
Failure addDefaultVerb(std::vector<Word> &words, const CLI::App &app);

/// Adds what the configuration says for the verb `words[0]` behind it; where the command line gives an option
/// that takes one value, or excludes the option, the configuration's is left out. It is TOML: `key = value`
/// with the long name of an option, under [VERB] or above all sections for every verb that has it.
Failure addConfig(const CLI::App &app, const std::string &path, std::vector<Word> &words);

/// Whether the command line itself, or a file of flags, gives the option.
bool isGiven(const std::vector<Word> &words, const CLI::Option &option);

/// The place of the word that made an error's text, "" where it is the command line.
std::string placeOf(const std::vector<Word> &words, const std::string &error);

} // namespace tegula::tools
