// Redraws the line from a thread of its own, so that a phase that says nothing still shows that it lasts.
#include "common/Progress.h"

#include "common/Report.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

namespace tegula::tools {

namespace {

std::mutex drawing; ///< of the terminal's last line
std::atomic<bool> isShown = false;

/// With `drawing` held.
void clear() {
  if (isShown.exchange(false))
    std::fputs("\r\x1b[K", stderr);
}

} // namespace

struct Progress::State {
  std::string text; ///< under `drawing`, like what follows
  bool isDone = false;
  std::condition_variable changed;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::thread thread;

  void run() {
    std::unique_lock lock(drawing);
    changed.wait_for(lock, std::chrono::seconds(1), [this] { return isDone; });
    while (!isDone) {
      auto seconds = std::chrono::steady_clock::now() - start;
      std::fprintf(stderr, "\r\x1b[K%s (%lld s)", text.c_str(),
                   static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(seconds).count()));
      std::fflush(stderr);
      isShown = true;
      changed.wait_for(lock, std::chrono::milliseconds(200), [this] { return isDone; });
    }
  }
};

Progress::Progress() {
  if (!isTerminal() || logOptions().quiet || logOptions().json)
    return;
  state = std::make_unique<State>();
  state->thread = std::thread([this] { state->run(); });
}

Progress::~Progress() {
  if (!state)
    return;
  {
    std::lock_guard lock(drawing);
    state->isDone = true;
    clear();
  }
  state->changed.notify_all();
  state->thread.join();
}

void Progress::show(const std::string &what, size_t done, size_t total) {
  if (!state)
    return;
  std::lock_guard lock(drawing);
  state->text = what + (total ? " " + std::to_string(done) + "/" + std::to_string(total) : std::string());
}

ProgressPause::ProgressPause() {
  drawing.lock();
  clear();
}

ProgressPause::~ProgressPause() { drawing.unlock(); }

bool isProgressShown() { return isShown; }

} // namespace tegula::tools
