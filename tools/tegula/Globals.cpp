// Options of all verbs, which take effect before a verb begins.
#include "Globals.h"
#include "Verb.h"

#include "common/Crash.h"
#include "common/Report.h"
#include "common/Usage.h"

namespace tegula::tools {

std::shared_ptr<GlobalOptions> addGlobals(CLI::App &app) {
  auto options = std::make_shared<GlobalOptions>();
  const char *group = globalOptions;
  app.add_option("--config", options->config, "Take options from a file of 'option = value' lines")
      ->type_name("FILE")
      ->group(group);
  CLI::Option *verbose =
      app.add_flag("-v", options->verbosity,
                   "Say what is done: phases and times, IR with internal errors; -vv: kernels too")
          ->group(group);
  app.add_flag("--quiet", options->quiet, "Print errors only, and what other options ask for")
      ->excludes(verbose)
      ->group(group);
  app.add_option("--log", options->log, "Messages as text (default), or as one JSON object a line")
      ->check(oneOf({"text", "json"}))
      ->type_name("text|json")
      ->group(group);
  app.add_option("--max-errors", options->maxErrors,
                 "Most errors, and warnings, that are printed as text (100); 0: all")
      ->check(within(0, 1'000'000'000))
      ->type_name("N")
      ->group(group);
  auto isSize = [](std::string &text) -> std::string {
    uint64_t bytes = 0;
    return parseBytes(text, bytes) ? "" : "expected a size such as 512M or 2G, got '" + text + "'";
  };
  app.add_option("--max-memory", options->maxMemory, "End with exit code 4 beyond so much memory: 512M, 2G")
      ->check(CLI::Validator(isSize, ""))
      ->type_name("SIZE")
      ->group(group);
  app.add_option("--max-time", options->maxTime, "End with exit code 4 after so many seconds")
      ->check(atLeast(0.001))
      ->type_name("SECONDS")
      ->group(group);
  app.add_flag("--no-reproducer", options->noReproducer, "Write no reproducer of an internal error")
      ->group(group);
  return options;
}

int applyGlobals(const GlobalOptions &options) {
  logOptions() = {options.log == "json", options.quiet, options.verbosity, options.maxErrors};
  uint64_t bytes = 0;
  if (parseBytes(options.maxMemory, bytes) && !limitMemory(bytes))
    return reportFailure("tegula", {Code::InvalidOptionValue, "--max-memory: the system refuses the limit"});
  if (options.maxTime > 0)
    limitTime(options.maxTime);
  return 0;
}

} // namespace tegula::tools
