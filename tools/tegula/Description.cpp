// Prints help and manual pages out of the declarations of options.
#include "Description.h"
#include "Verb.h"

#include <sstream>

namespace tegula::tools {

namespace {

class HelpFormatter : public CLI::Formatter {
public:
  HelpFormatter() { column_width(34); }

  std::string make_help(const CLI::App *app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub)
      return make_expanded(app);
    return make_description(app) + make_usage(app, name) + make_positionals(app) + groupsOf(app, mode) +
           make_subcommands(app, mode) + "\n" + make_footer(app);
  }

private:
  std::string groupsOf(const CLI::App *app, CLI::AppFormatMode mode) const {
    bool isVerb = app->get_parent() != nullptr, all = mode != CLI::AppFormatMode::Normal;
    std::string text;
    for (const std::string &group : app->get_groups()) {
      auto options = app->get_options(
          [&](const CLI::Option *option) { return option->get_group() == group && option->nonpositional(); });
      if (!group.empty() && !options.empty() && (all || group != furtherOptions))
        text += make_group(group, false, options);
    }
    if (isVerb && mode == CLI::AppFormatMode::All)
      text += "\n" + globals(*app->get_parent());
    if (isVerb && mode == CLI::AppFormatMode::Normal)
      text += "\nMore options: tegula " + app->get_name() +
              " --help-all; files of options, colours and "
              "limits: tegula help config\n";
    return text;
  }

  std::string globals(const CLI::App &app) const {
    auto options = app.get_options([&](const CLI::Option *option) {
      return option->nonpositional() && option->get_group() == globalOptions;
    });
    return make_group(globalOptions, false, options);
  }
};

/// Text as roff sees it.
std::string roff(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  bool isRequest = !result.empty() && (result[0] == '.' || result[0] == '\'');
  return (isRequest ? "\\&" : "") + result;
}

std::string namesOf(const CLI::Option &option) {
  std::string text;
  auto add = [&](const std::string &name) {
    text += (text.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  };
  for (const std::string &name : option.get_snames())
    add("-" + name);
  for (const std::string &name : option.get_lnames())
    add("--" + name);
  return text;
}

std::string manualOptions(const CLI::App &app, const char *title) {
  std::string text;
  for (const CLI::Option *option : optionsOf(app)) {
    bool isFlag = option->get_expected_min() == 0;
    text += ".TP\n" + namesOf(*option) + (isFlag ? "" : " \\fI" + roff(option->get_type_name()) + "\\fR") +
            "\n" + roff(option->get_description()) + "\n";
  }
  return text.empty() ? "" : std::string(".SH ") + title + "\n" + text;
}

} // namespace

std::shared_ptr<CLI::FormatterBase> makeFormatter() { return std::make_shared<HelpFormatter>(); }

std::vector<const CLI::Option *> optionsOf(const CLI::App &verb) {
  return verb.get_options([&](const CLI::Option *option) {
    return option->nonpositional() && option != verb.get_help_ptr() && option != verb.get_help_all_ptr() &&
           !option->get_group().empty();
  });
}

std::vector<std::string> choicesOf(const CLI::Option &option) {
  std::vector<std::string> words;
  std::istringstream names(option.get_type_name());
  for (std::string word; std::getline(names, word, '|');)
    words.push_back(word);
  if (words.size() < 2)
    words.clear();
  return words;
}

std::string manualPage(const CLI::App &app, const CLI::App *verb, const std::string &version) {
  std::string name = verb ? "tegula-" + verb->get_name() : "tegula", title = name;
  for (char &c : title)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string text =
      ".TH " + title + " 1 \"\" \"" + version + "\" \"tegula\"\n.SH NAME\n" + roff(name) + " \\- ";
  const CLI::App &shown = verb ? *verb : app;
  std::string description = shown.get_description();
  text += roff(description.substr(0, description.find('\n'))) + "\n.SH SYNOPSIS\n\\fBtegula";
  text += verb ? " " + roff(verb->get_name()) + "\\fR" : "\\fR \\fIVERB\\fR";
  for (const CLI::Option *option :
       shown.get_options([](const CLI::Option *o) { return o->get_positional(); }))
    text += " \\fI" + roff(option->get_name()) + "\\fR";
  text += " [\\fIoptions\\fR]\n";
  if (!verb) {
    text += ".SH VERBS\n";
    for (const CLI::App *one : app.get_subcommands({}))
      text += ".TP\n\\fB" + roff(one->get_name()) + "\\fR\n" + roff(one->get_description()) + "\n";
  }
  text += verb ? manualOptions(*verb, "OPTIONS") : "";
  text += manualOptions(app, verb ? "\"OPTIONS OF ALL VERBS\"" : "OPTIONS");
  text += ".SH \"EXIT STATUS\"\n0 ok, 1 usage or bad input, 2 unsupported model, 3 verification failed, 4 "
          "resource "
          "limit, 70 internal error.\nEach error names its code, which \\fBtegula help\\fR explains.\n"
          ".SH ENVIRONMENT\n.TP\n\\fBTEGULA_CUDA_DRIVER\\fR\nThe library of the CUDA driver.\n"
          ".TP\n\\fBNO_COLOR\\fR\nMessages have no colours.\n"
          ".TP\n\\fBTMPDIR\\fR\nWhere reproducers of internal errors are written.\n.SH \"SEE ALSO\"\n";
  for (const CLI::App *one : app.get_subcommands({}))
    if (one != verb)
      text += "\\fBtegula\\-" + roff(one->get_name()) + "\\fR(1), ";
  return text + "\\fBtegula\\fR(1)\n";
}

} // namespace tegula::tools
