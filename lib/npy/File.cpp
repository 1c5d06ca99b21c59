// Whole files in and out with errors as text, for every reader and writer of this room.
#include "File.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace tegula::npy {

static bool fail(const std::string &path, std::string &error, int code) {
  error = path + ": " + (code ? strerror(code) : "input/output error");
  return false;
}

bool readFile(const std::string &path, std::vector<uint8_t> &bytes, std::string &error) {
  // Opening a pipe that nobody writes must not wait.
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  File file(descriptor < 0 ? nullptr : fdopen(descriptor, "rb"));
  if (!file)
    return fail(path, error, errno);
  struct stat info;
  if (fstat(fileno(file.get()), &info) != 0)
    return fail(path, error, errno);
  if (!S_ISREG(info.st_mode)) {
    error = path + ": not a regular file";
    return false;
  }
  bytes.resize(size_t(info.st_size));
  if (!bytes.empty() && fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    return fail(path, error, errno);
  return true;
}

File createFile(const std::string &path, std::string &error) {
  File file(fopen(path.c_str(), "wbe"));
  if (!file)
    fail(path, error, errno);
  return file;
}

bool append(FILE *file, const void *data, size_t size) {
  return size == 0 || fwrite(data, 1, size, file) == size;
}

bool finishFile(File file, bool good, const std::string &path, std::string &error) {
  errno = good ? 0 : errno;
  if (fclose(file.release()) != 0 || !good)
    return fail(path, error, errno);
  return true;
}

} // namespace tegula::npy
