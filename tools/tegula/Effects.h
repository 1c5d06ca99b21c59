// Options that can have no effect on a file of its kind, in one table, because an option that is ignored in
// silence is worse than one that is refused.
#pragma once

#include "CommandLine.h"

#include <string>
#include <vector>

namespace tegula::tools {

/// Refuses options of the command line that change nothing for the kind of file that the verb is given.
/// Configurations hold for many commands: what they say beyond that is left out. `file` is the file at fault.
Failure checkEffects(const CLI::App &verb, const std::vector<Word> &words, std::string &file);

} // namespace tegula::tools
