// The verb completion: scripts that let bash and zsh complete verbs, options and their values, made from the
// declarations of the options.
#include "Description.h"
#include "Verb.h"

#include "common/Usage.h"
#include "tegula/support/CodePages.h"

#include <cstdio>

namespace tegula::tools {

namespace {

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> verbsOf(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::App *verb : app.get_subcommands({}))
    names.push_back(verb->get_name());
  return names;
}

/// "-o" and "--output" of an option.
std::vector<std::string> flagsOf(const CLI::Option &option) {
  std::vector<std::string> flags;
  for (const std::string &name : option.get_snames())
    flags.push_back("-" + name);
  for (const std::string &name : option.get_lnames())
    flags.push_back("--" + name);
  return flags;
}

bool isFlag(const CLI::Option &option) { return option.get_expected_min() == 0; }

/// What completes an option's value.
std::vector<std::string> valuesOf(const CLI::Option &option) {
  return option.get_type_name() == "TARGET" ? supportedTargets() : choicesOf(option);
}

bool takesFile(const CLI::Option &option) { return option.get_type_name().starts_with("FILE"); }

/// Lines of a case statement that complete the value behind an option: `verb/option) ...`.
std::string bashValues(const CLI::App &app, const std::string &verb) {
  std::string text;
  for (const CLI::Option *option : optionsOf(app)) {
    if (isFlag(*option))
      continue;
    std::string patterns;
    for (const std::string &flag : flagsOf(*option))
      patterns += (patterns.empty() ? "" : "|") + verb + "/" + flag;
    std::vector<std::string> words = valuesOf(*option);
    std::string source = !words.empty()                     ? "-W '" + joined(words) + "'"
                         : takesFile(*option)               ? "-f"
                         : option->get_type_name() == "DIR" ? "-d"
                                                            : "";
    text += "    " + patterns + ") " +
            (source.empty() ? "" : "COMPREPLY=($(compgen " + source + " -- \"$cur\")); ") + "return ;;\n";
  }
  return text;
}

/// A text within single quotes of zsh, inside of [] of _arguments.
std::string zshText(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '\''                                       ? "'\\''"
              : c == '[' || c == ']' || c == ':' || c == '\\' ? std::string("\\") + c
                                                              : std::string(1, c);
  return result;
}

std::string zshOptions(const CLI::App &app) {
  std::string text;
  for (const CLI::Option *option : optionsOf(app))
    for (const std::string &flag : flagsOf(*option)) {
      bool isLong = flag.starts_with("--");
      text += "      '*" + flag + (isFlag(*option) || !isLong ? "" : "=") + "[" +
              zshText(option->get_description()) + "]";
      std::vector<std::string> words = valuesOf(*option);
      if (!isFlag(*option))
        text += ":" + zshText(option->get_type_name()) + ":" +
                (!words.empty()       ? "(" + zshText(joined(words)) + ")"
                 : takesFile(*option) ? "_files"
                                      : " ");
      text += "' \\\n";
    }
  return text;
}

struct Arguments {
  std::string shell;
};

} // namespace

std::string bashCompletion(const CLI::App &app, const std::vector<std::string> &topics) {
  std::string verbs = joined(verbsOf(app)), values = bashValues(app, "*"), flags;
  for (const CLI::App *verb : app.get_subcommands({})) {
    values = bashValues(*verb, verb->get_name()) + values;
    std::vector<std::string> words = {"--help", "--help-all"};
    for (const CLI::App *part : {verb, &app})
      for (const CLI::Option *option : optionsOf(*part))
        for (const std::string &flag : flagsOf(*option))
          words.push_back(flag);
    flags += "      " + verb->get_name() + ") words='" + joined(words) + "' ;;\n";
  }
  return "# Completes tegula in bash; made by: tegula completion bash\n"
         "_tegula() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= words= word\n"
         "  COMPREPLY=()\n"
         "  # An equals sign is a word of its own.\n"
         "  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; "
         "fi\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \" " +
         verbs +
         " \" in *\" $word \"*) verb=$word; break ;; esac\n"
         "  done\n"
         "  case $verb/$prev in\n" +
         values +
         "  esac\n"
         "  if [[ $cur == -* ]]; then\n"
         "    case $verb in\n" +
         flags +
         "      *) words='--help --help-all --version --list-operators' ;;\n"
         "    esac\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  elif [[ $verb == help ]]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         verbs + " " + joined(topics) +
         "' -- \"$cur\"))\n"
         "  elif [[ $verb == completion ]]; then\n"
         "    COMPREPLY=($(compgen -W 'bash zsh' -- \"$cur\"))\n"
         "  elif [[ -z $verb ]]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         verbs +
         "' -- \"$cur\") $(compgen -f -- \"$cur\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _tegula tegula\n";
}

std::string zshCompletion(const CLI::App &app, const std::vector<std::string> &topics) {
  std::string text = "#compdef tegula\n# Completes tegula in zsh; made by: tegula completion zsh\n"
                     "_tegula() {\n  local -a verbs\n  verbs=(\n";
  for (const CLI::App *verb : app.get_subcommands({}))
    text += "    '" + verb->get_name() + ":" + zshText(verb->get_description()) + "'\n";
  text += "  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    _files\n    return\n  fi\n"
          "  local verb=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $verb in\n";
  for (const CLI::App *verb : app.get_subcommands({})) {
    std::string name = verb->get_name(), rest = "'*:file:_files'";
    if (name == "help")
      rest = "'1:topic:(" + joined(verbsOf(app)) + " " + joined(topics) + ")'";
    if (name == "completion")
      rest = "'1:shell:(bash zsh)'";
    text += "    " + name + ")\n      _arguments \\\n" + zshOptions(*verb) + zshOptions(app) + "      " +
            rest + "\n      ;;\n";
  }
  return text + "  esac\n}\n_tegula \"$@\"\n";
}

void addCompletion(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("completion", "Print a script that completes the command line");
  verb->add_option("SHELL", arguments->shell, "bash or zsh")->required()->check(oneOf({"bash", "zsh"}));
  verb->callback([&app, &action, arguments] {
    action = [&app, arguments] {
      std::vector<std::string> topics = helpTopics();
      std::string text =
          arguments->shell == "bash" ? bashCompletion(app, topics) : zshCompletion(app, topics);
      std::fputs(text.c_str(), stdout);
      return 0;
    };
  });
}

} // namespace tegula::tools
