// Files as tools read and write them: whole or not at all, so that an interrupted tool leaves no half-written
// artifact.
#pragma once

#include "common/Crash.h"
#include "common/Report.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tegula::tools {

/// A failure where `output` cannot be written, or is the file `input` under whatever name, which would be
/// lost. To be asked before what takes long. "" and "-" are no files.
Failure checkOutput(const std::string &output, const std::string &input);

/// Writes to a temporary file beside `path` and renames it; "-" is standard output.
Failure writeFile(const std::string &path, std::span<const uint8_t> bytes);

/// Lets `write` make the file under a temporary name beside `path` and renames it. What is no regular file (a
/// device, a pipe) cannot be replaced: it is written as it stands.
Failure replaceFile(const std::string &path, const std::function<Failure(const std::string &path)> &write);

/// Reads a whole file of at most 1 GiB; "-" is standard input.
Failure readFile(const std::string &path, std::string &text);

/// Empty where `path` is a readable regular file, else the error.
Failure checkReadable(const std::string &path);

bool hasExtension(const std::string &path, const char *extension);

/// The folder of `path`, "." where it has none.
std::string folderOf(const std::string &path);

/// The file name without folder and last extension.
std::string stemOf(const std::string &path);

} // namespace tegula::tools
