// Reads files of flags and configurations line by line, so that what is wrong in them is named with its line.
#include "CommandLine.h"
#include "Description.h"
#include "Toml.h"
#include "Verb.h"

#include "common/Files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

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

/// The option that a key means; none of those that ask for help, which are no settings.
const CLI::Option *optionOf(const CLI::App &verb, const std::string &key) {
  for (const CLI::Option *option : optionsOf(verb))
    if (option->check_lname(key))
      return option;
  for (const CLI::Option *option : optionsOf(*verb.get_parent()))
    if (option->check_lname(key) && option->get_group() == globalOptions && key != "config")
      return option;
  return nullptr;
}

/// Reads a configuration; keys of the verb come out as words.
class Config {
public:
  Config(const CLI::App &app, const std::string &path, const std::vector<Word> &words)
      : app(app), path(path), words(words), verb(verbOf(app, words.front().text)) {}

  Failure read(const std::string &text, std::vector<Word> &added) {
    Toml toml(text);
    while (toml.nextLine()) {
      line = toml.line();
      if (Failure failure = toml.atSection() ? enterSection(toml) : readKey(toml, added))
        return failure;
    }
    return {};
  }

private:
  std::string place() const { return path + ":" + std::to_string(line); }
  Failure fail(const std::string &text) const { return {Code::InvalidConfig, place() + ": " + text}; }

  Failure enterSection(Toml &toml) {
    std::string content = toml.content(), name;
    section = toml.readSection(name) ? verbOf(app, name) : nullptr;
    if (!section)
      return fail("expected a section of a verb, such as [compile], got '" + content + "'");
    return known.insert("[" + name).second ? Failure() : fail("expected the section [" + name + "] once");
  }

  Failure readKey(Toml &toml, std::vector<Word> &added) {
    std::string content = toml.content(), key, why;
    std::vector<Toml::Value> values;
    if (!toml.readKey(key, values, why)) {
      line = toml.lineOfError(line);
      return fail(why.empty() ? "expected 'option = value', got '" + content + "'" : why);
    }
    const CLI::Option *option = nullptr;
    for (const CLI::App *one : app.get_subcommands({}))
      if (!section || section == one)
        option = option ? option : optionOf(*one, key);
    if (!option)
      return fail("expected the long name of an option of " + (section ? section->get_name() : "any verb") +
                  ", got '" + key + "'");
    if (!known.insert((section ? section->get_name() : "") + "." + key).second)
      return fail("expected '" + key + "' once; several values are a list");
    if (!verb || (section && section != verb) || !(option = optionOf(*verb, key)))
      return {}; // for other verbs
    return addWords(key, *option, values, added);
  }

  Failure addWords(const std::string &key, const CLI::Option &option, const std::vector<Toml::Value> &values,
                   std::vector<Word> &added) {
    bool takesMany =
        option.get_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (!takesMany && values.size() != 1)
      return fail("expected one value of '" + key + "'");
    bool isFlag = option.get_expected_min() == 0;
    for (const Toml::Value &value : values) {
      bool isTruth = !value.isString && (value.text == "true" || value.text == "false");
      if (isFlag != isTruth)
        return fail("expected " + std::string(isFlag ? "true or false" : "a string or a number") + " for '" +
                    key + "', got '" + value.text + "'");
    }
    std::set<CLI::Option *> excluded = option.get_excludes();
    if ((!takesMany && isGiven(words, option)) ||
        std::any_of(excluded.begin(), excluded.end(),
                    [&](const CLI::Option *other) { return isGiven(words, *other); }))
      return {};
    for (const Toml::Value &value : values)
      if (!isFlag || value.text == "true")
        added.push_back({"--" + key + (isFlag ? "" : "=" + value.text), place(), /*isDefault=*/true});
    return {};
  }

  const CLI::App &app;
  const std::string &path;
  const std::vector<Word> &words;
  const CLI::App *verb, *section = nullptr;
  std::set<std::string> known; ///< sections and keys that were read
  int line = 0;
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
        if (!item.empty() && item[0] == '@')
          return {Code::InvalidConfig, place + ": expected flags, got another file of flags, '" + item + "'"};
        expanded.push_back({std::move(item), place, /*isDefault=*/false});
      }
    }
  }
  words = std::move(expanded);
  return {};
}

Failure addDefaultVerb(std::vector<Word> &words, const CLI::App &app) {
  size_t at = 0;
  while (at < words.size() && words[at].text.starts_with("-")) { // options of all verbs may stand in front
    const CLI::Option *option = app.get_option_no_throw(words[at].text);
    bool hasOwnValue = words[at].text.find('=') != std::string::npos;
    at += option && !hasOwnValue && option->get_expected_min() > 0 ? 2 : 1;
  }
  if (at < words.size() && verbOf(app, words[at].text)) {
    std::rotate(words.begin(), words.begin() + long(at), words.begin() + long(at) + 1);
    return {};
  }
  const std::string &first = words[0].text;
  for (const char *alone : {"-h", "--help", "--help-all", "--version", "--list-operators"})
    if (first == alone)
      return {};
  bool file = first.empty() || first[0] == '-' || first.find_first_of("./") != std::string::npos ||
              std::filesystem::exists(first);
  if (!file)
    return {Code::UnknownVerb, "expected a verb or a model, got '" + first + "'"};
  words.insert(words.begin(), Word("compile"));
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

bool isGiven(const std::vector<Word> &words, const CLI::Option &option) {
  return std::any_of(words.begin(), words.end(), [&](const Word &word) {
    std::string name = word.text.substr(0, word.text.find('='));
    bool isShort = name.size() > 1 && name[0] == '-' && name[1] != '-';
    return !word.isDefault && (isShort ? option.check_sname(name.substr(1, 1))
                                       : name.starts_with("--") && option.check_lname(name.substr(2)));
  });
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
