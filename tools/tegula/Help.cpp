// The verb help: pages about verbs, topics and error codes, because a number in a log is worth little without
// what it means.
#include "Description.h"
#include "Verb.h"

#include "common/Json.h"
#include "tegula/support/CodePages.h"

#include <cctype>
#include <cstdio>
#include <sstream>

namespace tegula::tools {

namespace {

struct Arguments {
  std::string topic;
  bool json = false, man = false;
};

struct Topic {
  const char *name, *title, *text;
};
constexpr Topic topics[] = {
#define TEGULA_TOPIC(name, title, text) {name, title, text},
#include "Topics.def"
#undef TEGULA_TOPIC
};

/// Text in lines of at most 80 characters, each after `indent`.
std::string wrapped(const std::string &text, const std::string &indent = "") {
  std::istringstream words(text);
  std::string result, line, word;
  while (words >> word) {
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > 80) {
      result += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + indent + line + "\n";
}

const char *meaningOf(Outcome outcome) {
  switch (outcome) {
  case Outcome::Ok:
    return "ok";
  case Outcome::BadInput:
    return "usage error or bad input";
  case Outcome::Unsupported:
    return "unsupported";
  case Outcome::VerificationFailed:
    return "verification failed";
  case Outcome::ResourceLimit:
    return "resource limit";
  case Outcome::Internal:
    return "internal error";
  }
  return "";
}

std::string pageOf(const CodePage &page) {
  Outcome outcome = outcomeOf(page.code);
  std::string code = codeText(page.code);
  return code + ": " + page.title + "\nexit code " + std::to_string(int(outcome)) + ", " +
         meaningOf(outcome) + "\n\n" + wrapped(page.meaning) + "\n" +
         wrapped(std::string("What to do: ") + page.remedy) + "\nExample:\n\n" +
         wrapped(page.example + (" [" + code + "]"), "  ");
}

std::string listOfCodes() {
  std::string text;
  for (const CodePage &page : codePages)
    text += codeText(page.code) + "  " + page.title + "\n";
  return text;
}

std::string codesAsJson() {
  Json list('[');
  for (const CodePage &page : codePages)
    list.raw("", Json('{')
                     .add("code", codeText(page.code))
                     .add("name", page.name)
                     .add("exit", int64_t(outcomeOf(page.code)))
                     .add("kind", meaningOf(outcomeOf(page.code)))
                     .add("title", page.title)
                     .add("meaning", page.meaning)
                     .add("remedy", page.remedy)
                     .add("example", page.example + (" [" + codeText(page.code) + "]"))
                     .close());
  return list.close() + "\n";
}

/// The number in "E0203", "e203" and "0203"; -1 where it is no code.
int numberIn(const std::string &text) {
  std::string digits = text.substr(!text.empty() && (text[0] == 'E' || text[0] == 'e'));
  if (digits.empty() || digits.size() > 4)
    return -1;
  for (char digit : digits)
    if (!std::isdigit(static_cast<unsigned char>(digit)))
      return -1;
  return std::stoi(digits);
}

std::string overview(const CLI::App &app) {
  std::string text = "tegula help VERB   what a verb does and all its options; --man: as a manual page\n"
                     "tegula help CODE   what an error means and what to do: tegula help E0203\n"
                     "tegula help TOPIC  one of these:\n\n"
                     "  errors           all codes; --json prints their pages for scripts\n";
  for (const Topic &topic : topics)
    text += "  " + std::string(topic.name) + std::string(17 - std::string(topic.name).size(), ' ') +
            topic.title + "\n";
  text += "\nverbs:";
  for (const CLI::App *verb : app.get_subcommands({}))
    text += " " + verb->get_name();
  return text + "\n";
}

/// The text of a topic; empty where there is none of that name.
std::string textOf(const CLI::App &app, const Arguments &arguments) {
  const std::string &topic = arguments.topic;
  if (topic.empty())
    return arguments.man ? manualPage(app, nullptr, TEGULA_VERSION) : overview(app);
  if (topic == "errors")
    return arguments.json ? codesAsJson() : listOfCodes();
  for (const Topic &known : topics)
    if (topic == known.name)
      return known.text;
  for (const CLI::App *verb : app.get_subcommands({}))
    if (verb->get_name() == topic)
      return arguments.man ? manualPage(app, verb, TEGULA_VERSION)
                           : verb->help("tegula", CLI::AppFormatMode::All);
  for (const CodePage &page : codePages)
    if (int(page.code) == numberIn(topic))
      return pageOf(page);
  return "";
}

int help(const CLI::App &app, const Arguments &arguments) {
  bool hasManual = arguments.topic.empty() || verbOf(app, arguments.topic) != nullptr;
  if ((arguments.json && arguments.topic != "errors") || (arguments.man && !hasManual))
    return reportFailure("tegula help", {Code::OptionWithoutEffect,
                                         arguments.json ? "expected the topic 'errors' beside --json"
                                                        : "expected a verb or nothing beside --man"});
  std::string text = textOf(app, arguments);
  if (text.empty())
    return reportFailure("tegula help",
                         {Code::UnknownTopic, "expected a verb, a topic or an error code, got '" +
                                                  arguments.topic + "'; without any, all are listed"});
  std::fputs(text.c_str(), stdout);
  return 0;
}

} // namespace

std::vector<std::string> helpTopics() {
  std::vector<std::string> names = {"errors"};
  for (const Topic &topic : topics)
    names.push_back(topic.name);
  for (const CodePage &page : codePages)
    names.push_back(codeText(page.code));
  return names;
}

void addHelp(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("help", "Explain a verb, a topic or an error code (E0203)");
  verb->add_option("TOPIC", arguments->topic, "A verb, a code or a topic; nothing lists them");
  verb->add_flag("--json", arguments->json, "Print the pages of all codes as JSON (with errors)");
  verb->add_flag("--man", arguments->man, "Print the manual page of the verb, or of tegula, for man(1)");
  verb->callback(
      [&app, &action, arguments] { action = [&app, arguments] { return help(app, *arguments); }; });
}

} // namespace tegula::tools
