// The verb new-pass: a project of its own for a pass, which builds and passes its test as it is, so that the
// first thing a pass author writes is the rewrite.
#include "Verb.h"

#include "common/Files.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace tegula::tools {

namespace {

struct Template {
  const char *path, *text;
};
constexpr Template templates[] = {
#include "NewPassFiles.inc"
};

/// "MergeAdds" with `separator` before each further word: "merge-adds".
std::string worded(const std::string &name, char separator) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    bool isUpper = std::isupper(name[i]);
    bool begins = i > 0 && isUpper &&
                  (!std::isupper(name[i - 1]) || (i + 1 < name.size() && std::islower(name[i + 1])));
    if (begins)
      text += separator;
    text += char(std::tolower(name[i]));
  }
  return text;
}

Failure checkName(const std::string &name) {
  constexpr size_t longest = 64;
  auto isPlain = [](unsigned char c) { return c < 0x80 && std::isalnum(c); };
  if (!name.empty() && name.size() <= longest && name[0] >= 'A' && name[0] <= 'Z' &&
      std::all_of(name.begin(), name.end(), isPlain))
    return {};
  return {Code::InvalidOptionValue, "expected a name such as MergeAdds: an upper-case letter, then at most " +
                                        std::to_string(longest - 1) + " letters and digits; got '" + name +
                                        "'"};
}

/// Where this program is installed, if it is.
std::string prefix() {
  std::error_code failure;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  std::filesystem::path root = program.parent_path().parent_path();
  bool isInstalled = !failure && std::filesystem::exists(root / "include/tegula/Tegula.h", failure);
  return isInstalled ? root.string() : "/where/tegula/is/installed";
}

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>> &values) {
  for (const auto &[key, value] : values)
    for (size_t at = 0; (at = text.find(key, at)) != text.npos; at += value.size())
      text.replace(at, key.size(), value);
  return text;
}

Failure failureOf(const std::string &what, std::error_code why) {
  return {Code::CannotWrite, what + ": " + why.message()};
}

/// Writes the project into a folder of another name beside `folder` and moves it there when it is complete.
Failure writeProject(const std::string &name, const std::string &folder) {
  namespace fs = std::filesystem;
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  std::vector<std::pair<std::string, std::string>> values = {{"@NAME@", name},
                                                             {"@UPPER@", upper},
                                                             {"@FLAG@", worded(name, '-')},
                                                             {"@SNAKE@", worded(name, '_')},
                                                             {"@PREFIX@", prefix()}};
  std::error_code failure;
  if (fs::symlink_status(folder, failure).type() != fs::file_type::not_found)
    return {Code::CannotWrite, "exists already; expected the name of a new folder"};
  std::string partial = folder + ".XXXXXX";
  if (!mkdtemp(partial.data()))
    return failureOf("cannot make the folder", std::error_code(errno, std::generic_category()));
  Failure result;
  for (const Template &part : templates) {
    fs::path path = fs::path(partial) / filled(part.path, values);
    fs::create_directories(path.parent_path(), failure);
    std::string text = filled(part.text, values);
    if (failure)
      result = failureOf("cannot make a folder", failure);
    else
      result = writeFile(path.string(), {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
    if (result)
      break;
  }
  fs::permissions(partial, fs::perms(0755), failure); // mkdtemp lets nobody else in
  // never over what has come into being in the meantime
  if (!result && renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) != 0)
    result = failureOf("cannot make the folder", std::error_code(errno, std::generic_category()));
  if (result)
    fs::remove_all(partial, failure);
  return result;
}

int newPass(const std::string &name, std::string folder) {
  while (folder.size() > 1 && folder.back() == '/')
    folder.pop_back();
  if (Failure failure = checkName(name))
    return reportFailure("tegula new-pass", failure);
  if (Failure failure = writeProject(name, folder))
    return reportFailure(folder, failure);
  std::printf("%s: a pass %s with a test that passes; %s/README.md says how to build it\n",
              printable(folder).c_str(), name.c_str(), printable(folder).c_str());
  return 0;
}

} // namespace

void addNewPass(CLI::App &app, Action &action) {
  struct Arguments {
    std::string name, folder;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("new-pass", "Write a project for a pass of your own, out of this tree");
  verb->add_option("NAME", arguments->name, "The pass, such as MergeAdds")->required();
  verb->add_option("DIR", arguments->folder, "A folder that does not exist yet")->required();
  verb->callback(
      [&action, arguments] { action = [arguments] { return newPass(arguments->name, arguments->folder); }; });
}

} // namespace tegula::tools
