// Writes through a temporary file and a rename, because a reader must never meet a partial artifact.
#include "common/Files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace tegula::tools {

namespace {

Failure failed(const std::string &what) { return {Outcome::BadInput, what + ": " + std::strerror(errno)}; }

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

Failure writeFile(const std::string &path, std::span<const uint8_t> bytes) {
  if (path == "-")
    return writeAll(STDOUT_FILENO, bytes) ? Failure() : failed("cannot write to standard output");
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode))
      return {Outcome::BadInput, "cannot write: is a folder"};
    int device = open(path.c_str(), O_WRONLY | O_CLOEXEC); // a device or pipe cannot be renamed over
    if (device < 0)
      return failed("cannot write");
    bool ok = writeAll(device, bytes);
    Failure result = ok ? Failure() : failed("cannot write");
    close(device);
    return result;
  }
  std::string temporary = path + ".tmp." + std::to_string(getpid());
  int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0)
    return failed("cannot write");
  removeOnCrash(temporary);
  Failure result;
  if (!writeAll(file, bytes) || fsync(file) != 0)
    result = failed("cannot write");
  close(file);
  if (!result && rename(temporary.c_str(), path.c_str()) != 0)
    result = failed("cannot rename " + temporary);
  if (result)
    unlink(temporary.c_str());
  removeOnCrash("");
  return result;
}

Failure checkReadable(const std::string &path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0)
    return failed("cannot read");
  if (S_ISDIR(status.st_mode))
    return {Outcome::BadInput, "cannot read: is a folder"};
  if (access(path.c_str(), R_OK) != 0)
    return failed("cannot read");
  return {};
}

Failure readFile(const std::string &path, std::string &text) {
  if (path != "-")
    if (Failure failure = checkReadable(path))
      return failure;
  int file = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failed("cannot read");
  text.clear();
  char buffer[1 << 16];
  ssize_t count;
  while ((count = read(file, buffer, sizeof buffer)) != 0) {
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      break;
    text.append(buffer, size_t(count));
  }
  Failure result = count < 0 ? failed("cannot read") : Failure();
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
