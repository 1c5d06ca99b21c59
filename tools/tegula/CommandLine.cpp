// Reads files of flags and configurations line by line, so that what is wrong in them is named with its line.
#include "CommandLine.h"

#include "common/Files.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace tegula::tools {

namespace {

bool isBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Splits one line into words. False, with what was expected, where a quote does not end.
bool splitLine(const std::string &line, std::vector<std::string> &words) {
  for (size_t at = 0; at < line.size();) {
    if (isBlank(line[at])) {
      ++at;
      continue;
    }
    if (line[at] == '#')
      return true;
    std::string word;
    while (at < line.size() && !isBlank(line[at])) {
      char quote = line[at];
      if (quote != '"' && quote != '\'') {
        word += line[at++];
        continue;
      }
      size_t end = line.find(quote, at + 1);
      if (end == std::string::npos)
        return false;
      word += line.substr(at + 1, end - at - 1);
      at = end + 1;
    }
    words.push_back(std::move(word));
  }
  return true;
}

std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string trimmed(const std::string &text) {
  size_t first = 0, last = text.size();
  while (first < last && isBlank(text[first]))
    ++first;
  while (last > first && isBlank(text[last - 1]))
    --last;
  return text.substr(first, last - first);
}

/// A value of TOML: a string, a number, true or false.
bool readValue(const std::string &text, size_t &at, std::string &value) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    bool escapes = text[at] == '"';
    for (char quote = text[at++]; at < text.size() && text[at] != quote; ++at) {
      if (!escapes || text[at] != '\\') {
        value += text[at];
        continue;
      }
      constexpr const char escaped[] = "\\\"tnr", meant[] = "\\\"\t\n\r";
      const char *found = ++at < text.size() && text[at] ? std::strchr(escaped, text[at]) : nullptr;
      if (!found)
        return false;
      value += meant[found - escaped];
    }
    return at++ < text.size();
  }
  while (at < text.size() && !isBlank(text[at]) && text[at] != ',' && text[at] != ']' && text[at] != '#')
    value += text[at++];
  return !value.empty();
}

/// What stands behind `key =`: a value or a list of values, then nothing but a comment.
bool readValues(const std::string &text, std::vector<std::string> &values) {
  size_t at = 0;
  auto skip = [&] {
    while (at < text.size() && isBlank(text[at]))
      ++at;
  };
  bool isList = !text.empty() && text[0] == '[';
  at += isList;
  for (skip(); !isList || (at < text.size() && text[at] != ']'); skip()) {
    if (!readValue(text, at, values.emplace_back()))
      return false;
    skip();
    if (!isList)
      break;
    if (at < text.size() && text[at] == ',')
      ++at;
    else if (at >= text.size() || text[at] != ']')
      return false;
  }
  if (isList && at++ >= text.size())
    return false;
  skip();
  return at >= text.size() || text[at] == '#';
}

const CLI::Option *optionOf(const CLI::App &verb, const std::string &key) {
  const CLI::Option *option = verb.get_option_no_throw("--" + key);
  if (!option && verb.get_parent())
    option = verb.get_parent()->get_option_no_throw("--" + key);
  return option && key != "config" ? option : nullptr;
}

const CLI::App *verbOf(const CLI::App &app, const std::string &name) {
  for (const CLI::App *verb : app.get_subcommands({}))
    if (verb->get_name() == name)
      return verb;
  return nullptr;
}

bool isGiven(const std::vector<Word> &words, const CLI::Option &option) {
  return std::any_of(words.begin(), words.end(), [&](const Word &word) {
    std::string name = word.text.substr(0, word.text.find('='));
    bool isShort = name.size() > 1 && name[0] == '-' && name[1] != '-';
    return isShort ? option.check_sname(name.substr(1, 1))
                   : name.starts_with("--") && option.check_lname(name.substr(2));
  });
}

/// Reads a configuration; keys of the verb come out as words.
class Config {
public:
  Config(const CLI::App &app, const std::string &path, const std::vector<Word> &words)
      : app(app), path(path), words(words), verb(verbOf(app, words.front().text)) {}

