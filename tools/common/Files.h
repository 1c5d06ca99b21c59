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

/// Says that this command reads `path`, so that it is not written over. "" and "-" are no files.
void noteInput(const std::string &path);
/// The same of the file in "name=@file".
void noteAssigned(const std::string &assignment);

/// A failure where `output` cannot be written, or is a file that would be lost: `input`, another one that was
/// noted or read by readFile, or an output that was asked for before, under whatever names. To be asked
/// before what takes long.
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
