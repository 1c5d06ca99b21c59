// Checks the words of a command line before CLI11 parses them: its own errors neither say what would have
// been right nor come in the form of all other messages.
#pragma once

#include "common/Report.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace tegula::tools {

/// A word, and the place of the file that it stands in; "" for the command line itself.
struct Word {
  Word(std::string text, std::string place = "", bool isDefault = false)
      : text(std::move(text)), place(std::move(place)), isDefault(isDefault) {}
  std::string text, place;
  bool isDefault = false; ///< of a configuration, which holds for many commands
};

/// Reads words as CLI11 does, with `verb` the part of `app` that they are for, or `app` itself.
class WordCheck {
public:
  WordCheck(const CLI::App &app, const CLI::App &verb) : app(app), verb(verb) {}

  /// What is wrong first, and where it stands.
  Failure check(const std::vector<Word> &words, std::string &place) {
    if (std::any_of(words.begin(), words.end(), [&](const Word &word) { return isQuestion(word.text); }))
      return {};
    bool onlyFiles = false;
    for (at = 0; at < words.size();) {
      const Word &word = words[at++];
      place = word.place;
      bool isOption = !onlyFiles && word.text.size() > 1 && word.text[0] == '-';
      Failure failure;
      if (isOption && word.text == "--")
        onlyFiles = true;
      else if (isOption)
        failure = word.text[1] == '-' ? readLong(words, word.text) : readShort(words, word.text.substr(1));
      else
        failure = readFile(word.text);
      if (failure)
        return failure;
    }
    place = "";
    return checkTogether();
  }

private:
  static bool isQuestion(const std::string &text) {
    for (const char *word : {"-h", "--help", "--help-all", "--version", "--list-operators"})
      if (text == word)
        return true;
    return false;
  }
  static bool isFlag(const CLI::Option &option) { return option.get_items_expected_max() == 0; }
  static std::string kindOf(const CLI::Option &option) {
    std::string type = option.get_type_name();
    return type.empty() ? "a value" : type;
  }
  static std::string nameOf(const CLI::Option &option) {
    return option.get_positional() && !option.nonpositional() ? option.get_name()
           : option.get_lnames().empty()                      ? "-" + option.get_snames().front()
                                                              : "--" + option.get_lnames().front();
  }

  const CLI::Option *find(const std::string &name) const {
    const CLI::Option *option = verb.get_option_no_throw(name);
    return option ? option : app.get_option_no_throw(name);
  }

  // ---- words ----

  Failure readLong(const std::vector<Word> &words, const std::string &text) {
    size_t equals = text.find('=');
    std::string name = text.substr(0, equals);
    const CLI::Option *option = find(name);
    if (!option)
      return {Code::UnknownOption, unknown(name)};
    if (equals == std::string::npos)
      return isFlag(*option) ? note(*option) : readValues(words, *option);
    std::string value = text.substr(equals + 1);
    if (isFlag(*option) && value != "true" && value != "false")
      return {Code::InvalidOptionValue, name + ": expected true, false or no value, got '" + value + "'"};
    return isFlag(*option) ? note(*option) : take(*option, value);
  }

  /// `text` without its dash: -v, -vv, -O0, -o FILE.
  Failure readShort(const std::vector<Word> &words, const std::string &text) {
    for (size_t i = 0; i < text.size(); ++i) {
      std::string name = "-" + text.substr(i, 1);
      const CLI::Option *option = find(name);
      if (!option)
        return {Code::UnknownOption, unknown(i ? name : "-" + text)};
      if (!isFlag(*option))
        return i + 1 < text.size() ? take(*option, text.substr(i + 1)) : readValues(words, *option);
      if (Failure failure = note(*option))
        return failure;
    }
    return {};
  }

