// Opens weights that lie beside a model, refusing every name and link that leads out of the model's folder.
#include "Model.h"

#include "llvm/ADT/StringRef.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tegula::importer {

namespace {

/// A file descriptor that closes itself.
class File {
public:
  explicit File(int descriptor = -1) : descriptor(descriptor) {}
  File(File &&other) : descriptor(std::exchange(other.descriptor, -1)) {}
  File &operator=(File &&other) {
    std::swap(descriptor, other.descriptor);
    return *this;
  }
  ~File() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  int get() const { return descriptor; }
  explicit operator bool() const { return descriptor >= 0; }

private:
  int descriptor;
};

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Walks one component at a time and follows no link, for kernels without openat2.
File openByComponent(int folder, llvm::StringRef location) {
  llvm::SmallVector<llvm::StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  File current(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  for (size_t i = 0; current && i < parts.size(); ++i) {
    if (parts[i] == ".")
      continue;
    if (parts[i] == "..") {
      errno = EXDEV;
      return File();
    }
    bool isLast = i + 1 == parts.size();
    current = File(
        ::openat(current.get(), parts[i].str().c_str(), kFlags | O_NOFOLLOW | (isLast ? 0 : O_DIRECTORY)));
  }
  return current;
}

File openBeneath(int folder, const std::string &location) {
  struct open_how how = {};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  File file(static_cast<int>(::syscall(SYS_openat2, folder, location.c_str(), &how, sizeof(how))));
  return file || (errno != ENOSYS && errno != EPERM) ? std::move(file) : openByComponent(folder, location);
}

} // namespace

llvm::Expected<SharedBytes> readExternalData(const std::string &folder, const std::string &location,
                                             int64_t offset, int64_t length) {
  llvm::StringRef name(location);
  if (name.empty() || name.starts_with("/") || name.contains('\0') || name.contains('\\'))
    return readError(Code::ExternalDataOutside,
                     "expected a relative file name for external data, got '" + location + "'");
  File directory(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  File file = directory ? openBeneath(directory.get(), location) : File();
  if (!file)
    return readError(
        errno == EXDEV || errno == ELOOP ? Code::ExternalDataOutside : Code::ExternalDataUnreadable,
        "cannot open external data '" + location + "' inside of the model's folder: " + std::strerror(errno));
  struct stat info;
  // A second link could name a file that lies outside of the folder.
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1)
    return readError(Code::ExternalDataOutside,
                     "expected external data '" + location + "' to be a regular file with one link");
  int64_t size = info.st_size;
  if (offset > size || length > size - offset)
    return readError(Code::ExternalDataUnreadable, "expected external data '" + location + "' to hold " +
                                                       llvm::Twine(length) + " bytes at " +
                                                       llvm::Twine(offset) + ", it has " + llvm::Twine(size));
  if (length < 0)
    length = size - offset;
  if (length == 0)
    return SharedBytes{};
  int64_t page = ::sysconf(_SC_PAGESIZE), begin = offset / page * page;
  size_t mapped = static_cast<size_t>(length + offset - begin);
  void *address = ::mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE, file.get(), begin);
  if (address == MAP_FAILED)
    return readError(Code::ExternalDataUnreadable,
                     "cannot map external data '" + location + "': " + std::strerror(errno));
  std::shared_ptr<const void> owner(
      address, [mapped](const void *start) { ::munmap(const_cast<void *>(start), mapped); });
  return SharedBytes{owner, llvm::ArrayRef<char>(static_cast<const char *>(address) + (offset - begin),
                                                 static_cast<size_t>(length))};
}

} // namespace tegula::importer
