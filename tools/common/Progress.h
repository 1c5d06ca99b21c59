// One line on a terminal that says what takes so long, because silence looks like a hang; nothing anywhere
// else.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace tegula::tools {

/// While it lives, what `show` says stands on the last line of standard error, if that is a terminal, from
/// the second second on. There is one at a time.
class Progress {
public:
  Progress();
  ~Progress();
  /// `total` of 0: no count.
  void show(const std::string &what, size_t done = 0, size_t total = 0);

private:
  struct State;
  std::unique_ptr<State> state;
};

/// While it lives, the line is gone, so that something else can be printed.
class ProgressPause {
public:
  ProgressPause();
  ~ProgressPause();
};

/// Whether the line stands there; safe to ask in a signal handler.
bool isProgressShown();

} // namespace tegula::tools
