// Whole files in and out with errors as text, for every reader and writer of this room.
#pragma once

#include "tegula/npy/Npy.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace tegula::npy {

struct CloseFile {
  void operator()(FILE *file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

/// Reads a regular file whole.
bool readFile(const std::string &path, std::vector<uint8_t> &bytes, std::string &error);
/// Opens `path` for writing, or says why not.
File createFile(const std::string &path, std::string &error);
/// Appends; false on a short write.
bool append(FILE *file, const void *data, size_t size);
/// Flushes and closes, reporting what buffering had hidden. `good` says whether all appends went well.
bool finishFile(File file, bool good, const std::string &path, std::string &error);

/// The bytes of a .npy file before its elements, so that a writer can stream the elements after them.
bool encodeNpyHeader(const Array &array, std::vector<uint8_t> &bytes, std::string &error);

} // namespace tegula::npy