  Failure read(const std::string &text, std::vector<Word> &added) {
    for (const std::string &line : linesOf(text)) {
      ++number;
      std::string content = trimmed(line);
      if (content.empty() || content[0] == '#')
        continue;
      if (Failure failure = content[0] == '[' ? enterSection(content) : readKey(content, added))
        return failure;
    }
    return {};
  }

private:
  std::string place() const { return path + ":" + std::to_string(number); }
  Failure fail(const std::string &text) const { return {Code::InvalidConfig, place() + ": " + text}; }

  Failure enterSection(const std::string &content) {
    size_t end = content.find(']');
    std::string name = end == std::string::npos ? "" : trimmed(content.substr(1, end - 1));
    std::string behind = end == std::string::npos ? "" : trimmed(content.substr(end + 1));
    section = behind.empty() || behind[0] == '#' ? verbOf(app, name) : nullptr;
    return section ? Failure()
                   : fail("expected a section of a verb, such as [compile], got '" + content + "'");
  }

  Failure readKey(const std::string &content, std::vector<Word> &added) {
    size_t equals = content.find('=');
    std::vector<std::string> values;
    if (equals == std::string::npos || equals == 0 ||
        !readValues(trimmed(content.substr(equals + 1)), values))
      return fail("expected 'option = value', got '" + content + "'");
    std::string key = trimmed(content.substr(0, equals));
    const CLI::Option *option = nullptr;
    for (const CLI::App *known : app.get_subcommands({}))
      if (!section || section == known)
        option = option ? option : optionOf(*known, key);
    if (!option)
      return fail("expected the long name of an option of " + (section ? section->get_name() : "any verb") +
                  ", got '" + key + "'");
    if (!verb || (section && section != verb) || !(option = optionOf(*verb, key)))
      return {}; // for other verbs
    bool takesMany = option->get_expected_max() > 1 ||
                     option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (!takesMany && (values.size() != 1 || isGiven(words, *option)))
      return values.size() == 1 ? Failure() : fail("expected one value of '" + key + "'");
    bool isFlag = option->get_expected_min() == 0;
    for (const std::string &value : values) {
      if (isFlag && value != "true" && value != "false")
        return fail("expected true or false for '" + key + "', got '" + value + "'");
      if (!isFlag || value == "true")
        added.push_back({"--" + key + (isFlag ? "" : "=" + value), place()});
    }
    return {};
  }

  const CLI::App &app;
  const std::string &path;
  const std::vector<Word> &words;
  const CLI::App *verb, *section = nullptr;
  int number = 0;
};

} // namespace

Failure expandFiles(std::vector<Word> &words) {
  std::vector<Word> expanded;
  for (Word &word : words) {
    if (word.text.size() < 2 || word.text[0] != '@') {
      expanded.push_back(std::move(word));
      continue;
    }
    std::string path = word.text.substr(1), text;
    if (Failure failure = readFile(path, text))
      return {failure.code, path + ": " + failure.text};
    int number = 0;
    for (const std::string &line : linesOf(text)) {
      std::string place = path + ":" + std::to_string(++number);
      std::vector<std::string> found;
      if (!splitLine(line, found))
        return {Code::InvalidConfig, place + ": expected a quote that ends on its line"};
      for (std::string &item : found) {
        if (item[0] == '@')
          return {Code::InvalidConfig, place + ": expected flags, got another file of flags, '" + item + "'"};
        expanded.push_back({std::move(item), place});
      }
    }
  }
  words = std::move(expanded);
  return {};
}

Failure addConfig(const CLI::App &app, const std::string &path, std::vector<Word> &words) {
  std::string text;
  if (Failure failure = readFile(path, text))
    return {failure.code, path + ": " + failure.text};
  std::vector<Word> added;
  if (Failure failure = Config(app, path, words).read(text, added))
    return failure;
  words.insert(words.begin() + 1, added.begin(), added.end());
  return {};
}

std::string placeOf(const std::vector<Word> &words, const std::string &error) {
  for (const Word &word : words) {
    std::string name = word.text.substr(0, word.text.find('='));
    if (!word.place.empty() && !name.empty() && error.find(name) != std::string::npos)
      return word.place;
  }
  return "";
}

} // namespace tegula::tools
