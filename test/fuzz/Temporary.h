// A folder of its own for a fuzz target whose reader takes files by name, removed when the program ends.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tegula::fuzz {

class Temporary {
public:
  Temporary() {
    std::string name = (std::filesystem::temp_directory_path() / "tegula-fuzz-XXXXXX").string();
    if (!mkdtemp(name.data())) {
      std::perror("mkdtemp");
      std::exit(1);
    }
    folder = name;
  }
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  /// Writes a file of the folder anew, and returns its path.
  std::string write(const char *name, const uint8_t *data, size_t size) {
    std::string path = (folder / name).string();
    FILE *file = std::fopen(path.c_str(), "wb");
    if (!file || std::fwrite(data, 1, size, file) != size || std::fclose(file) != 0) {
      std::perror(path.c_str());
      std::exit(1);
    }
    return path;
  }

private:
  std::filesystem::path folder;
};

/// Says what a target expected and did not get, and ends the program as a finding.
[[noreturn]] inline void finding(const std::string &text) {
  std::fprintf(stderr, "finding: %s\n", text.c_str());
  std::abort();
}

} // namespace tegula::fuzz