  Failure readValues(const std::vector<Word> &words, const CLI::Option &option) {
    int least = std::max(1, option.get_items_expected_min()), taken = 0;
    for (; at < words.size() && taken < least; ++taken, ++at) {
      const std::string &text = words[at].text;
      if (text.size() > 1 && text[0] == '-' && find(text.substr(0, text.find('='))))
        return {Code::MissingArgument,
                nameOf(option) + ": expected " + kindOf(option) + ", got the option '" + text + "'"};
      if (Failure failure = taken ? checkValue(option, text) : take(option, text))
        return failure;
    }
    if (taken < least)
      return {Code::MissingArgument, nameOf(option) + ": expected " + kindOf(option) + " behind it"};
    return {};
  }

  Failure readFile(const std::string &text) {
    auto places = verb.get_options([](const CLI::Option *option) { return option->get_positional(); });
    if (files < places.size()) {
      const CLI::Option &place = *places[files];
      files += place.get_items_expected_max() == 1;
      return text.empty() ? Failure{Code::InvalidOptionValue, "expected " + place.get_name() + ", got ''"}
                          : note(place);
    }
    std::string wanted;
    for (const CLI::Option *place : places)
      wanted += (wanted.empty() ? "" : " ") + place->get_name();
    return {Code::UnknownOption,
            "expected " + (wanted.empty() ? "no file" : wanted + " only") + ", got '" + text + "' too"};
  }

  static Failure checkValue(const CLI::Option &option, const std::string &value) {
    return value.empty() ? Failure{Code::InvalidOptionValue,
                                   nameOf(option) + ": expected " + kindOf(option) + ", got ''"}
                         : Failure();
  }

  Failure take(const CLI::Option &option, const std::string &value) {
    Failure failure = checkValue(option, value);
    return failure ? failure : note(option);
  }

  Failure note(const CLI::Option &option) {
    bool isSingle = option.get_items_expected_max() == 1 &&
                    option.get_multi_option_policy() == CLI::MultiOptionPolicy::Throw;
    order.push_back(&option);
    if (++seen[&option] > 1 && isSingle)
      return {Code::ContradictingOptions, "expected " + nameOf(option) + " once, got it twice"};
    return {};
  }

  // ---- all of them ----

  Failure checkTogether() const {
    for (const CLI::Option *place :
         verb.get_options([](const CLI::Option *option) { return option->get_positional(); }))
      if (place->get_required() && !seen.count(place))
        return {Code::MissingArgument, "expected " + place->get_name() + ", got none"};
    for (const CLI::Option *option : order) {
      for (const CLI::Option *other : option->get_needs())
        if (!seen.count(other))
          return {Code::OptionWithoutEffect, "expected " + nameOf(*other) + " beside " + nameOf(*option) +
                                                 ", which says nothing without it"};
      for (const CLI::Option *other : option->get_excludes())
        if (seen.count(other))
          return {Code::ContradictingOptions,
                  "expected " + nameOf(*other) + " or " + nameOf(*option) + ", got both"};
    }
    return {};
  }

  // ---- what may be meant ----

  static size_t distance(const std::string &a, const std::string &b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j < row.size(); ++j)
      row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = row[0]++;
      for (size_t j = 1; j < row.size(); ++j) {
        size_t changed = diagonal + (a[i - 1] != b[j - 1]);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
      }
    }
    return row.back();
  }

  std::string unknown(const std::string &name) const {
    std::string best, text = "expected an option of " + verb.get_name() + ", got '" + name + "'";
    size_t least = std::max<size_t>(2, name.size() / 3) + 1;
    for (const CLI::App *part : {&verb, &app})
      for (const CLI::Option *option : part->get_options())
        for (const std::string &known : option->get_lnames())
          if (size_t changes = distance(name, "--" + known); changes < least)
            least = changes, best = "--" + known;
    if (!best.empty())
      return text + "; the nearest is " + best;
    std::string others;
    for (const CLI::App *other : app.get_subcommands({}))
      if (other->get_option_no_throw(name))
        others += (others.empty() ? "" : ", ") + other->get_name();
    return others.empty() ? text : text + ", which is one of " + others;
  }

  const CLI::App &app, &verb;
  std::map<const CLI::Option *, int> seen;
  std::vector<const CLI::Option *> order;
  size_t at = 0, files = 0;
};

} // namespace tegula::tools
