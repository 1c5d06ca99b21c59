// Writes through a temporary file and a rename, because a reader must never meet a partial artifact.
#include "common/Files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tegula::tools {

namespace {

Failure failed(Code code, const std::string &what) { return {code, what + ": " + std::strerror(errno)}; }

bool writeAll(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes = bytes.subspan(size_t(count));
  }
  return true;
}

} // namespace

/// Where a file is made before it is renamed.
static std::string temporaryOf(const std::string &path) { return path + ".tmp." + std::to_string(getpid()); }

Failure replaceFile(const std::string &path, const std::function<Failure(const std::string &path)> &write) {
  struct stat status{};
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return {Code::CannotWrite, "cannot write: is a folder"};
  if (exists && !S_ISREG(status.st_mode))
    return write(path);
  std::string temporary = temporaryOf(path);
  removeOnCrash(temporary);
  Failure result = write(temporary);
  if (!result && rename(temporary.c_str(), path.c_str()) != 0)
    result = failed(Code::CannotWrite, "cannot write");
  if (result)
    unlink(temporary.c_str());
  removeOnCrash("");
  return result;
}

Failure writeFile(const std::string &path, std::span<const uint8_t> bytes) {
  if (path == "-")
    return writeAll(STDOUT_FILENO, bytes) ? Failure()
                                          : failed(Code::CannotWrite, "cannot write to standard output");
  return replaceFile(path, [&](const std::string &where) -> Failure {
    bool isNew = where != path; // a temporary file is ours alone
    int file = open(where.c_str(), O_WRONLY | O_CLOEXEC | (isNew ? O_CREAT | O_EXCL : 0), 0666);
    if (file < 0)
      return failed(Code::CannotWrite, "cannot write");
    bool ok = writeAll(file, bytes) && (!isNew || fsync(file) == 0);
    Failure result = ok ? Failure() : failed(Code::CannotWrite, "cannot write");
    close(file);
    return result;
  });
}

/// Whether `path` can be written; nothing is made, changed or left behind.
static Failure checkWritable(const std::string &path) {
  struct stat status{};
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return {Code::CannotWrite, "cannot write: is a folder"};
  bool isInPlace = exists && !S_ISREG(status.st_mode); // a device or a pipe
  if (isInPlace && access(path.c_str(), W_OK) != 0)
    return failed(Code::CannotWrite, "cannot write");
  bool isNameTaken = lstat(temporaryOf(path).c_str(), &status) == 0;
  if (!isInPlace && !isNameTaken && errno != ENOENT)
    return failed(Code::CannotWrite, "cannot write");
  if (!isInPlace && access(folderOf(path).c_str(), W_OK | X_OK) != 0)
    return failed(Code::CannotWrite, "cannot write");
  return {};
}

/// What this command reads and writes.
static std::vector<std::string> inputFiles, outputFiles;

static bool isFile(const std::string &path) { return !path.empty() && path != "-"; }

void noteInput(const std::string &path) {
  if (isFile(path))
    inputFiles.push_back(path);
}

void noteAssigned(const std::string &assignment) {
  if (size_t at = assignment.find('@'); at != std::string::npos)
    noteInput(assignment.substr(at + 1));
}

Failure checkOutput(const std::string &output, const std::string &input) {
  if (!isFile(output))
    return {};
  noteInput(input);
  std::error_code failure;
  if (std::filesystem::is_other(output, failure)) // a device keeps nothing that could be lost
    return checkWritable(output);
  auto isSame = [&](const std::string &other) {
    return other == output || std::filesystem::equivalent(output, other, failure);
  };
  if (std::ranges::any_of(inputFiles, isSame))
    return {Code::CannotWrite, "is what is read; expected another name for what is written"};
  if (std::ranges::any_of(outputFiles, isSame))
    return {Code::CannotWrite, "is written already; expected another name for each output"};
  outputFiles.push_back(output);
  return checkWritable(output);
}

Failure checkReadable(const std::string &path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0)
    return failed(Code::CannotRead, "cannot read");
  if (S_ISDIR(status.st_mode))
    return {Code::CannotRead, "cannot read: is a folder"};
  if (!S_ISREG(status.st_mode))
    return {Code::CannotRead, "cannot read: not a regular file"};
  if (access(path.c_str(), R_OK) != 0)
    return failed(Code::CannotRead, "cannot read");
  return {};
}

Failure readFile(const std::string &path, std::string &text) {
  noteInput(path);
  if (path != "-")
    if (Failure failure = checkReadable(path))
      return failure;
  int file = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failed(Code::CannotRead, "cannot read");
  constexpr size_t mostBytes = size_t(1) << 30; // a file may grow while it is read, and a pipe never end
  text.clear();
  char buffer[1 << 16];
  ssize_t count;
  while ((count = read(file, buffer, sizeof buffer)) != 0) {
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      break;
    text.append(buffer, size_t(count));
    if (text.size() > mostBytes)
      break;
  }
  Failure result = count < 0   ? failed(Code::CannotRead, "cannot read")
                   : count > 0 ? Failure{Code::FileTooLarge, "cannot read: larger than 1 GiB"}
                               : Failure();
  close(file);
  return result;
}

bool hasExtension(const std::string &path, const char *extension) {
  return std::filesystem::path(path).extension() == extension;
}

std::string folderOf(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

std::string stemOf(const std::string &path) { return std::filesystem::path(path).stem(); }

} // namespace tegula::tools
