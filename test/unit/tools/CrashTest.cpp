// Tests what the process says about faults that are no errors of its own.
#include "common/Crash.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <sys/mman.h>
#include <unistd.h>

namespace {

/// Reads the end of a mapped file that has been cut off.
void readBehindTheEnd() {
  tegula::tools::installCrashHandlers("test");
  std::FILE *file = std::tmpfile();
  constexpr size_t size = 1 << 16;
  if (!file || ftruncate(fileno(file), size) != 0)
    _exit(2);
  auto *bytes =
      static_cast<const volatile char *>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fileno(file), 0));
  if (bytes == MAP_FAILED || ftruncate(fileno(file), 0) != 0)
    _exit(2);
  _exit(bytes[size - 1] ? 3 : 4);
}

TEST(Crash, AFileThatBecomesShorterIsBadInput) {
  EXPECT_EXIT(readBehindTheEnd(), testing::ExitedWithCode(1),
              "test: error: a file became shorter while it was read.*E0110");
}

} // namespace
